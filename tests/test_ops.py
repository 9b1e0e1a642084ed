"""The operations against the loops of naive.py, at their extremes, and in their randomness."""

from functools import partial

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from npgan import InputError, backend, ops
from npgan.ops.kinds import KINDS

FLOATS = [np.float32, np.float64]
ACTIVATIONS = [*naive.ACTIVATIONS, "softmax"]
EXTREMES = [-1e4, -89.0, -1.0, -0.0, 0.0, 1e-30, 1.0, 89.0, 1e4]
few = settings(deadline=None, max_examples=25)


def op(name):
    return getattr(ops, name)


def kept(name, x, y):
    """Return what an activation's derivative is taken from."""
    return x if name in KINDS and KINDS[name].of_input else y


def matrices(dtype, low=-20, high=20, min_side=0, columns=4):
    elements = st.floats(low, high, width=np.finfo(dtype).bits, allow_subnormal=False)
    return arrays(dtype, st.tuples(st.integers(min_side, 4), st.just(columns)), elements=elements)


def close(got, expected, scale=1.0):
    """Allow ten roundings (no operation has more in a row) of numbers as large as scale."""
    eps = np.finfo(got.dtype).eps
    assert np.all(np.abs(got - expected) <= 10 * eps * np.maximum(np.abs(expected), scale))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", naive.ACTIVATIONS)
@few
@given(data=st.data())
def test_an_activation_is_its_formula_element_by_element(name, dtype, data):
    x, dy = data.draw(matrices(dtype)), data.draw(matrices(dtype, min_side=4))
    dy = dy[: len(x)]
    f, slope = naive.ACTIVATIONS[name]
    y = op(f"{name}_forward")(x)
    close(y, naive.elementwise(f, x))
    dx = op(f"{name}_backward")(dy, kept(name, x, y))
    close(dx, dy * naive.elementwise(slope, x), scale=np.abs(dy))
    assert y.dtype == dx.dtype == dtype


@pytest.mark.parametrize("dtype", FLOATS)
@few
@given(data=st.data())
def test_softmax_is_its_formula_and_its_backward_its_jacobian(dtype, data):
    x, dy = data.draw(matrices(dtype)), data.draw(matrices(dtype, min_side=4))
    dy = dy[: len(x)]
    y = ops.softmax_forward(x)
    dx = ops.softmax_backward(dy, y)
    assert y.dtype == dx.dtype == dtype
    # x - max rounds by eps |x - max| / 2 <= 20 eps, and the exponential multiplies that error by y
    for row in range(len(x)):
        close(y[row], naive.softmax(x[row].tolist()), scale=3)
        expected = naive.softmax_backward(dy[row].tolist(), x[row].tolist())
        close(dx[row], np.array(expected), scale=12 * np.abs(dy[row]).max())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_is_finite_and_silent_at_the_extremes(name, dtype):
    x = np.array([EXTREMES], dtype)
    with np.errstate(all="raise", under="ignore"):
        y = op(f"{name}_forward")(x)
        dx = op(f"{name}_backward")(np.ones_like(y), kept(name, x, y))
    assert np.isfinite(y).all()
    assert np.isfinite(dx).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(shape=array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=5), n=st.integers(0, 3))
@few
def test_an_activation_keeps_every_shape_also_of_an_empty_batch(name, shape, n):
    x = np.ones((n, *shape[1:]), np.float32)
    y = op(f"{name}_forward")(x)
    assert y.shape == op(f"{name}_backward")(x, y).shape == x.shape


@pytest.mark.parametrize(("name", "slope"), [("relu", 0.0), ("leaky_relu", 0.2), ("elu", 1.0)])
def test_at_the_corner_the_left_slope_is_taken(name, slope):
    y = op(f"{name}_forward")(np.zeros(1))
    assert op(f"{name}_backward")(np.ones(1), y) == [slope]


@pytest.mark.parametrize("alpha", [0.5, 3.0])
def test_the_arguments_of_leaky_relu_and_elu_reach_both_directions(alpha):
    x, dy = np.array([-2.0, 2.0]), np.array([3.0, 3.0])
    np.testing.assert_allclose(ops.leaky_relu_forward(x, alpha), [-2 * alpha, 2])
    np.testing.assert_allclose(ops.leaky_relu_backward(dy, x, alpha), [3 * alpha, 3])
    at_0 = ops.leaky_relu_forward(np.array([1e-20j]), alpha)  # the complex step, at the corner
    np.testing.assert_allclose(at_0.imag / 1e-20, [alpha])
    np.testing.assert_allclose(ops.leaky_relu_backward(np.ones(1), np.zeros(1), alpha), [alpha])
    y = ops.elu_forward(x, alpha)
    np.testing.assert_allclose(y, [alpha * (np.exp(-2) - 1), 2])
    np.testing.assert_allclose(ops.elu_backward(dy, y, alpha), [3 * alpha * np.exp(-2), 3])
    np.testing.assert_allclose(ops.elu_backward(np.ones(1), np.zeros(1), alpha), [alpha])


