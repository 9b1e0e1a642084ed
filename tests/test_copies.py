"""Copies, pickles and saved files of models train on to the same bits, and leave the original alone."""

import copy
import pickle

import numpy as np
import pytest

from npgan import (
    GAN,
    IWAE,
    SGD,
    VAE,
    VAEGAN,
    Adam,
    AdamW,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    Classifier,
    ConditionalGAN,
    ConditionalVAE,
    Momentum,
    MultiGAN,
    RMSProp,
    Translator,
    backend,
    optim,
)
from npgan.data import Dataset
from npgan.layers import build
from npgan.models.config import MODELS
from npgan.penalties import geometric
from npgan.training import History, Loop, Progress

D, K, C, N = 4, 2, 3, 24  # widths of data and codes, classes, rows
SMALL = np.random.default_rng(0).uniform(0.1, 0.9, (N, D)).astype(np.float32)
DATA = Dataset("small", SMALL, train_labels=np.arange(N) % C)


def net(k, m, last="identity", hidden=("leaky_relu 0.1",), seed=0):
    """Return a small network from k numbers to m."""
    return build([f"dense {k} 8", *hidden, f"dense 8 {m}", last], rng=seed)


def players(k, m, seen):
    """Return a generator from k to m numbers, with buffers, and a discriminator of ``seen`` of them."""
    noisy = ["leaky_relu", "dropout 0.2", ["dense 8 8", "tanh"]]
    return net(k, m, "tanh", ("batch_norm 8", "relu")), net(seen, 1, hidden=noisy, seed=1)


def coders(k=D, codes=K, taken=K, seed=0):
    """Return an encoder and a decoder."""
    return net(k, codes, hidden=("relu",), seed=seed), net(taken, D, "sigmoid", seed=seed + 1)


FALLS = {"r1": geometric(1.0, 0.1, 9), "r2": 0.5}
RATE = optim.cosine(1e-2, 20)


def two(rule):
    """Return an optimiser for each of two players."""
    return {name: rule() for name in ("generator", "discriminator")}


def gan(**settings):
    """Return a GAN with all that has a state of its own."""
    settings = {"ema": 0.9, "n_critic": 2, "penalties": FALLS, "instance_noise": 0.1, **settings}
    return GAN(*players(3, D, D), optimizers=two(lambda: Adam(RATE)), **settings)


def several():
    """Return a GAN of two generators and two discriminators."""
    names = ["generator", "generator2", "discriminator", "discriminator2"]
    made = [net(3, D, "tanh", seed=i) for i in (0, 1)] + [net(D, 1, seed=i) for i in (2, 3)]
    return MultiGAN(dict(zip(names, made, strict=True)), against="hardest", ema=0.9)


MAKERS = {
    "gan": gan,
    "conditional-gan": lambda: ConditionalGAN(*players(3 + C, D, D + C), classes=C, ema=0.9),
    "multi-gan": several,
    "autoencoder": lambda: Autoencoder(*coders(), loss="bce", sparsity={"l1": 0.1}, tied=True),
    "vae": lambda: VAE(*coders(codes=2 * K), warm_up=5, binarize=True),
    "iwae": lambda: IWAE(*coders(codes=2 * K), samples=3),
    "conditional-vae": lambda: ConditionalVAE(*coders(D + C, 2 * K, K + C), classes=C),
    "vae-gan": lambda: VAEGAN(*coders(codes=2 * K), net(D, 1), hidden_layers=1),
    "adversarial-autoencoder": lambda: AdversarialAutoencoder(*coders(), net(K, 1)),
    "bigan": lambda: BiGAN(*coders(), net(D + K, 1), penalties={"r1": 0.1}),
    "translator": lambda: Translator(net(3, 1, "tanh"), net(D, 1), l1_weight=3.0),
    "classifier": lambda: Classifier(net(D, C), adversarial=0.1, attack_steps=2),
}
RULES = {
    "sgd": lambda: SGD(RATE, clip_norm=1.0),
    "momentum": lambda: Momentum(1e-2, clip_value=0.1),
    "rmsprop": lambda: RMSProp(optim.linear(1e-2, 20), clip_weights=0.5),
    "adamw": lambda: AdamW(optim.constant(1e-2), weight_decay=0.1),
}
MAKERS |= {f"gan by {name}": lambda rule=rule: GAN(*players(3, D, D), optimizers=two(rule))
           for name, rule in RULES.items()}  # fmt: skip


def train(model, steps=3, seed=1):
    """Train some steps."""
    model.fit(DATA, steps=steps, batch_size=8, callbacks=[], rng=seed)
    return model


def bits(model):
    """Return a model's state, as bytes that do not change with it."""
    arrays, numbers = model.state()
    return {name: array.tobytes() for name, array in arrays.items()}, numbers


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
}


def test_every_kind_of_model_and_rule_is_copied_here():
    assert MODELS.keys() <= MAKERS.keys()
    assert optim.OPTIMIZERS.keys() <= {*RULES, "adam"}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("name", MAKERS)
def test_a_copy_trains_on_to_the_same_bits_and_leaves_the_original_alone(name, choice, how):
    backend.use(choice)
    model = train(MAKERS[name]())
    before = bits(model)
    twin = COPIES[how](model)
    assert bits(twin) == before
    after = bits(train(twin))
    assert bits(model) == before != after
    assert bits(train(model)) == after
    assert bits(twin) == after


@pytest.mark.parametrize("name", ["gan", "multi-gan", "conditional-gan", "autoencoder"])
def test_a_copy_of_another_type_can_be_trained(name):
    model = train(MAKERS[name]())
    twin = model.astype(np.float64)
    for mine, theirs in zip(twin.state()[0].values(), model.state()[0].values(), strict=True):
        assert mine.dtype == np.float64
        np.testing.assert_array_equal(mine, theirs)
    before = bits(twin)
    assert bits(train(twin)) != before


@pytest.mark.parametrize("how", COPIES)
def test_schedules_and_histories_are_copied_whole(how):
    schedule = optim.cosine(0.1, 9, final=0.01)
    assert COPIES[how](schedule) == schedule == optim.cosine(0.1, 9, final=0.01)
    assert COPIES[how](schedule)(4) == schedule(4)
    history = History()
    history.append({"step": 1})
    assert COPIES[how](history).rows == [{"step": 1}]
    np.testing.assert_array_equal(COPIES[how](DATA).train, DATA.train)


@pytest.mark.parametrize("how", ["deepcopy", "pickle"])
@pytest.mark.parametrize("choice", backend.BACKENDS)
def test_a_loop_is_copied_in_the_midst_of_its_run(choice, how, capsys):
    """Its recorded steps, which speak of the model's memory, are recorded anew."""
    backend.use(choice)
    loop = Loop(gan(penalties={}), DATA.train, batch_size=8, rng=0, callbacks=[Progress()])
    loop.run(steps=5)
    twin = COPIES[how](loop)
    ends = []
    for each in (twin, loop):
        each.run(steps=12)
        ends.append((bits(each.model), each.history["d_loss"], each.noise.random()))
    assert ends[0] == ends[1]
