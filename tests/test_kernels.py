"""Every kernel does what its reference does, on any shape, in any float type, on any threads."""

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npgan import backend, ops
from npgan.check import catalogue
from npgan.check.catalogue.presets import Preset
from npgan.check.gradcheck import gradcheck
from npgan.check.numeric import FLOOR
from npgan.data import load
from npgan.data.batches import Batches
from npgan.layers import build
from npgan.models.presets import mlp, preset
from npgan.ops.kinds import KINDS
from npgan.training import Callback
from npgan.training.pace import PERIOD, PROBE, Pace

pytest.importorskip("npgan.kernels")
from npgan.kernels import jit
from npgan.kernels.activation import ActivationId, activate, activate_backward
from npgan.kernels.elementary import exp, expm1, log, log1p, normal, sine, tanh
from npgan.kernels.jit import ONE, ZERO
from npgan.kernels.loss import LOSSES
from npgan.kernels.matmul import block, panel_size
from npgan.kernels.memory import own
from npgan.kernels.tile import Matrix, width
from npgan.kernels.transpose import transpose
from npgan.kernels.vectors import BYTES
from npgan.program.eager import KERNELS

FLOATS = (np.float32, np.float64)
SIZES = st.sampled_from([1, 2, 3, 7, 13, 16, 17, 31, 33, 50, 64, 100])


def close(value, reference, terms=1):
    """Compare within the rounding of a sum of so many terms, relative to the largest number."""
    value, reference = np.asarray(value), np.asarray(reference)
    assert value.shape == reference.shape
    assert value.dtype == reference.dtype
    eps = np.finfo(reference.dtype).eps
    scale = np.abs(reference).max(initial=0) + 1
    np.testing.assert_allclose(value, reference, rtol=0, atol=8 * np.sqrt(terms) * eps * scale)


def random(shape, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def test_every_kernel_has_a_reference_of_its_name():
    assert set(KERNELS) <= set(backend.TABLE)


def test_tiles_of_few_rows_are_wider():
    vectors = [width(rows, 4) * 4 // BYTES for rows in (1, 2, 3, 4, 14)]
    assert vectors == [8, 4, 4, 2, 2]


@pytest.mark.parametrize("m", [1, 2, 3, 5, 40])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True)])
def test_a_part_of_a_product_is_added_to_another_matrix(m, turned):
    """Of either matrix the columns may be contiguous: then it is the transpose of one whose rows are."""
    n, k, first = 7, 3, min(1, m - 1)
    inside = np.s_[1:6, first:]
    a, b, c, d = (random(s, np.float64, i) for i, s in enumerate([(n, k), (k, m), (n, m), (n, m)]))
    expected = c.copy()
    expected[inside] = (d + a @ b)[inside]

    def matrix(x, turn=False):
        flat = np.concatenate([np.zeros(5), (x.T if turn else x).ravel()])
        return Matrix(flat, ZERO + 5, *((ONE, ONE * len(x)) if turn else (ONE * x.shape[1], ONE)))

    operands, made = (matrix(a, turned[0]), matrix(b, turned[1])), matrix(c)
    panel = np.zeros(panel_size(k, 8))
    block(*operands, made, matrix(d), ONE, ONE * 1, ONE * 6, ONE * first, ONE * m, ONE * k, panel)
    np.testing.assert_allclose(made.data[5:].reshape(n, m), expected, rtol=1e-13)


@pytest.mark.usefixtures("threads")
@given(n=SIZES, k=SIZES, m=SIZES, dtype=st.sampled_from(FLOATS))
@settings(deadline=None, max_examples=40)
def test_dense_products_are_the_references(n, k, m, dtype):
    x, w, b, dy = (random(s, dtype, i) for i, s in enumerate([(n, k), (k, m), (m,), (n, m)]))
    close(KERNELS["dense_forward"](x, w, b), ops.dense_forward(x, w, b), k)
    close(KERNELS["dense_backward_input"](dy, w), ops.dense_backward_input(dy, w), m)
    mine, theirs = [(np.ones((k, m), dtype), np.ones(m, dtype)) for _ in "ab"]
    KERNELS["dense_backward_parameters"](dy, x, *mine)
    ops.dense_backward_parameters(dy, x, *theirs)
    for a, b in zip(mine, theirs, strict=True):
        close(a, b, n)