@pytest.mark.parametrize("dtype", FLOATS)
@given(data=st.data())
@few
def test_dense_is_its_sums(dtype, data):
    x, weight = data.draw(matrices(dtype)), data.draw(matrices(dtype, min_side=4, columns=3))
    bias = np.array([1, -2, 3], dtype)
    y = ops.dense_forward(x, weight, bias)
    size = 4 * 20 * 20  # four products of at most 20 * 20
    close(y, np.reshape(naive.dense(x.tolist(), weight.tolist(), bias.tolist()), y.shape), size)
    assert y.dtype == dtype


def test_dense_backward_adds_to_the_gradients_it_is_given():
    dy, x = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]])
    dweight, dbias = np.full((1, 2), 100.0), np.full(2, 100.0)
    ops.dense_backward_parameters(dy, x, dweight, dbias)
    np.testing.assert_array_equal(dweight, [[100 + 5 + 18, 100 + 10 + 24]])
    np.testing.assert_array_equal(dbias, [104, 106])
    np.testing.assert_array_equal(
        ops.dense_backward_input(dy, np.array([[7.0, 8.0]])), [[23], [53]]
    )


@pytest.mark.parametrize("shape", [(16,), (4, 4, 1), (6, 2, 3)])
@pytest.mark.parametrize("moves", [[(0, 0), (1, -2)], [(-1, 0), (2, 3)], [(5, 1), (-4, 0)]])
def test_a_shift_moves_every_pixel_and_loses_those_over_the_edge(moves, shape):
    x = np.random.default_rng(0).standard_normal((2, *shape))
    moved = ops.shift_forward(x, np.array(moves))
    assert moved.shape == x.shape
    images = (array.reshape(2, *(shape if len(shape) == 3 else (4, 4, 1))) for array in (x, moved))
    for image, expected, (down, right) in zip(*images, moves, strict=True):
        np.testing.assert_array_equal(naive.shift(image.tolist(), down, right), expected)


ON_IMAGES = {
    "flip": (np.array([1, 0, 1]), lambda image, flipped: naive.flip(image) if flipped else image),
    "pixelate": (2, naive.pixelate),
    "saturation": (np.array([0.0, 0.3, 1.7]), naive.saturation),
    "contrast": (np.array([0.5, 1.0, 1.4]), naive.contrast),
}


@pytest.mark.parametrize("shape", [(2, 4, 3), (4, 4, 1)])
@pytest.mark.parametrize("name", ON_IMAGES)
def test_operations_on_images_are_their_formulas(name, shape):
    given, formula = ON_IMAGES[name]
    x = np.random.default_rng(0).standard_normal((3, *shape))
    each = zip(x.tolist(), np.broadcast_to(given, 3), strict=True)
    y = getattr(ops, f"{name}_forward")(x, given)
    close(y, np.array([formula(image, one) for image, one in each]), 4)


@pytest.mark.parametrize("name", ["flip", "pixelate", "contrast"])
def test_a_row_is_a_square_grey_image(name):
    x, (given, _) = np.random.default_rng(0).standard_normal((3, 16)), ON_IMAGES[name]
    forward = getattr(ops, f"{name}_forward")
    close(forward(x, given), forward(x.reshape(3, 4, 4, 1), given).reshape(3, 16), 4)


@given(data=st.data())
@few
def test_fourier_features_are_their_formula(data):
    x = data.draw(matrices(np.float64, -9, 9, columns=2))
    frequencies = np.array([0.25, 1.0, 3.7])
    y = ops.fourier_forward(x, frequencies)
    dy = np.random.default_rng(0).standard_normal(y.shape)
    dx = ops.fourier_backward(dy, y, frequencies)
    assert y.shape == (len(x), 2 * 7)
    size = 3 * 2 * np.pi * 9 * 3.7  # an argument is rounded three times, relative to its size
    for row in range(len(x)):
        expected = naive.fourier(x[row].tolist(), frequencies.tolist())
        np.testing.assert_allclose(y[row], expected, rtol=0, atol=size * 2**-52)
        expected = naive.fourier_backward(dy[row].tolist(), x[row].tolist(), frequencies.tolist())
        slope = 1 + 2 * np.pi * np.abs(dy[row]).sum() * frequencies.sum()
        np.testing.assert_allclose(dx[row], expected, rtol=0, atol=size * slope * 2**-52)


