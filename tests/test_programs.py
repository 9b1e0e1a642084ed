"""A recorded step does, bit for bit, what its operations do one by one; or it is not recorded."""

import gc
import os
import subprocess
import sys
import weakref

import numpy as np
import pytest

from npgan import (
    GAN,
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
from npgan.backend import run
from npgan.data.batches import Batches
from npgan.errors import NonFiniteError
from npgan.layers import Layer, build
from npgan.losses import RECONSTRUCTIONS
from npgan.models.config import MODELS
from npgan.models.presets import PRESETS, preset
from npgan.penalties import geometric
from npgan.training import Loop
from npgan.training.steps import Steps

kernels = pytest.importorskip("npgan.kernels")
from npgan.kernels import crew, jit, program  # noqa: E402
from npgan.kernels.record import Recorder  # noqa: E402
from npgan.kernels.schedule import Row, phases  # noqa: E402
from npgan.kernels.traced import Buffer, NotRecordable, Place  # noqa: E402

compiled = pytest.mark.skipif(jit.interpreted, reason="only a compiler makes programs")
WIDTH, HIDDEN, BATCH = 30, 64, 64  # products that are worth a second thread


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request):
    """Use so many threads."""
    before = jit.threads()
    jit.set_threads(request.param)
    yield request.param
    jit.set_threads(before)


def rows(width=WIDTH, dtype=np.float32, n=3 * BATCH + 5, low=0.05):
    """Return data: floats in (0, 1), or bytes."""
    data = np.random.default_rng(2).uniform(low, 0.95, (n, width))
    return (data * 255).astype(np.uint8) if dtype == np.uint8 else data.astype(dtype)


def gan(*, dtype=np.float32, dropout=0.0, rule=lambda: optim.Adam(1e-3), **settings):
    """Return a small GAN."""
    noise = [f"dropout {dropout}"] if dropout else []
    generator = build([f"dense 20 {HIDDEN}", "elu", f"dense {HIDDEN} {WIDTH}", "sigmoid"], rng=0)
    discriminator = build(
        [*noise, f"dense {WIDTH} {HIDDEN}", "leaky_relu 0.1", *noise, f"dense {HIDDEN} 1"], rng=1
    )
    networks = [network.astype(dtype) for network in (generator, discriminator)]
    rules = {name: rule() for name in ("generator", "discriminator")}
    return GAN(*networks, optimizers=rules, **settings)


def autoencoder(loss="mse", dtype=np.float32, width=WIDTH):
    """Return a small autoencoder."""
    encoder = build([f"dense {width} 9", "softplus"], rng=0).astype(dtype)
    decoder = build([f"dense 9 {width}", "sigmoid"], rng=1).astype(dtype)
    return Autoencoder(encoder, decoder, loss=loss)


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


def bits(model):
    """Return all that training changes."""
    arrays, numbers = model.state()
    return {name: array.tobytes() for name, array in arrays.items()}, numbers


def check(make, data, *, batch_size=BATCH, count=10, recorded=True):
    """Compare recorded steps with single ones: what they report, weights, moments, randomness."""
    backend.use("numba")
    mine, theirs = make(), make()
    step, _, streams = steps_of(mine, data, batch_size)
    _, single, others = steps_of(theirs, data, batch_size)
    with np.errstate(all="ignore"):
        assert [step() for _ in range(count)] == [single() for _ in range(count)]
    assert bits(mine) == bits(theirs)
    assert [rng.random() for rng in streams] == [rng.random() for rng in others]
    programs = [made for pattern, made in step._programs.items() if pattern is not None]
    assert all(made is not None for made in programs) == recorded or not (programs or recorded)


PLAIN = [
    name
    for name, config in PRESETS.items()
    if "pattern" in vars(MODELS[config.model].model) and "penalties" not in config.settings
]


@compiled
@pytest.mark.parametrize("name", PLAIN)
def test_presets_are_recorded(name, threads):
    def make():
        return preset(name).build(1000)

    check(make, rows(make().features, np.uint8))


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
    backend.use("numba")

    def make():
        generator = Sequential(Dense(4, HIDDEN), Tanh(), Dense(HIDDEN, WIDTH), rng=0)
        layers = Dense(WIDTH, HIDDEN), LeakyReLU(), Dense(HIDDEN, 9), ReLU(), Dense(9, 1)
        discriminator = Sequential(*layers, rng=1)
        networks = (net.astype(np.float64) for net in (generator, discriminator))
        rules = {name: optim.SGD(0.1) for name in ("generator", "discriminator")}
        return GAN(*networks, optimizers=rules, **PENALIZED[name])

    mine, theirs = make(), make()
    step, _, _ = steps_of(mine, rows(dtype=np.float64))
    _, single, _ = steps_of(theirs, rows(dtype=np.float64))
    for _ in range(10):
        assert step() == pytest.approx(single(), rel=1e-9)
    assert None not in [made for pattern, made in step._programs.items() if pattern is not None]
    for name, weights in theirs.weights().items():
        np.testing.assert_allclose(mine.weights()[name], weights, rtol=0, atol=1e-9)