@pytest.mark.parametrize("view", ["transposed", "every second", "backwards", "empty"])
def test_any_strides_and_no_rows_at_all(view):
    x = random((12, 12), np.float32)
    x = {"transposed": x.T, "every second": x[:, ::2], "backwards": x[::-1], "empty": x[:0]}[view]
    w, b = random((x.shape[1], 5), np.float32, 1), random(5, np.float32, 2)
    close(KERNELS["dense_forward"](x, w, b), ops.dense_forward(x, w, b), 12)


@pytest.mark.parametrize("dtype", FLOATS)
@given(rows=SIZES, columns=SIZES)
@settings(deadline=None, max_examples=30)
def test_transposes(dtype, rows, columns):
    a = random((rows, columns), dtype)
    c = np.empty((columns, rows), dtype)
    transpose(a.reshape(-1), 0, columns, rows, columns, c.reshape(-1), rows)
    assert (c == a.T).all()


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", KINDS)
def test_activations_are_the_references(name, dtype):
    x = np.concatenate([random(5000, dtype) * 3, np.array([0, -1e4, 1e4, -88, 88], dtype)])
    forward, backward = f"{name}_forward", f"{name}_backward"
    y = getattr(ops, forward)(x)
    mine = KERNELS[forward](x)
    tiny = np.finfo(dtype).tiny  # what is smaller may be 0
    ulp = 12 if name == "gelu" else 6 if KINDS[name].of_input else 4
    bound = ulp * np.spacing(np.abs(y)) + tiny * np.maximum(1, np.abs(x))
    assert (np.abs(mine - y) <= bound).all(), "2 ulp of the exponential, and what follows it"
    dy, seen = random(x.shape, dtype, 1), x if KINDS[name].of_input else y
    close(KERNELS[backward](dy, seen), getattr(ops, backward)(dy, seen))


@pytest.mark.parametrize("name", KINDS)
def test_nan_passes_through_every_activation(name):
    y = KERNELS[f"{name}_forward"](np.array([np.nan, 1.0], np.float32))
    assert np.isnan(y[0])
    assert np.isfinite(y[1])


def sine_of_turns(t):
    n = np.round(4 * t)
    rest = np.pi / 2 * (4 * t - n)  # exact but for pi
    return np.where(n % 2, np.cos(rest), np.sin(rest)) * np.where(n % 4 < 2, 1, -1)


FUNCTIONS = {
    "exp": (exp, np.exp, np.linspace(-87, 87, 400_001)),
    "expm1": (expm1, np.expm1, np.linspace(-87, 87, 400_001)),
    "expm1 near 0": (expm1, np.expm1, np.linspace(-1, 1, 100_000)),
    "tanh": (tanh, np.tanh, np.linspace(-12, 12, 400_001)),
    "tanh near 0": (tanh, np.tanh, np.geomspace(1e-30, 1, 1000)),
    "log": (log, np.log, np.geomspace(1e-37, 1e38, 400_001)),
    "log near 1": (log, np.log, np.linspace(0.5, 2, 400_001)),
    "log1p": (log1p, np.log1p, np.linspace(-0.999, 2, 400_001)),
    "normal": (normal, np.vectorize(normal), np.linspace(-12, 4, 400_001)),
    "sine": (sine, sine_of_turns, np.linspace(-300, 300, 400_001)),
    "sine near 0": (sine, sine_of_turns, np.geomspace(1e-30, 1, 1000)),
    "log1p near 0": (log1p, np.log1p, np.geomspace(1e-30, 1, 1000)),
}


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="NumPy's own functions then")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_polynomials_are_within_two_ulp(name):
    import numba

    function, reference, x = FUNCTIONS[name]
    apply = numba.vectorize(["float32(float32)"])(lambda x: function(x))
    x = x.astype(np.float32)
    exact = reference(x.astype(np.float64))
    ulp = np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)
    assert (np.abs(apply(x) - exact) / ulp).max() <= (10 if name == "normal" else 2)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_the_references(name, dtype):
    for shape in ((100, 90), (1, 1), (3, 7)):
        x = random(shape, dtype) * 4
        target = np.random.default_rng(1).random(shape).astype(dtype)
        x.flat[0] = target.flat[0]  # where a difference has no sign
        for t in (target, 1.0) if name == "bce_with_logits" else (target,):
            value, gradient = KERNELS[name](x, t)
            close(value, getattr(ops, f"{name}_forward")(x, t), x.size)
            close(gradient, getattr(ops, f"{name}_backward")(x, t))


