"""Copies, pickles and saved files of models train on to the same bits, and leave the original alone."""

import copy
import pickle
import tempfile

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
    Dense,
    InputError,
    LeakyReLU,
    Momentum,
    MultiGAN,
    Residual,
    RMSProp,
    Sequential,
    TableGAN,
    TableVAE,
    Tanh,
    Translator,
    backend,
    load,
    optim,
)
from npgan.data import Dataset
from npgan.layers import build
from npgan.models.config import MODELS
from npgan.objectives.losses import OBJECTIVES
from npgan.objectives.penalties import geometric
from npgan.training import History, Loop, Progress, checkpoint

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
    "table-gan": lambda: TableGAN(*players(3 + 1, D, D + 1), widths=[1] * D, ema=0.9),
    "table-vae": lambda: TableVAE(net(D, 2 * K), net(K, 2 * D), widths=[1] * D),
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


def saved(model):
    """Return what a file keeps of a model."""
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.safetensors")
        return load(f"{folder}/model.safetensors")


@pytest.mark.parametrize("how", [*COPIES, "save"])
@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("name", MAKERS)
def test_a_copy_trains_on_to_the_same_bits_and_leaves_the_original_alone(name, choice, how):
    backend.use(choice)
    model = train(MAKERS[name]())
    before = bits(model)
    twin = (COPIES | {"save": saved})[how](model)
    assert bits(twin) == before
    after = bits(train(twin))
    assert bits(model) == before != after
    assert bits(train(model)) == after
    assert bits(twin) == after


PLAIN = {
    f"GAN, {name}": lambda name=name: GAN(*players(3, D, D), objective=name) for name in OBJECTIVES
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("name", MAKERS | PLAIN)
def test_a_copy_is_saved_as_the_original_is(name, how):
    """Rows of tables are known again in a copy, too: which objective, which loss it has."""
    model = (MAKERS | PLAIN)[name]()
    assert bits(saved(COPIES[how](model))) == bits(saved(model)) == bits(model)


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
@pytest.mark.parametrize("name", RULES)
def test_an_optimisers_copy_has_moments_of_its_own(name, how):
    w, rule = np.ones(3), RULES[name]()
    rule.step(w, w.copy())
    twin, other = COPIES[how](rule), w.copy()
    for _ in range(2):
        twin.step(other, other.copy())
    for _ in range(2):
        rule.step(w, w.copy())
    np.testing.assert_array_equal(other, w)
    assert rule.t == twin.t == 3


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


# --- files ---------------------------------------------------------------------------------------


class Own(Tanh):
    """A layer of one's own."""


class OwnRule(SGD):
    """A rule of one's own."""


class OwnGAN(GAN):
    """A model of one's own."""


def changed(**attributes):
    """Return a GAN that was changed after it was made."""
    model = gan()
    vars(model).update(attributes)
    return model


def falling(step):
    """Return a rate."""
    return 0.1 / (1 + step)


UNSAID = {
    "a layer": (lambda: Autoencoder(Sequential(Dense(D, K), Own()), Sequential(Dense(K, D))),
                r"Own\(\) is a layer of one's own"),
    "a rule": (lambda: GAN(*players(3, D, D), optimizers=two(lambda: OwnRule(0.1))),
               "the generator's OwnRule is no rule of npgan's own"),
    "a model": (lambda: OwnGAN(*players(3, D, D)), "a OwnGAN is no model of npgan's own"),
    "a rate": (lambda: GAN(*players(3, D, D), optimizers=two(lambda: SGD(falling))),
               "lr of the generator's SGD has no name and is no number, <function falling"),
    "a penalty": (lambda: gan(penalties={"r1": falling}), "r1, penalties of the GAN, has no name"),
    "an objective": (lambda: changed(objective=None), "not as its settings would make it"),
    "no average": (lambda: changed(average=None), r"'average\.\S+' is missing"),
    "numbers": (lambda: gan().astype(np.complex128), "all float32 or all float64"),
    "mixed numbers": (lambda: GAN(net(3, D), net(D, 1).astype(np.float64)),
                      "all float32 or all float64"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNSAID)
def test_what_no_file_can_say_is_refused_when_it_is_saved(what, tmp_path):
    make, message = UNSAID[what]
    with pytest.raises(InputError, match=message):
        make().save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_networks_in_networks_and_other_types_are_saved(tmp_path):
    inner = Sequential(Dense(8, 8), Residual(Sequential(LeakyReLU(np.float32(0.3)), Dense(8, 8))))
    model = GAN(Sequential(Dense(3, 8), inner, Dense(8, D), rng=0), net(D, 1)).astype(np.float64)
    twin = saved(model)
    assert bits(twin) == bits(model)
    assert bits(train(twin)) == bits(train(model))
    twin.spread = 0.5
    assert saved(twin).spread == 0.5


DEEP = "dense 3 3"
for _ in range(900):
    DEEP = [DEEP]
DAMAGED = {
    "not a table": ({"networks": 5}, "networks must be a table"),
    "an unknown model": ({"model": "os.system"}, "unknown model 'os.system'"),
    "a network too few": ({"networks.discriminator": None}, "needs networks and optimizers"),
    "an unknown layer": ({"networks.generator": ["exec 1"]}, "unknown layer 'exec'"),
    "a huge network": ({"networks.generator": ["dense 3 9999", "dense 9999 4"]}, "not hold the w"),
    "a deep network": ({"networks.generator": DEEP}, "nested more than 20 deep"),
    "another network": ({"networks.generator": ["dense 3 4"]}, "is not of this model"),
    "an unknown setting": ({"settings.command": "ls"}, "the settings do not fit the model gan"),
    "networks as a setting": ({"settings.networks": {"generator": 5}}, "."),
    "a wrong setting": ({"settings.ema": 2.0}, r"ema must be a number in \[0, 1\)"),
    "a rule without a rate": ({"optimizers.generator.lr": None}, "a table with name and lr"),
    "an unknown rule": ({"optimizers.generator.name": "adma"}, "unknown optimiser 'adma'"),
    "a wrong rate": ({"optimizers.generator.lr": "fast"}, "lr must be a positive number"),
    "an unknown shape": ({"optimizers.generator.lr.shape": "x"}, "unknown shape of a schedule"),
    "no steps": ({"optimizers.generator.lr.steps": 0}, "a schedule's steps must be"),
    "half a schedule": ({"settings.penalties.r1": {"shape": "linear"}}, "a schedule is a table of"),
    "an unknown type": ({"dtype": "object"}, "unknown type 'object'"),
    "no state": ({"state": None}, "damaged"),
    "an impossible step": ({"state.step": -1}, "step must be a whole number"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_file_that_says_what_cannot_be_is_refused(what, tmp_path):
    path = tmp_path / "m.safetensors"
    gan(penalties={"r1": geometric(1.0, 0.1, 9)}).save(path)
    arrays, described = checkpoint.load(path)
    changes, message = DAMAGED[what]
    for place, value in changes.items():
        *outer, last = place.split(".")
        table = described
        for name in outer:
            table = table[name]
        table[last] = value
        if value is None and outer:
            del table[last]
    checkpoint.save(path, arrays, described)
    with pytest.raises(InputError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_other_files_are_no_models(tmp_path):
    checkpoint.save(tmp_path / "c", *gan().state())
    with pytest.raises(InputError, match=r"c is no file of Model\.save"):
        load(tmp_path / "c")
    with pytest.raises(InputError, match="there is no such file"):
        load(tmp_path)
