"""A recorded step does, bit for bit, what its operations do one by one; or it is not recorded."""

import copy
import gc
import re
from functools import partial

import numpy as np
import pytest
from test_players import bits

from npgan import (
    GAN,
    IWAE,
    VAE,
    Autoencoder,
    ConditionalGAN,
    Dense,
    Dropout,
    LeakyReLU,
    MultiGAN,
    ReLU,
    Sequential,
    Tanh,
    backend,
    optim,
)
from npgan.data.batches import Batches
from npgan.errors import InputError, NonFiniteError
from npgan.layers import LAYERS, Layer, build, example
from npgan.models.config import MODELS
from npgan.models.presets import PRESETS, preset
from npgan.objectives.losses import OBJECTIVES, RECONSTRUCTIONS
from npgan.objectives.penalties import geometric
from npgan.training import Loop, Progress
from npgan.training.steps import Steps

pytest.importorskip("npgan.kernels")
from npgan.kernels import jit

compiled = pytest.mark.skipif(jit.interpreted, reason="takes long in Python")
WIDTH, HIDDEN, BATCH = 30, 64, 64  # products that are worth a second thread


def rows(width=WIDTH, dtype=np.float32, n=3 * BATCH + 5):
    """Return data: floats in (0, 1), or bytes."""
    data = np.random.default_rng(2).uniform(0.05, 0.95, (n, width))
    return (data * 255).astype(np.uint8) if dtype == np.uint8 else data.astype(dtype)


def generator(features=WIDTH):
    """Return a small generator's layers."""
    return [f"dense 20 {HIDDEN}", "elu", f"dense {HIDDEN} {features}", "sigmoid"]


def critic(features=WIDTH):
    """Return a small discriminator's layers."""
    return [f"dense {features} {HIDDEN}", "leaky_relu 0.1", f"dense {HIDDEN} 1"]


def gan(*, dtype=np.float32, dropout=0.0, rule=lambda: optim.Adam(1e-3), packing=1, **settings):
    """Return a small GAN."""
    noise = [f"dropout {dropout}"] if dropout else []
    dense, activation, last = critic(packing * WIDTH)
    layers = generator(), [*noise, dense, activation, *noise, last]
    networks = (build(specs, rng=i).astype(dtype) for i, specs in enumerate(layers))
    rules = {name: rule() for name in ("generator", "discriminator")}
    return GAN(*networks, optimizers=rules, packing=packing, **settings)


def autoencoder(loss="mse", dtype=np.float32, width=WIDTH, last="softplus", first=(), **settings):
    """Return a small autoencoder; its encoder may have layers of the same width first."""
    encoder = build([*first, f"dense {width} 9", last], rng=0).astype(dtype)
    decoder = build([f"dense 9 {width}", "sigmoid"], rng=1).astype(dtype)
    return Autoencoder(encoder, decoder, loss=loss, **settings)


def nested():
    """Return a GAN with networks in its networks."""
    inner = Sequential(Dense(HIDDEN, HIDDEN), Tanh(), Dropout(0.1))
    return GAN(
        Sequential(Dense(4, HIDDEN), Tanh(), inner, Dense(HIDDEN, WIDTH), rng=0),
        Sequential(Dense(WIDTH, HIDDEN), ReLU(), inner, Dense(HIDDEN, 1), rng=1),
    )


def steps_of(model, data, batch_size=BATCH):
    """Return a model's steps, and a function that makes them without a program."""
    streams = [np.random.default_rng(seed) for seed in (3, 4)]
    batches = Batches(data, batch_size, streams[0], model.value_range)

    def single():
        reported = model.train_step(batches.next(), streams[1])
        return {name: float(value) for name, value in reported.items()}

    return Steps(model, batches, streams[1]), single, streams


def all_recorded(step):
    """Return whether every kind of step that was made is a program."""
    made = [program for pattern, program in step._programs.items() if pattern is not None]
    return bool(made) and None not in made


def check(make, data, *, batch_size=BATCH, count=10, recorded=True, close=0):
    """Compare recorded steps with single ones: what they report, weights, moments, randomness."""
    backend.use("numba")
    mine, theirs = make(), make()
    step, _, streams = steps_of(mine, data, batch_size)
    _, single, others = steps_of(theirs, data, batch_size)
    for _ in range(count):
        assert step() == pytest.approx(single(), rel=close, abs=0)
    if close:
        for name, array in theirs.state()[0].items():
            np.testing.assert_allclose(mine.state()[0][name], array, rtol=0, atol=close)
    else:
        assert bits(mine) == bits(theirs)
    assert [rng.random() for rng in streams] == [rng.random() for rng in others]
    assert all_recorded(step) == recorded