@pytest.mark.parametrize("name", LOSSES)
def test_nan_passes_through_every_loss(name):
    value, gradient = KERNELS[name](np.array([0.5, np.nan], np.float32), np.ones(2))
    assert np.isnan(value)
    assert np.isnan(gradient).tolist() == [False, True]


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(0, 3), (1,), (5, 3), (100, 99)])
def test_random_numbers_are_the_references(shape, dtype):
    rngs = [np.random.default_rng(7) for _ in range(4)]
    mine = KERNELS["standard_normal"](rngs[0], shape, dtype)
    exact = ops.standard_normal(rngs[1], shape, np.float64)
    assert (mine.shape, mine.dtype) == (shape, dtype)
    np.testing.assert_allclose(mine, exact, rtol=0, atol=20 * np.finfo(dtype).eps)
    mask = KERNELS["dropout_mask"](rngs[2], shape, 0.3)
    np.testing.assert_array_equal(mask, ops.dropout_mask(rngs[3], shape, 0.3))
    assert len({rng.random() for rng in rngs}) == 1


def arguments(dtype):
    """Return arguments of the operations on noise and of the softmax's."""
    x, y, eps = (random((300, 40), dtype, i) for i in range(3))
    mask = (random((300, 40), np.float32, 3) > 0) * np.float32(2)
    labels = np.random.default_rng(4).integers(0, 40, 300)
    return {
        "dropout_forward": (x, mask),
        "dropout_backward": (x, mask),
        "gaussian_sample_forward": (x, y, eps),
        "gaussian_sample_backward": (x, y, eps),
        "kl_standard_normal_forward": (x, y),
        "kl_standard_normal_backward": (x, y),
        "softmax_forward": (4 * x,),
        "softmax_backward": (y, ops.softmax_forward(x)),
        "softmax_cross_entropy": (4 * x, labels),
    }


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", arguments(np.float32))
def test_noise_and_softmax_are_the_references(name, dtype):
    given = arguments(dtype)[name]
    mine, reference = KERNELS[name](*given), getattr(ops, name)(*given)
    pairs = zip(mine, reference, strict=True) if isinstance(mine, tuple) else [(mine, reference)]
    for a, b in pairs:
        close(a, b, 40)


def in_numpy_only():
    """Return the operations of layers and likelihoods that no kernel computes."""
    names = "layer_norm", "frozen_batch_norm", "spectral_norm"
    names += "minibatch_stddev", "minibatch_discrimination"
    names += "log_gaussian", "log_prior_ratio", "log_mean_exp"
    names += "shift", "flip", "pixelate", "saturation", "contrast", "group_norm", "pixel_norm"
    names += "avg_pool2d", "global_avg_pool2d"
    names += "upsample_nearest", "upsample_bilinear", "pixel_shuffle"
    drawn = {"block_mask", "uniform"}
    return drawn | {f"{name}_{way}" for name in names for way in ("forward", "backward")}