def test_waves_of_large_numbers_are_those_of_what_is_left_of_a_turn():
    x = np.float32([[4e6], [3e6 + 0.25], [1.25]])
    waves = ops.fourier_forward(x, np.ones(1))[:, 1:]
    np.testing.assert_allclose(waves, [[0, 1], [1, 0], [1, 0]], atol=1e-6)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", naive.LOSSES)
@few
@given(data=st.data())
def test_a_loss_is_the_mean_of_its_elements_and_its_gradient_theirs(name, dtype, data):
    x = data.draw(matrices(dtype, min_side=1))
    target = data.draw(matrices(dtype, 0, 1, min_side=4))[: len(x)]
    loss, slope = naive.LOSSES[name]
    value, gradient = op(f"{name}_forward")(x, target), op(f"{name}_backward")(x, target)
    elements = naive.elementwise(loss, x, target)
    # softplus(l) - t l subtracts numbers of up to |l|; a sum of 16 has 4 more roundings, pairwise
    close(value, elements.mean(), scale=2 * max(1, np.abs(x).max(), elements.max()))
    expected = naive.elementwise(slope, x, target) / x.size
    close(gradient, expected, scale=1 / x.size)
    assert value.dtype == gradient.dtype == dtype


@pytest.mark.parametrize("dtype", FLOATS)
@few
@given(data=st.data())
def test_softmax_cross_entropy_is_minus_the_log_of_the_right_class(dtype, data):
    logits = data.draw(matrices(dtype, min_side=1))
    labels = np.arange(len(logits)) * 3 % 4
    value = ops.softmax_cross_entropy_forward(logits, labels)
    gradient = ops.softmax_cross_entropy_backward(logits, labels)
    expected, expected_gradient = naive.softmax_cross_entropy(logits.tolist(), labels.tolist())
    close(value, expected, scale=40)  # a difference of numbers in [-40, 40]
    close(gradient, np.array(expected_gradient), scale=4 / len(logits))
    assert value.dtype == gradient.dtype == dtype


@pytest.mark.parametrize("lead", [0, 17, 40, 80])
@pytest.mark.parametrize("choice", backend.BACKENDS)
def test_a_sure_softmaxs_gradient_keeps_its_digits(choice, lead):
    backend.use(choice)
    logits, labels = np.array([[lead, 1.0, 0.0], [0.5, -lead, -lead]]), np.array([0, 0])
    expected = backend.run.softmax_cross_entropy(logits, labels)[1]
    got = backend.run.softmax_cross_entropy(logits.astype(np.float32), labels)[1]
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    assert (expected[:, 0] < 0).all()