PLAIN = [
    name
    for name, config in PRESETS.items()
    if MODELS[config.model].recorded and "penalties" not in config.settings
]
SINGLY = ("classifier-robust",)  # not recorded


@compiled
@pytest.mark.parametrize("name", PLAIN)
def test_presets_are_recorded_or_done_one_by_one(name, threads):
    def make():
        return preset(name).build(1000)

    model = make()
    data = rows(model.features, np.uint8)
    labels = np.arange(len(data)) % model.labels.classes if model.labels else None
    check(make, model.rows(data, labels), recorded=name not in SINGLY)


PENALIZED = {
    "r1 and r2": {"penalties": {"r1": 2.0, "r2": 0.5}},
    "r1": {"penalties": {"r1": 1.0}, "objective": "relativistic"},
    "r2": {"penalties": {"r2": 1.0}, "instance_noise": 0.1},
    "decaying": {"penalties": {"r1": geometric(2.0, 0.02, 8), "r2": 0.5}},
}


@compiled
@pytest.mark.parametrize("name", PENALIZED)
def test_penalized_steps_are_recorded(name, threads):
    """One product a stage is another sum than two: equal but for rounding, here of float64."""

    def make():
        generator = Sequential(Dense(4, HIDDEN), Tanh(), Dense(HIDDEN, WIDTH), rng=0)
        layers = Dense(WIDTH, HIDDEN), LeakyReLU(), Dense(HIDDEN, 9), ReLU(), Dense(9, 1)
        discriminator = Sequential(*layers, rng=1)
        networks = (net.astype(np.float64) for net in (generator, discriminator))
        rules = {name: optim.SGD(0.1) for name in ("generator", "discriminator")}
        return GAN(*networks, optimizers=rules, **PENALIZED[name])

    check(make, rows(dtype=np.float64), close=1e-9)


def conditional(packing=1, dtype=np.float32, **settings):
    """Return a small conditional GAN of three classes."""
    layers = generator(WIDTH - 3), critic(packing * WIDTH)
    networks = (build(specs, rng=i).astype(dtype) for i, specs in enumerate(layers))
    return ConditionalGAN(*networks, classes=3, packing=packing, **settings)


def several(generators=3, discriminators=2, **settings):
    """Return a small GAN of several players."""
    kinds = (("generator", generator(), generators), ("discriminator", critic(), discriminators))
    layers = {f"{role}{i or ''}": specs for role, specs, n in kinds for i in (0, *range(2, n + 1))}
    players = {name: build(specs, rng=[i]) for i, (name, specs) in enumerate(layers.items())}
    return MultiGAN(players, **settings)


def with_layers(*more):
    """Return a small GAN whose discriminator has further layers before the last one."""
    dense, activation, last = critic()
    networks = generator(), [dense, activation, *more, last]
    return GAN(*(build(specs, rng=i) for i, specs in enumerate(networks)))


def with_example(name):
    """Return a small GAN whose discriminator has a layer of a kind."""
    layer = example(name)
    critic = build([f"dense {WIDTH} 4", layer.spec()], rng=1)
    critic = Sequential(critic, Dense(critic.out_width, 1), rng=2)
    return GAN(build(generator(), rng=0), critic)


def vae(model=VAE, **settings):
    """Return a small variational autoencoder."""
    last = [] if settings.get("likelihood") == "gaussian" else ["sigmoid"]
    layers = [f"dense {WIDTH} 8"], ["dense 4 9", "tanh", f"dense 9 {WIDTH}", *last]
    return model(*(build(specs, rng=i) for i, specs in enumerate(layers)), **settings)


@compiled
@pytest.mark.parametrize("packing", [1, 2])
def test_penalties_of_the_data_alone_are_recorded(packing, threads):
    penalties = {"r1": geometric(2.0, 0.02, 8), "r2": 0.5}
    made = partial(conditional, packing, np.float64, penalties=penalties)
    check(made, rows(dtype=np.float64), close=1e-9)