def test_the_only_operations_without_a_kernel_are_these_and_parts_of_one_that_has_it():
    missing = set(backend.TABLE) - set(KERNELS)
    missing -= {name for name in missing if name.endswith("_double_backward")}  # the reference's
    fused = {*LOSSES, "softmax_cross_entropy"}
    parts = {f"{name}_{way}" for name in fused for way in ("forward", "backward")}
    steps_only = {"chain_penalized_backward"}  # rows of a program
    others = {"clip_by_norm", "clip_by_value", "power_iteration"}
    assert missing == parts | steps_only | in_numpy_only() | others


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_share_above_zero_is_the_references_to_the_bit(dtype):
    x = np.round(random((7, 11), dtype), 0)
    for numbers in (
        x,
        x[:, ::2],
        x[:1, :1],
        np.full((2, 1), np.nan, dtype),
        np.zeros((3, 1), dtype),
    ):
        mine, theirs = KERNELS["mean_heaviside"](numbers), ops.mean_heaviside(numbers)
        np.testing.assert_array_equal(mine, theirs)
        assert mine.dtype == theirs.dtype == dtype


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", FLOATS)
def test_projected_ascent_is_the_references_to_the_bit(dtype):
    x, g = random((70, 130), dtype), np.round(random((70, 130), dtype))
    low, high = x - abs(random(x.shape, dtype)), x + abs(random(x.shape, dtype))
    x[0, 0], g[0, 1:4], low[0, 4], high[0, 5] = np.nan, [np.nan, 0.0, -0.0], np.nan, np.nan
    low[1], high[2] = x[1], x[2]  # where it is already
    both = KERNELS["projected_ascent"], ops.projected_ascent
    for alpha in (dtype(0.3), dtype(0)):
        mine, theirs = (f(x, g, low, high, alpha) for f in both)
        np.testing.assert_array_equal(mine, theirs)
        expected = naive.elementwise(naive.projected_ascent, x[1:], g[1:], low[1:], high[1:], alpha)
        np.testing.assert_allclose(mine[1:], expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_likelihood_is_the_references(dtype):
    rng = np.random.default_rng(0)
    logits, x = (
        3 * rng.standard_normal((300, 37)).astype(dtype),
        rng.random((300, 37)).astype(dtype),
    )
    logits[0, :5], dy = [0, 40, -40, 1e30, np.nan], rng.standard_normal(300).astype(dtype)
    for name, arguments in (("forward", (logits, x)), ("backward", (dy, logits, x))):
        got = KERNELS[f"log_bernoulli_with_logits_{name}"](*arguments)
        expected = getattr(ops, f"log_bernoulli_with_logits_{name}")(*arguments)
        assert got.dtype == expected.dtype
        bound = 30 * np.finfo(dtype).eps  # x - p has that of x and p, which are below 1
        np.testing.assert_allclose(got, expected, rtol=bound, atol=bound)


UPDATES = {
    "sgd_update": (0, (0.1,)),
    "momentum_update": (1, (0.1, 0.9)),
    "rmsprop_update": (1, (0.1, 0.9, 1e-8)),
    "adam_update": (2, (3, 0.1, 0.9, 0.999, 1e-8)),
    "adamw_update": (2, (3, 0.1, 0.9, 0.999, 1e-8, 0.01)),
}


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UPDATES)
def test_updates_are_the_references(name, dtype):
    moments, numbers = UPDATES[name]
    state = [random(10_000, dtype, i) for i in range(2)] + [
        random(10_000, dtype, 5 + i) ** 2 for i in range(moments)
    ]
    mine, theirs = [[a.copy() for a in state] for _ in "ab"]
    KERNELS[name](*mine, *numbers)
    getattr(ops, name)(*theirs, *numbers)
    for a, b in zip(mine, theirs, strict=True):
        close(a, b)


@pytest.mark.parametrize("dtype", FLOATS)
def test_lines_are_fetched_for_writing_without_a_change(dtype):
    numbers = np.frombuffer(np.random.default_rng(0).bytes(8 * 100), dtype).copy()  # NaN among them
    numbers[1] = -0.0
    before = numbers.tobytes()
    own(numbers, np.int64(1), np.int64(numbers.size - 1))
    assert numbers.tobytes() == before