def conditional(**settings):
    """Return a small conditional GAN of three classes."""
    generator = build(
        [f"dense 20 {HIDDEN}", "elu", f"dense {HIDDEN} {WIDTH - 3}", "sigmoid"], rng=0
    )
    discriminator = build([f"dense {WIDTH} {HIDDEN}", "leaky_relu 0.1", f"dense {HIDDEN} 1"], rng=1)
    return ConditionalGAN(generator, discriminator, classes=3, **settings)


def several(generators=3, discriminators=2, **settings):
    """Return a small GAN of several players."""
    critic = [f"dense {WIDTH} {HIDDEN}", "leaky_relu 0.1", f"dense {HIDDEN} 1"]
    players = {}
    for role, specs, number in (
        ("generator", [f"dense 20 {HIDDEN}", "elu", f"dense {HIDDEN} {WIDTH}", "sigmoid"], generators),
        ("discriminator", critic, discriminators),
    ):  # fmt: skip
        for i in range(number):
            players[role + (str(i + 1) if i else "")] = build(specs, rng=[len(players)])
    return MultiGAN(players, **settings)


def packed(packing, **settings):
    """Return a small GAN that shows several samples at once."""
    model = gan()
    specs = [f"dense {packing * WIDTH} {HIDDEN}", "leaky_relu 0.1", f"dense {HIDDEN} 1"]
    return GAN(model.generator, build(specs, rng=1), packing=packing, **settings)


RECORDED = ("minimax", "non-saturating", "relativistic")  # of the objectives