IN_FLOAT64 = ("relativistic-average",)  # its report
CASES = {
    **{f"optimiser {name}": lambda rule=rule: gan(rule=lambda: rule(1e-2))
       for name, rule in optim.OPTIMIZERS.items()},
    **{f"schedule {name}": lambda f=f: gan(rule=lambda: optim.Adam(f(1e-2, 7)))
       for name, f in optim.SCHEDULES.items()},
    **{f"objective {name}": lambda name=name: gan(objective=name) for name in OBJECTIVES
       if name not in IN_FLOAT64},
    **{f"loss {name}": lambda name=name: autoencoder(name) for name in RECONSTRUCTIONS},
    **{f"layer {name}": lambda name=name: with_example(name) for name in LAYERS},
    "clip_norm": lambda: gan(rule=lambda: optim.Adam(1e-2, clip_norm=0.01)),
    "clip_value": lambda: gan(rule=lambda: optim.Adam(1e-2, clip_value=0.01)),
    "clip_weights": lambda: gan(rule=lambda: optim.Adam(1e-2, clip_weights=0.01)),
    "a sparse code": lambda: autoencoder(sparsity={"l1": 0.1}),
    "a sparse code by its logits": lambda: autoencoder(last="sigmoid", sparsity={"kl": 0.1}),
    "a contractive code of two layers": lambda: autoencoder(
        first=[f"dense {WIDTH} {WIDTH}", "tanh"], contraction=0.1
    ),
    "tied weights": lambda: autoencoder(tied=True),
    "a VAE": lambda: vae(warm_up=5, binarize=True),
    "a VAE of real numbers": lambda: vae(likelihood="gaussian", beta=2.0),
    "an IWAE": lambda: vae(IWAE, samples=3, binarize=True),
    "n_critic": lambda: gan(n_critic=2, ema=0.9),
    "n_critic, odd": lambda: gan(n_critic=3, ema=0.9),
    "ema": lambda: gan(ema=0.9),
    "dropout": lambda: gan(dropout=0.3),
    "label smoothing": lambda: gan(label_smoothing=0.1),
    "networks in networks": nested,
    "activations with derivatives from x": lambda: with_layers("silu", "gelu", "mish"),
    "activations that follow no dense layer": lambda: with_layers("relu", "leaky_relu 0.3"),
    "packing": lambda: gan(packing=4, ema=0.9),
    "packing, relativistic": lambda: gan(packing=2, objective="relativistic"),
    "several players": lambda: several(ema=0.9, n_critic=2),
    "several players, relativistic": lambda: several(objective="relativistic"),
    "one of several": lambda: several(1, 1),
    "conditional": lambda: conditional(ema=0.9),
    "conditional, noisy, packed": lambda: conditional(
        packing=2, instance_noise=0.1, objective="relativistic"
    ),
}  # fmt: skip


@compiled
@pytest.mark.parametrize("name", CASES)
def test_settings_are_recorded(name, threads):
    check(CASES[name], rows())


@compiled
@pytest.mark.parametrize("name", ["ema", "loss mse", "several players", "conditional"])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_small_batches_are_recorded(name, batch_size, threads):
    check(CASES[name], rows(), batch_size=batch_size)


TYPES = {
    "bytes": (np.uint8, lambda: gan(dropout=0.3, ema=0.9)),
    "float64": (
        np.float64,
        lambda: gan(dtype=np.float64, dropout=0.3, ema=0.9, label_smoothing=0.1),
    ),
    "float64, wide": (np.float64, lambda: autoencoder("l1", np.float64, width=400)),
}


@compiled
@pytest.mark.parametrize("name", TYPES)
def test_other_types_are_recorded(name, threads):
    dtype, make = TYPES[name]
    check(make, rows(make().features, dtype))


class InNumPy(Layer):
    """A layer of one's own that looks at its numbers."""

    def forward(self, x, rng=None):
        return np.clip(x, 0, None), x > 0

    def backward(self, dy, cache, grads=None, input_grad=True):
        return dy * cache


class Fading(InNumPy):
    """A layer of one's own that a program could hold, but it is another one at each step."""

    factor = 1.0

    def forward(self, x, rng=None):
        self.factor /= 2
        return self.factor * x, self.factor

    def backward(self, dy, cache, grads=None, input_grad=True):
        return cache * dy


class Decaying(optim.Adam):
    """An optimiser of one's own that does more than its operation."""

    def update(self, w, g, t, lr):
        g += np.float32(0.1) * w
        super().update(w, g, t, lr)


class OwnGAN(GAN):
    """A model of one's own."""