def test_a_word_at_dropouts_threshold_is_kept():
    words = ops.random.philox(ops.random.key(np.random.default_rng(0)), 4).reshape(-1)
    for word in words:
        mask = KERNELS["dropout_mask"](np.random.default_rng(0), (16,), int(word) / 2**32)
        np.testing.assert_array_equal(mask > 0, words >= word)


def test_a_dropout_rate_close_to_1_still_fits_a_word():
    for draw in (KERNELS["dropout_mask"], ops.dropout_mask):
        assert not draw(np.random.default_rng(0), (100,), 1 - 1e-12).any()


@pytest.mark.usefixtures("threads")
def test_averages_are_the_references():
    a, w = random(9000, np.float32), random(9000, np.float32, 1)
    b = a.copy()
    KERNELS["ema_update"](a, w, 0.9)
    ops.ema_update(b, w, 0.9)
    close(a, b)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("dtype", [np.uint8, *FLOATS])
@pytest.mark.parametrize(("n", "width"), [(4, 30), (300, 40), (9000, 1), (3, 5000), (0, 7)])
def test_batches_are_the_references(n, width, dtype):
    """Of rows shorter and longer than a cache line, few and many, by one thread and by two."""
    rng = np.random.default_rng(0)
    data, rows = rng.integers(0, 256, (40, width)).astype(dtype), rng.integers(0, 40, n)
    for bounds in ((0.0, 1.0), (-1.0, 1.0)):
        batch, reference = KERNELS["gather"](data, rows, *bounds), ops.gather(data, rows, *bounds)
        np.testing.assert_array_equal(batch, reference, strict=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, -np.nan])