@pytest.mark.parametrize("dtype", FLOATS)
@few
@given(data=st.data())
def test_the_divergence_is_that_of_kingma_and_welling(dtype, data):
    mean = data.draw(matrices(dtype, -3, 3, min_side=1))
    log_var = data.draw(matrices(dtype, -3, 3, min_side=4))[: len(mean)]
    value = ops.kl_standard_normal_forward(mean, log_var)
    dmean, dlog_var = ops.kl_standard_normal_backward(mean, log_var)
    close(value, naive.kl_standard_normal(mean.tolist(), log_var.tolist()), scale=4 * (9 + 20 + 3))
    n = len(mean)
    close(dmean, mean.astype(float) / n)
    close(dlog_var, (np.exp(log_var.astype(float)) - 1) / (2 * n), scale=20 / n)
    assert value.dtype == dmean.dtype == dlog_var.dtype == dtype


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("target", [0.0, 0.9, 1.0])
def test_losses_of_logits_are_finite_and_silent_at_the_extremes(dtype, target):
    logits = np.array([EXTREMES], dtype)
    with np.errstate(all="raise", under="ignore"):
        results = [
            ops.bce_with_logits_forward(logits, target),
            ops.bce_with_logits_backward(logits, target),
            ops.softmax_cross_entropy_forward(logits, np.array([0])),
            ops.softmax_cross_entropy_backward(logits, np.array([0])),
        ]
    assert all(np.isfinite(result).all() for result in results)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_a_dropout_mask_keeps_its_share_and_has_mean_1(rate):
    n, keep = 100_000, 1 - rate
    mask = ops.dropout_mask(np.random.default_rng(0), (100, n // 100), rate)
    # kept or not is a Bernoulli variable: variance keep * rate; the mask is that over keep
    sigma = np.sqrt(keep * rate / n)
    assert abs((mask > 0).mean() - keep) <= 5 * sigma
    assert abs(mask.mean(dtype=float) - 1) <= 5 * sigma / keep + np.finfo(np.float32).eps
    assert mask.dtype == np.float32
    assert mask.shape == (100, n // 100)


def test_dropout_goes_back_through_the_mask_of_the_way_forward():
    mask = ops.dropout_mask(np.random.default_rng(0), (50, 4), 0.3)
    x = np.random.default_rng(1).standard_normal((50, 4))
    np.testing.assert_array_equal(ops.dropout_forward(x, mask), x * mask)
    np.testing.assert_array_equal(ops.dropout_backward(x, mask), x * mask)


@pytest.mark.parametrize(("mu", "log_var"), [(0.0, 0.0), (3.0, 2.0), (-1.0, -4.0)])
def test_a_gaussian_sample_has_its_mean_and_the_variance_exp_of_log_var(mu, log_var):
    n, variance = 100_000, np.exp(log_var)
    eps = np.random.default_rng(0).standard_normal(n)
    z = ops.gaussian_sample_forward(np.full(n, mu), np.full(n, log_var), eps)
    # a normal sample's mean varies by variance / n, its mean square by 2 variance^2 / n
    assert abs(z.mean() - mu) < 5 * np.sqrt(variance / n)
    assert abs(((z - mu) ** 2).mean() - variance) < 5 * variance * np.sqrt(2 / n)


def test_gaussian_gradients_are_those_of_mean_and_log_variance():
    dz, log_var, eps = np.array([2.0]), np.log(np.array([9.0])), np.array([5.0])
    dmean, dlog_var = ops.gaussian_sample_backward(dz, log_var, eps)
    np.testing.assert_array_equal(dmean, dz)
    np.testing.assert_allclose(dlog_var, 2 * 5 * 3 / 2, rtol=1e-15)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0)])
def test_gather_takes_rows_and_scales_bytes_only(low, high):
    data = np.array([[0, 255], [51, 204], [7, 9]], np.uint8)
    batch = ops.gather(data, np.array([1, 0, 1]), low, high)
    expected = [[low + (high - low) * b / 255 for b in row] for row in ([51, 204], [0, 255])]
    close(batch, np.array([expected[0], expected[1], expected[0]]))
    assert batch.dtype == np.float32
    assert (batch.min(), batch.max()) == (low, high)
    for dtype in FLOATS:
        same = ops.gather(data.astype(dtype), np.array([2]), low, high)
        np.testing.assert_array_equal(same, [[7, 9]])
        assert same.dtype == dtype


def test_kernels_of_a_minibatch_are_equally_wide():
    x, weight = np.ones((4, 3)), np.ones((3, 5))
    with pytest.raises(InputError, match="2 kernels do not share a weight 5 wide"):
        ops.minibatch_discrimination_forward(x, weight, 2)


@pytest.mark.parametrize(
    ("weight", "bias", "right"), [(0, 6, True), (1, 7, False), (2, 0, True), (3, 0, False)]
)
def test_a_chains_weights_lie_within_the_network(weight, bias, right):
    plan = np.array([[3, 2, weight, bias, 0, 0]])  # 3 x 2 weights and 2 biases among 8 numbers
    go = partial(ops.chain_forward, np.ones((1, 3)), np.ones(8), plan, np.zeros(1))
    if right:
        assert go().shape == (2,)
    else:
        with pytest.raises(InputError, match="lies outside 8 weights"):
            go()


@pytest.mark.parametrize(
    ("column", "value"), [(0, 1), (1, 0), (4, -1), (4, len(ops.chain.ACTIVATIONS)), (5, 3)]
)
def test_a_chains_stage_follows_the_one_before_it(column, value):
    plan = np.array([[3, 2, 0, 6, 0, 0], [2, 1, 0, 6, 0, 2]])
    go = partial(ops.chain_forward, np.ones((1, 3)), np.ones(8), plan, np.zeros(2))
    assert go().shape == (3,)
    plan[1, column] = value
    with pytest.raises(InputError, match="cannot follow 2 numbers"):
        go()