def with_layer(layer):
    """Return an autoencoder with a layer in it."""
    return Autoencoder(
        Sequential(Dense(WIDTH, 9), layer, rng=0), Sequential(Dense(9, WIDTH), rng=1)
    )


def own_gan():
    """Return a model of one's own class."""
    model = gan()
    return OwnGAN(model.generator, model.discriminator)


SINGLE = {
    "a layer in NumPy": lambda: with_layer(InNumPy()),
    "a layer that changes": lambda: with_layer(Fading()),
    "an optimiser of one's own": lambda: gan(rule=lambda: Decaying(1e-2)),
    "a model of one's own": own_gan,
    "mixed types": lambda: gan(dtype=np.float64),
    "an objective with a report in float64": lambda: gan(objective=IN_FLOAT64[0]),
    "unrolled steps": lambda: gan(unrolled_steps=2),
    "the hardest of several": lambda: several(against="hardest"),
}


@compiled
@pytest.mark.parametrize("name", SINGLE)
def test_what_cannot_be_recorded_is_done_one_by_one(name):
    check(SINGLE[name], rows(), recorded=False)


REASONS = {
    "a layer in NumPy": "a program has no layer .*InNumPy.*, of the encoder",
    "an optimiser of one's own": "a program has no optimiser Decaying, of the generator",
    "a model of one's own": "a program has no step of a OwnGAN",
    "unrolled steps": "a program has no row for two updates",
}


@compiled
@pytest.mark.parametrize("name", REASONS)
def test_why_steps_are_not_recorded_is_said_once(name, capsys):
    backend.use("numba")
    SINGLE[name]().fit(rows(), steps=3, batch_size=BATCH, callbacks=[Progress()], rng=0)
    said = re.findall("steps are not recorded, and slower: (.*)", capsys.readouterr().err)
    assert len(said) == 1
    assert re.search(REASONS[name], said[0])


@compiled
def test_nothing_is_said_of_steps_that_are_recorded(capsys):
    backend.use("numba")
    gan().fit(rows(), steps=2, batch_size=BATCH, callbacks=[Progress()], rng=0)
    assert "not recorded" not in capsys.readouterr().err