CASES = {
    **{f"optimiser {name}": lambda rule=rule: gan(rule=lambda: rule(1e-2))
       for name, rule in optim.OPTIMIZERS.items()},
    **{f"schedule {name}": lambda f=f: gan(rule=lambda: optim.Adam(f(1e-2, 7)))
       for name, f in optim.SCHEDULES.items()},
    **{f"objective {name}": lambda name=name: gan(objective=name) for name in RECORDED},
    **{f"loss {name}": lambda name=name: autoencoder(name) for name in RECONSTRUCTIONS},
    "n_critic": lambda: gan(n_critic=2, ema=0.9),
    "ema": lambda: gan(ema=0.9),
    "dropout": lambda: gan(dropout=0.3),
    "label smoothing": lambda: gan(label_smoothing=0.1),
    "networks in networks": nested,
    "packing": lambda: packed(4, ema=0.9),
    "packing, relativistic": lambda: packed(2, objective="relativistic"),
    "several players": lambda: several(ema=0.9, n_critic=2),
    "several players, relativistic": lambda: several(objective="relativistic"),
    "one of several": lambda: several(1, 1),
    "conditional": lambda: conditional(ema=0.9),
    "conditional, noisy, packed": lambda: ConditionalGAN(
        conditional().generator.network,
        build([f"dense {2 * WIDTH} 9", "relu", "dense 9 1"], rng=1),
        classes=3, packing=2, instance_noise=0.1, objective="relativistic",
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


@compiled
def test_bytes_are_recorded(threads):
    check(lambda: gan(dropout=0.3, ema=0.9), rows(dtype=np.uint8))


@compiled
@pytest.mark.parametrize(
    "make",
    [
        lambda: gan(dtype=np.float64, dropout=0.3, ema=0.9, label_smoothing=0.1),
        lambda: autoencoder("l1", np.float64, width=400),
    ],
    ids=["gan", "autoencoder"],
)
def test_float64_networks_are_recorded(make, threads):
    check(make, rows(make().features, np.float64))


class InNumPy(Layer):
    """A layer of one's own that looks at its numbers."""

    def forward(self, x, rng=None):
        return np.clip(x, 0, None), x > 0

    def backward(self, dy, cache, grads=None, input_grad=True):
        return dy * cache

    def out_features(self, in_features):
        return in_features


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
    "clip_norm": lambda: gan(rule=lambda: optim.Adam(1e-2, clip_norm=0.01)),
    "clip_value": lambda: gan(rule=lambda: optim.Adam(1e-2, clip_value=0.01)),
    "clip_weights": lambda: gan(rule=lambda: optim.Adam(1e-2, clip_weights=0.01)),
    "a model of one's own": own_gan,
    "mixed types": lambda: gan(dtype=np.float64),
    "unrolled steps": lambda: gan(unrolled_steps=2),
    "the hardest of several": lambda: several(against="hardest"),
}


@compiled
@pytest.mark.parametrize("name", SINGLE)
def test_what_cannot_be_recorded_is_done_one_by_one(name):
    check(SINGLE[name], rows(), recorded=False)


@compiled
def test_a_vae_gan_is_not_recorded():
    check(lambda: preset("vae-gan").build(1000), rows(784, np.uint8), count=2, recorded=False)


@compiled
@pytest.mark.parametrize("kind", ["integers", "not aligned", "with gaps"])
def test_data_that_a_program_cannot_read_is_read_one_by_one(kind):
    data = rows(n=100)
    if kind == "integers":
        data = np.arange(data.size).reshape(data.shape) % 2
    elif kind == "not aligned":
        memory = np.zeros(data.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(data.shape)
        memory[...] = data
        data = memory
    else:
        data = np.repeat(data, 2, axis=1)[:, ::2]
    check(autoencoder, data, recorded=False)


@compiled
@pytest.mark.parametrize(("then", "now"), [(1, 2), (2, 1)])
def test_the_number_of_threads_may_change_after_the_recording(then, now):
    before = jit.threads()
    backend.use("numba")
    mine, theirs = gan(), gan()
    step, _, _ = steps_of(mine, rows())
    _, single, _ = steps_of(theirs, rows())
    try:
        jit.set_threads(then)
        step()
        jit.set_threads(now)
        for _ in range(9):
            step()
    finally:
        jit.set_threads(before)
    for _ in range(10):
        single()
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


BAD = {
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
    "decaying penalties": lambda: packed(2, penalties={"r1": geometric(2.0, 0.1, 12)}),
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
        assert None not in [p for key, p in loop._next_step._programs.items() if key is not None]
        ends.append((bits(loop.model), loop.history.rows[-1]["d_loss"]))
    assert ends[0] == ends[1]


@compiled
def test_helpers_that_come_late_find_tables_of_programs_that_are_gone():
    before = jit.threads()
    jit.set_threads(2)
    backend.use("numba")
    tables = []
    for _ in range(2 * crew.KEPT):
        step, _, _ = steps_of(gan(), rows())
        step(), step()
        tables.append(weakref.ref(step._programs[True].table))
        del step
        gc.collect()
        assert jit.threads() == 1 or tables[-1]() is not None
    jit.set_threads(before)
    assert sum(table() is not None for table in tables) < 2 * crew.KEPT, "and not for ever"


SCRIPTS = {
    "two threads that train": """
import threading
def train(seed):
    model = gan(rng=seed)
    model.fit(data, steps=300, batch_size=64, callbacks=[], rng=seed)
    return bits(model)
alone, together = [train(seed) for seed in (1, 2)], {}
for _ in range(3):
    work = lambda seed: together.__setitem__(seed, train(seed))
    threads = [threading.Thread(target=work, args=[seed]) for seed in (1, 2)]
    [t.start() for t in threads]; [t.join() for t in threads]
    assert [together[seed] for seed in (1, 2)] == alone
""",
    "a fork": """
import os
def train(model):
    model.fit(data, steps=20, batch_size=64, callbacks=[], rng=1)
    return bits(model)
first = gan(); train(first)
exact = train(gan(rng=3)), train(first)
first = gan(); train(first)
child = os.fork()
if child == 0:
    os._exit(0 if (train(gan(rng=3)), train(first)) == exact else 1)
assert os.waitpid(child, 0)[1] == 0
assert train(first) == exact[1]
""",
    "programs that come and go": """
import gc, numpy as np
exact = None
for i in range(60):
    model = gan()
    model.fit(data, steps=5, batch_size=16 + 16 * (i % 3), callbacks=[], rng=1)
    if i % 3 == 0:
        exact = exact or bits(model)
        assert bits(model) == exact
    del model
    if i % 7 == 0:
        gc.collect()
    np.full(10_000 * (i % 5), np.nan)  # whoever looks at memory that is gone finds this
""",
}
PRELUDE = """
import numpy as np
from npgan import GAN, Adam, backend
from npgan.layers import build
backend.use("numba")
data = np.random.default_rng(0).random((300, 30)).astype(np.float32)
def gan(rng=0):
    networks = ["dense 20 64", "elu", "dense 64 30", "sigmoid"], ["dense 30 64", "relu", "dense 64 1"]
    return GAN(*(build(specs, rng) for specs in networks), ema=0.9)
bits = lambda model: [array.tobytes() for array in model.state()[0].values()]
"""


@compiled
@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_programs_bear(name):
    result = subprocess.run(
        [sys.executable, "-c", PRELUDE + SCRIPTS[name]],
        env={**os.environ, "NPGAN_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr


def test_rows_wait_for_what_they_read_or_overwrite():
    a, b, c, part = Buffer(8), Buffer(8), Buffer(8), Buffer(4)
    part.whole, part.offset = a, 4

    def row(*places):
        return Row(0, [7, *(Place(*place) for place in places)], [], 1)

    writes, reads = (a, 0, 8, True), (a, 0, 8)
    table = {
        "strangers": ([row(writes), row((b, 0, 8, True), (c, 0, 8))], [0, 0]),
        "readers": ([row(reads), row(reads)], [0, 0]),
        "a read after a write": ([row(writes), row(reads)], [0, 1]),
        "a write after a read": ([row(reads), row(writes)], [0, 1]),
        "a write after a write": ([row(writes), row(writes)], [0, 1]),
        "neighbours": ([row((a, 0, 4, True)), row((a, 4, 4, True))], [0, 0]),
        "a part": ([row((part, 0, 4, True)), row((a, 7, 1)), row((a, 0, 4))], [0, 1, 0]),
        "nothing": ([row(writes), row((a, 3, 0, True))], [0, 0]),
        "a chain and a stranger": ([row(writes), row(reads, (b, 0, 8, True)), row((b, 1, 1)),
                                    row((c, 0, 8, True))], [0, 1, 2, 0]),
    }  # fmt: skip
    for name, (made, expected) in table.items():
        assert phases(made) == expected, name


def test_rows_see_that_arrays_from_outside_overlap():
    array = np.zeros(10, np.float32)
    whole, half, rest = Buffer(10, array), Buffer(5, array[5:]), Buffer(5, array[:5])
    made = [Place(whole, 0, 10, True), Place(half, 0, 5), Place(rest, 0, 5, True)]
    assert phases([Row(0, [place], [], 1) for place in made]) == [0, 1, 1]


def recorder():
    """Return a recorder of float32 steps."""
    made = Recorder(np.random.default_rng(0))
    made.same(np.dtype(np.float32))
    return made


REFUSED = {
    "a sum": lambda x: np.sum(x),
    "a sum by the ufunc": lambda x: np.add.reduce(x),
    "a place for the result": lambda x: np.add(x, x, out=x),
    "a product": lambda x: np.multiply(x, x),
    "a function": lambda x: np.exp(x),
    "a number of another type": lambda x: np.float64(2) * x,
    "a number added": lambda x: x + 1.0,
    "an array added": lambda x: np.ones((4, 3), np.float32) + x,
    "another shape added": lambda x: x + x[:2],
    "a float": float,
    "a condition": bool,
    "an array": np.asarray,
    "less": lambda x: x < 0,
    "equal": lambda x: x == x,
    "different": lambda x: x != 0,
    "an element": lambda x: x[0],
    "every second row": lambda x: x[::2],
    "a wrong shape": lambda x: x.reshape(5, -1),
    "every second column": lambda x: x[:, ::2],
    "a column": lambda x: x[:, 0],
    "a block": lambda x: x[:2, :2],
    "columns beside others of another length": lambda x: np.concatenate([x, x[:2]], axis=1),
    "a concatenation with a place": lambda x: np.concatenate([x, x], out=x),
    "a concatenation of other widths": lambda x: np.concatenate([x, x.recorder.new(4, 2)]),
    "an operation without a row": lambda x: x.recorder.relu_forward(x),
    "noise of another type": lambda x: x.recorder.standard_normal(x.recorder, (3,), np.float64),
    "noise that is not the step's": lambda x: x.recorder.standard_normal(1, (3,)),
    "integers": lambda x: x.recorder.place(np.arange(3)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_traced_array_refuses(name):
    x = recorder().new(4, 3)
    with pytest.raises(NotRecordable):
        REFUSED[name](x)


def test_a_concatenation_is_laid_out_without_copying():
    made = recorder()
    parts = [made.new(n, 3) for n in (2, 4)]
    inner = np.concatenate(parts)
    whole = np.concatenate([made.new(1, 3), inner])
    places = [made.place(array).at() for array in (whole, inner, *parts, whole[3:])]
    assert {root for root, *_ in places} == {whole.buffer}
    assert [at for _, *at in places] == [[0, 21], [3, 21], [3, 9], [9, 21], [9, 21]]
    assert (whole.shape, made.rows) == ((7, 3), [])


JOINED = {
    "one after the other": lambda a, b: np.concatenate([a, b]),
    "with itself": lambda a, b: np.concatenate([a, a, b]),
    "a part": lambda a, b: np.concatenate([a[1:], b[:2], a]),
    "an array": lambda a, b: np.concatenate([np.full((2, 4), 0.5, np.float32), a]),
    "twice": lambda a, b: np.concatenate([np.concatenate([a, b]), np.concatenate([b, a])]),
    "columns": lambda a, b: np.concatenate([a[:, 1:3], b[:, :-2]], axis=1),
    "columns of a part": lambda a, b: np.concatenate([a[2:4][:, -3:], b[1:3][:, :1]], axis=1),
    "columns of one row": lambda a, b: np.concatenate([a[:1][:, 3:], b[:1], a[:1][:, :2]], axis=1),
}


@compiled
@pytest.mark.parametrize("name", JOINED)
def test_arrays_are_joined_as_by_numpy(name, threads):
    backend.use("numba")
    batches = [Batches(rows(4), 5, np.random.default_rng(i)) for i in range(2)]
    seen = JOINED[name](*np.ones((2, 5, 4), np.float32))
    network = build([f"dense {seen.shape[1]} 1"], rng=0)

    def step(rng):
        joined = JOINED[name](*(batch.next() for batch in batches))
        target = np.linspace(0, 1, joined.size, dtype=np.float32).reshape(joined.shape)
        return {"loss": run.mse(joined, target)[0], "seen": run.mean_sigmoid(network(joined))}

    made = backend.record(step, np.random.default_rng(0))
    reported = made.run()
    batches = [Batches(rows(4), 5, np.random.default_rng(i)) for i in range(2)]
    assert reported == {name: float(value) for name, value in step(None).items()}


@compiled
@pytest.mark.parametrize("reads", [False, True])
def test_a_gradient_that_goes_through_an_activation_at_once_cannot_be_read(reads):
    backend.use("numba")
    below, above = build(["dense 4 6", "tanh"], rng=0), build(["dense 6 3"], rng=0)
    sums = below.parameters.like(), above.parameters.like()
    target = np.zeros((5, 3), np.float32)
    batches = Batches(rows(4), 5, np.random.default_rng(0))

    def step(rng):
        hidden, cache = below.forward(batches.next(), rng)
        y, last = above.forward(hidden, rng)
        loss, dy = run.mse(y, target)
        dhidden = above.backward(dy, last, sums[1])
        below.backward(dhidden, cache, sums[0], input_grad=False)
        return {"loss": loss, "seen": run.mean_sigmoid(dhidden if reads else hidden)}

    made = backend.record(step, np.random.default_rng(0))
    assert (made is None) == reads
    if made:
        operations = [program.OPERATIONS[row[0]] for row in made.table]
        assert "activation_backward" not in operations


@compiled
def test_a_vector_is_updated_once_in_a_step():
    backend.use("numba")
    w, g = np.ones(3, np.float32), np.ones(3, np.float32)
    rule = optim.Adam(0.1)

    def step(times):
        def step(rng):
            for _ in range(times):
                rule.step(w, g)
            return {}

        return backend.record(step, np.random.default_rng(0))

    assert step(1) is not None
    assert step(2) is None


@compiled
def test_a_recording_that_fails_leaves_the_backend_as_it_was():
    backend.use("numba")
    before = dict(run.__dict__)
    assert backend.record(lambda rng: 1 / 0, np.random.default_rng(0)) is None
    assert run.__dict__ == before


@compiled
def test_a_second_gradient_is_added_to_the_first(threads):
    """Only the first one after an update may overwrite what it finds: it finds zeros."""
    backend.use("numba")
    results = []
    for recorded in (True, False):
        network = build(["dense 4 6", "relu", "dense 6 1"], rng=0)
        grads, rule = network.parameters.like(), optim.SGD(0.1)
        batches = Batches(rows(4), 16, np.random.default_rng(0))
        target = np.ones((16, 1), np.float32)

        def step(rng, network=network, grads=grads, rule=rule, batches=batches, target=target):
            for _ in range(2):
                y, cache = network.forward(batches.next(), rng)
                loss, dy = run.mse(y, target)
                network.backward(dy, cache, grads, input_grad=False)
            rule.step(network.parameters.flat, grads.flat)
            return {"loss": loss}

        program = backend.record(step, np.random.default_rng(0)) if recorded else None
        for _ in range(3):
            program.run() if recorded else step(None)
        results.append(network.parameters.flat.copy())
    np.testing.assert_array_equal(*results)