def test_one_bad_number_is_seen(dtype, bad):
    x = random(10_001, dtype)
    assert KERNELS["all_finite"](x)
    large = np.nextafter(dtype(2.0 ** (np.finfo(dtype).maxexp // 2)), dtype(0))
    assert np.isfinite(large * large)
    for all_finite in (KERNELS["all_finite"], ops.all_finite):
        assert all_finite(np.array([large, -large], dtype))
        assert not all_finite(np.array([1, -np.nextafter(large, dtype(np.inf))], dtype))
    assert KERNELS["all_finite"](x[:0])
    x[7777] = bad
    assert not KERNELS["all_finite"](x)


WIDTHS = st.lists(SIZES, min_size=2, max_size=4)


@pytest.mark.usefixtures("threads")
@given(n=SIZES, widths=WIDTHS, dtype=st.sampled_from(FLOATS), data=st.data())
@settings(deadline=None, max_examples=40)
def test_a_fused_network_is_its_layers(n, widths, dtype, data):
    names = data.draw(st.lists(st.sampled_from(list(KINDS)), min_size=3, max_size=3))
    specs = [s for i, (a, b) in enumerate(pairwise(widths)) for s in (f"dense {a} {b}", names[i])]
    net = build(specs, rng=0).astype(dtype)
    x, dy = random((n, widths[0]), dtype), random((n, widths[-1]), dtype, 1)
    results = []
    for name in ("numpy", "numba"):
        backend.use(name)
        grads = net.parameters.like()
        y, cache = net.forward(x)
        dx = net.backward(dy, cache, grads)
        assert net.backward(dy, cache, None, input_grad=False) is None
        results.append((y, dx, grads.flat))
    for mine, reference in zip(results[1], results[0], strict=True):
        close(mine, reference, 100 * len(widths))


OF_OUTPUT = [name for name, kind in KINDS.items() if not kind.of_input]


@pytest.mark.parametrize("last", [6, 7])
@pytest.mark.parametrize("first", [0, 1, 2])
@pytest.mark.parametrize("name", OF_OUTPUT)
def test_an_activation_of_a_block_leaves_the_rest_of_a_matrix_alone(name, first, last):
    start, wide, inside = 5, 7, np.s_[1:4, first:last]
    numbers, slopes = random((2, start + 5 * wide), np.float64)
    y, dx = numbers.copy(), slopes.copy()
    place = wide, *(1, 4, first, last), ActivationId[name.upper()], 0.3
    activate(y, start, *place)
    activate_backward(dx, start, y, start, *place)

    argument = () if KINDS[name].argument is None else (0.3,)
    right = numbers.copy(), slopes.copy()
    x, dy = (array[start:].reshape(-1, wide)[inside] for array in right)  # changed in place
    x[...] = getattr(ops, f"{name}_forward")(x, *argument)
    made = y[start:].reshape(-1, wide)[inside]  # whose last bit is another where |y| is near 1
    dy[...] = getattr(ops, f"{name}_backward")(dy, made, *argument)
    np.testing.assert_allclose((y, dx), right, rtol=1e-14)


CASES = list(catalogue.cases())
LARGE = [case for case in CASES if isinstance(case, Preset)]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case not in LARGE], ids=lambda case: case.name
)
def test_gradients_through_the_kernels_are_right(case):
    backend.use("numba")
    report = case.check()
    assert report, f"\n{report}"


@pytest.mark.parametrize("case", LARGE, ids=lambda case: case.name)
def test_all_gradients_of_a_preset_are_those_of_the_reference(case):
    """Which the gradient checker has found to be right."""
    model, *data = case.made()
    steps = list(model.astype(np.float64).gradient_steps(*data))
    assert steps
    for step in steps:
        losses, gradients = [], []
        for name in ("numpy", "numba"):
            backend.use(name)
            loss, vjp = step.function()
            losses.append(loss)
            gradients.append(vjp(1.0))
        assert losses[1] == pytest.approx(losses[0], rel=1e-12)
        assert gradients[1].keys() == gradients[0].keys() == step.parameters.keys()
        for name, reference in gradients[0].items():
            scale = max(abs(reference).max(), FLOOR * abs(losses[0]))  # some sums cancel
            np.testing.assert_allclose(gradients[1][name], reference, rtol=0, atol=1e-11 * scale)


PLAIN_RING = replace(
    preset("ring"),
    networks={
        "generator": mlp(2, 128, 128, 2, hidden="relu"),
        "discriminator": mlp(2, 128, 128, 1, hidden="relu"),
    },
    optimizers={
        "generator": {"name": "adam", "lr": 1e-3, "beta1": 0.5},
        "discriminator": {"name": "adam", "lr": 3e-4, "beta1": 0.5},
    },
    settings={"ema": 0.99},
)
# without the preset's waves: 128 turns a unit make a rounding some hundred times as large


def train(config, steps, dtype=np.float32):
    """Train on a configuration's data, and return the model and what each step reported."""
    data = load(config.data).train
    model = config.build(len(data)).astype(dtype)
    batches = Batches(data, config.batch_size, np.random.default_rng(0), model.value_range)
    rng = np.random.default_rng(6)
    taken = (batches.next().astype(dtype) for _ in range(steps))
    return model, [model.train_step(batch, rng) for batch in taken]


@pytest.mark.parametrize(
    ("dtype", "steps", "close"), [(np.float64, 100, 1e-9), (np.float32, 20, 1e-4)]
)
@pytest.mark.parametrize(
    "config", [preset("gan-small"), preset("autoencoder"), PLAIN_RING], ids=lambda c: c.preset
)
def test_both_backends_train_alike(config, dtype, steps, close):
    # where a ReLU's input is a rounding away from 0, a weight may get a gradient on one backend only,
    # of which Adam's first steps make a whole step: among float64's roundings no input is so near
    histories = []
    for choice in ("numpy", "numba"):
        backend.use(choice)
        histories.append(train(config, steps, dtype)[1])
    for a, b in zip(*histories, strict=True):
        assert a == pytest.approx(b, rel=close, abs=close)


def test_training_keeps_to_the_number_of_threads_that_is_faster():
    chosen = []
    for slow in (1, 2):
        pace = Pace(most=2)
        pace.took(99.0)  # the first step compiles
        for _ in range(PERIOD + 2 * PROBE):
            pace.took(2.0 if pace.threads == slow else 1.0)
        chosen.append(pace.threads)
    assert chosen == [2, 1]


def test_neighbouring_layers_of_real_numbers_are_one_part():
    backend.use("numba")
    network = build(["dense 4 3", "relu", "dense 3 2"], rng=0)
    assert len(network._parts()) == 1


def test_the_number_of_threads_is_set_for_kernels_and_for_processes_to_come(monkeypatch):
    backend.use("numba")
    before = jit.threads()
    monkeypatch.setenv("NPGAN_NUM_THREADS", str(before))
    backend.set_threads(before + 1)
    assert os.environ["NPGAN_NUM_THREADS"] == str(before + 1) == str(backend.threads())
    jit.set_threads(before)


def test_training_begins_and_ends_with_all_threads(small_gan, points):
    backend.use("numba")
    before, seen = jit.threads(), []

    class See(Callback):
        def on_step_end(self, loop):
            seen.append(jit._in_use)

    jit.set_threads(2)
    jit.use_threads(1)
    small_gan().fit(points, steps=2 + PROBE, batch_size=32, callbacks=[See()], rng=0)
    assert (seen[0], seen[-1], jit._in_use) == (2, 1, 2)
    jit.set_threads(before)


@pytest.mark.parametrize("name", ["gan-small", "gan-mnist", "autoencoder", "ring"])
def test_threads_do_not_change_a_bit(name):
    backend.use("numba")
    before = jit.threads()
    weights = []
    for most, in_use in ((1, 1), (2, 2), (2, 1)):
        jit.set_threads(most)
        jit.use_threads(in_use)
        weights.append(train(preset(name), 10)[0].weights())
    jit.set_threads(before)
    for parameter, array in weights[0].items():
        assert (array == weights[1][parameter]).all(), parameter
        assert (array == weights[2][parameter]).all(), parameter


SCRIPTS = {
    "a forked worker": """
import multiprocessing, numpy as np
from npgan import backend
from npgan.layers import build
backend.use("numba")
net, x = build(["dense 300 300", "relu"], rng=0), np.ones((64, 300), np.float32)
y = net(x)
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert all((z == y).all() for z in pool.map(net, [x, x, x]))
""",
    "two threads at once": """
import threading, numpy as np
from npgan import backend
from npgan.layers import build
backend.use("numba")
net, x = build(["dense 300 300", "relu"], rng=0), np.ones((64, 300), np.float32)
y, results = net(x), []
work = lambda: results.extend(net(x) for _ in range(200))
threads = [threading.Thread(target=work) for _ in range(2)]
[t.start() for t in threads]; [t.join() for t in threads]
assert len(results) == 400 and all((z == y).all() for z in results)
""",
    "no Numba": """
import sys, warnings
sys.modules["numba"] = None
from npgan import backend, ops
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    backend.use("numba")
assert len(caught) == 1 and "Numba cannot be used" in str(caught[0].message)
assert caught[0].filename == "<string>", "it is the caller who is warned"
assert backend.run.name == "numpy" and backend.run.relu_forward is ops.relu_forward
""",
    "no compiler": """
import os
os.environ["NUMBA_DISABLE_JIT"] = "1"
import numpy as np
from npgan import backend
from npgan.layers import build
net, x = build(["dense 5 4", "tanh", "dense 4 3"], rng=0), np.ones((2, 5), np.float32)
y = net(x)
backend.use("numba")
backend.prepare()
assert np.allclose(net(x), y, atol=1e-6)
""",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_works_with(name):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPTS[name]], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_a_wrong_number_of_threads_is_named():
    code = "from npgan import backend; backend.use('numba')"
    environment = {**os.environ, "NPGAN_NUM_THREADS": "many"}
    result = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert "NPGAN_NUM_THREADS must be a number of threads, not 'many'" in result.stderr


def test_the_checker_sees_a_wrong_kernel(monkeypatch):
    backend.use("numba")
    right = backend.run.chain_backward
    monkeypatch.setattr(backend.run, "chain_backward", lambda dy, *rest: right(-dy, *rest))
    assert not gradcheck(build(["dense 3 2", "tanh"], rng=0), np.ones((4, 3)))