@compiled
@pytest.mark.parametrize("kind", ["not aligned", "with gaps"])
def test_data_that_a_program_cannot_read_is_read_one_by_one(kind):
    data = rows(n=100)
    if kind == "not aligned":
        memory = np.zeros(data.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(data.shape)
        memory[...] = data
        data = memory
    else:
        data = np.repeat(data, 2, axis=1)[:, ::2]
    check(autoencoder, data, recorded=False)


@compiled
@pytest.mark.parametrize(("threads", "now"), [(1, 2), (2, 1)], indirect=["threads"])
def test_the_number_of_threads_may_change_after_the_recording(threads, now):
    backend.use("numba")
    mine, theirs = gan(), gan()
    step, _, _ = steps_of(mine, rows())
    _, single, _ = steps_of(theirs, rows())
    for i in range(10):
        step(), single()
        if i == 0:
            jit.set_threads(now)
    assert bits(mine) == bits(theirs)


def spoilt(network):
    """Return a GAN with a weight that is not a number."""
    model = gan(ema=0.9)
    model.networks[network].parameters.flat[7] = np.nan
    return model


def uneven():
    """Return a GAN whose discriminator's first update spoils the generator's."""
    model = gan(ema=0.9)
    rules = {"generator": optim.SGD(0.1), "discriminator": optim.SGD(1e38)}
    return GAN(model.generator, model.discriminator, optimizers=rules)


def wild():
    """Return an autoencoder that learns much too fast."""
    model = Autoencoder(*(Sequential(Dense(*w), rng=0) for w in ((WIDTH, 9), (9, WIDTH))))
    rules = {name: optim.Momentum(1e30) for name in ("encoder", "decoder")}
    return Autoencoder(model.encoder, model.decoder, optimizers=rules)


def vast():
    """Return an autoencoder whose gradients are finite, and their squares are not."""
    networks = (Sequential(Dense(*w), rng=0) for w in ((WIDTH, 9), (9, WIDTH)))
    model = Autoencoder(*networks, loss="l1")
    model.encoder.parameters["0.weight"][...] *= 1e23
    model.decoder.parameters["0.weight"][...] *= 1e-20
    return model


def steep():
    """Return a contractive autoencoder whose loss, of double precision, is infinite, but not its gradients."""
    model = autoencoder(contraction=1e-30)
    model.encoder.parameters["0.weight"][...] *= 1e21
    return model


BAD = {
    "a square": vast,
    "a loss in double precision": steep,
    "a generator's weight": lambda: spoilt("generator"),
    "a discriminator's weight": lambda: spoilt("discriminator"),
    "the other one's learning rate": uneven,
    "a learning rate": wild,
}


@compiled
@pytest.mark.parametrize("name", BAD)
def test_a_number_that_is_not_finite_is_refused_as_by_single_steps(name, threads):
    backend.use("numba")
    ends = []
    for place in (0, 1):
        model = BAD[name]()
        step = steps_of(model, rows())[place]
        caught = None
        while caught is None and model.step < 20:
            before = bits(model)[0]
            try:
                with np.errstate(all="ignore"):
                    step()
            except NonFiniteError as error:
                caught = str(error)
        assert caught is not None
        if name != "the other one's learning rate":  # whose own update was applied
            assert bits(model)[0] == before
        assert not any(grads.flat.any() for grads in model.grads.values())
        ends.append((caught, bits(model)))
    assert ends[0] == ends[1]


@compiled
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_in_a_schedule_ends_a_step_that_can_be_made_again(error, threads):
    backend.use("numba")
    raised = []

    def rate(t):
        if t == 2 and not raised:
            raised.append(t)
            raise error
        return 0.01

    model = gan(rule=lambda: optim.SGD(rate))
    step, _, _ = steps_of(model, rows())
    step(), step()
    before = bits(model)
    with pytest.raises(error):
        step()
    assert bits(model) == before
    step()
    assert model.step == 3


RESUMED = {
    "a GAN": lambda: gan(ema=0.9, n_critic=2),
    "decaying penalties": lambda: gan(packing=2, penalties={"r1": geometric(2.0, 0.1, 12)}),
    "several players": lambda: several(ema=0.9, objective="relativistic"),
}


@compiled
@pytest.mark.parametrize("name", RESUMED)
def test_a_resumed_run_is_an_uninterrupted_one(name, threads):
    backend.use("numba")
    data, ends = rows(), []
    for stop in (None, 5):
        loop = Loop(RESUMED[name](), data, batch_size=BATCH, rng=0)
        if stop:
            loop.run(steps=stop)
            arrays, numbers = loop.state()
            arrays = {name: array.copy() for name, array in arrays.items()}
            loop = Loop(RESUMED[name](), data, batch_size=BATCH, rng=0)
            loop.load_state(arrays, numbers)
        loop.run(steps=12)
        assert all_recorded(loop._next_step)
        ends.append((bits(loop.model), loop.history.rows[-1]["d_loss"]))
    assert ends[0] == ends[1]


def other_weights(model, batches):
    network = model.networks["generator"]
    twin = copy.deepcopy(network)
    network.bind(twin.parameters, twin.buffers)


def other_rule(model, batches):
    rule = model.optimizers["discriminator"] = optim.Adam(0.03)
    rule.init(model.networks["discriminator"].parameters.flat)


def other_moments(model, batches):
    rule = model.optimizers["discriminator"]
    rule.state = {name: moment / 2 for name, moment in rule.state.items()}


def other_data(model, batches):
    batches.data = batches.data[::-1].copy()


def no_moments(model, batches):
    rule = model.optimizers["discriminator"]
    rule.init(model.networks["discriminator"].parameters.flat)


@compiled
@pytest.mark.parametrize(
    ("change", "programs"),
    [(other_weights, 2), (other_rule, 2), (other_moments, 2), (other_data, 2), (no_moments, 1)],
)
def test_a_program_is_of_no_use_where_what_it_works_on_was_replaced(change, programs):
    backend.use("numba")
    mine, theirs = gan(), gan()
    (step, _, _), (other, single, _) = (steps_of(model, rows()) for model in (mine, theirs))
    for i in range(6):
        assert step() == single()
        if i == 2:
            change(mine, step.batches)
            change(theirs, other.batches)
            gc.collect()
    assert bits(mine) == bits(theirs)
    assert len(step._programs) == programs
    assert all_recorded(step)


@compiled
def test_moments_that_do_not_fit_are_refused_before_anything_is_recorded():
    backend.use("numba")
    model = gan(rule=lambda: optim.Adam(0.1))
    step, _, _ = steps_of(model, rows())
    model.optimizers["discriminator"].state["m"] = np.zeros(3, np.float32)
    with pytest.raises(InputError, match="m is float32"):
        step()
