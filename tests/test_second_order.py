"""The derivative of the backward pass: against torch, against first derivatives, and refused."""

import naive
import numpy as np
import pytest
from golden import recorded

from npgan import GaussianSample, InputError, Layer, Sequential, backend, ops
from npgan.layers import build
from npgan.ops.kinds import KINDS

ACTIVATIONS = [*naive.ACTIVATIONS, "softmax"]
PIECEWISE_LINEAR = ("identity", "relu", "leaky_relu")
OF_INPUT = [name for name, kind in KINDS.items() if kind.of_input]


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def network(activation, rate=0.0):
    specs = ["dense 4 6", activation, f"dropout {rate}", "dense 6 5", activation, "dense 5 1"]
    net = build(specs, rng=3).astype(np.float64)
    net.parameters.flat[:] += 0.1 * random(net.parameters.flat.size, seed=4)  # biases as well
    return net


def double_backward(net, v, x, input_grad=True, rng=7):
    """Return the gradients of v . dD/dx with respect to the parameters and x."""
    logits, cache = net.forward(x, np.random.default_rng(rng))
    _, record = net.input_gradient(np.ones_like(logits), cache)
    grads = net.parameters.like()
    _, dx = net.double_backward(v, record, cache, grads, input_grad)
    return grads.flat, dx


def gradient(net, x, rng=7):
    """Return the first derivatives of the sum of D with respect to the parameters and x."""
    logits, cache = net.forward(x, np.random.default_rng(rng))
    grads = net.parameters.like()
    return grads.flat, net.backward(np.ones_like(logits), cache, grads)


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("rate", [0.0, 0.4])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_is_the_difference_of_first_derivatives_along_v(activation, rate, choice):
    # grad(v . dD/dx) = d/de grad D(x + e v): no second derivative in it; the error of central
    # differences is about (rounding / e)^(2/3) = 1e-11 for e = 1e-5, times third derivatives
    backend.use(choice)
    net, x, v, e = network(activation, rate), random(3, 4), random(3, 4, seed=1), 1e-5
    high, low = gradient(net, x + e * v), gradient(net, x - e * v)
    for mine, a, b in zip(double_backward(net, v, x), high, low, strict=True):
        expected = (a - b) / (2 * e)
        mine = np.zeros(x.shape) if mine is None else mine
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-8 * (1 + abs(expected).max()))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_both_forms_of_a_network_agree(activation):
    net, x, v = network(activation), random(3, 4), random(3, 4, seed=1)
    layers = double_backward(net, v, x)
    backend.use("numba")
    for a, b in zip(layers, double_backward(net, v, x), strict=True):
        assert (a is None) == (b is None)
        np.testing.assert_allclose(b, a, rtol=0, atol=1e-13) if a is not None else None


@pytest.mark.parametrize("choice", backend.BACKENDS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_inputs_gradient_is_returned_only_if_it_is_wanted_and_not_zero(activation, choice):
    backend.use(choice)
    net, x = network(activation), random(3, 4)
    (full, dx), (same, none) = (double_backward(net, x, x, wanted) for wanted in (True, False))
    np.testing.assert_array_equal(same, full)
    assert none is None
    assert (dx is None) == (activation in PIECEWISE_LINEAR)


def test_the_first_layers_product_is_left_out_with_the_inputs_gradient():
    products = {True: 0, False: 0}
    for wanted in products:

        def see(name, _, wanted=wanted):
            products[wanted] += name == "dense_backward_input"

        with backend.watched(see):
            backend.run.fused = False
            double_backward(network("tanh"), random(5, 4), random(5, 4, seed=1), wanted)
    assert products[True] == products[False] + 1


def test_the_parameters_are_told_of_as_much_without_the_input():
    net = build(["layer_norm 3", ["dense 3 3", "tanh"], "dense 3 1"], rng=0)
    net, x = net.astype(np.float64), random(3, 3)
    (full, _), (same, none) = (double_backward(net, x, x, wanted) for wanted in (True, False))
    np.testing.assert_array_equal(same, full)
    assert none is None


def test_input_gradient_is_backward_without_the_parameters():
    net, x = network("tanh", 0.4), random(3, 4)
    logits, cache = net.forward(x, np.random.default_rng(0))
    dx, _ = net.input_gradient(np.ones_like(logits), cache)
    np.testing.assert_array_equal(dx, net.backward(np.ones_like(logits), cache))


@pytest.mark.parametrize("activation", PIECEWISE_LINEAR)
def test_one_product_a_stage_gives_a_first_order_loss_and_the_second_order_one(activation):
    # as ops.chain_double_backward derives it: dW += (l x + t).T e, for f'' = 0
    net, x, t, dlogits = network(activation), random(3, 4), random(3, 4, seed=1), random(3, 1)
    logits, caches = net.forward(x)
    _, e = net.input_gradient(np.ones_like(logits), caches)
    grads = net.parameters.like()
    net.double_backward(t, e, caches, grads)
    net.backward(dlogits, caches, grads)
    for i, layer in enumerate(net.layers):
        if layer.name == "dense":
            product = (dlogits * caches[i] + t).T @ e[i]
            np.testing.assert_allclose(product, grads[f"{i}.weight"], rtol=0, atol=1e-13)
        t, _ = layer.double_backward(t, e[i], caches[i])


# --- against torch -------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_is_what_torch_computes_with_create_graph(activation):
    net, x, v = network(activation), random(3, 4), random(3, 4, seed=1)
    grads, through = double_backward(net, v, x)
    through = np.zeros(x.shape) if through is None else through
    expected = recorded("second order", activation)
    found = np.append(grads, through)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * abs(expected).max())


# --- at the extremes, and refused ----------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_second_derivatives_are_finite_and_silent_at_the_extremes(name, dtype):
    x = np.array([[-1e4, -89.0, -1.0, -0.0, 0.0, 1e-30, 1.0, 89.0, 1e4]], dtype)
    with np.errstate(all="raise", under="ignore"):
        y = getattr(ops, f"{name}_forward")(x)
        one, seen = np.ones_like(y), x if name in OF_INPUT else y
        results = getattr(ops, f"{name}_double_backward")(one, one, seen)
    for result in results:
        assert result is None or (np.isfinite(result).all() and result.dtype == dtype)


@pytest.mark.parametrize("alpha", [0.5, 3.0])
def test_the_arguments_of_leaky_relu_and_elu_reach_the_second_derivative(alpha):
    x, two, three = np.array([-2.0, 2.0]), np.full(2, 2.0), np.full(2, 3.0)
    ddy, none = ops.leaky_relu_double_backward(two, three, x, alpha)
    np.testing.assert_allclose(ddy, [2 * alpha, 2])
    assert none is None
    ddy, dx = ops.elu_double_backward(two, three, ops.elu_forward(x, alpha), alpha)
    np.testing.assert_allclose(ddy, [2 * alpha * np.exp(-2), 2])
    np.testing.assert_allclose(dx, [6 * alpha * np.exp(-2), 0])


@pytest.mark.parametrize("name", naive.ACTIVATIONS)
def test_a_double_backward_is_its_formula_element_by_element(name):
    x, dy, ddx = 3 * random(50), random(50, seed=1), random(50, seed=2)
    seen = x if name in OF_INPUT else getattr(ops, f"{name}_forward")(x)
    ddy, dx = getattr(ops, f"{name}_double_backward")(ddx, dy, seen)
    slope, curvature = naive.ACTIVATIONS[name][1], naive.CURVATURES.get(name)
    close = {"rtol": 1e-12, "atol": 1e-14}  # f' loses digits in 1 - y where y is close to 1
    np.testing.assert_allclose(ddy, ddx * naive.elementwise(slope, x), **close)
    assert (dx is None) == (curvature is None)
    if curvature:
        np.testing.assert_allclose(dx, ddx * dy * naive.elementwise(curvature, x), **close)


class Square(Layer):
    """A user's layer, with a first derivative only."""

    def forward(self, x, rng=None):
        return x * x, x

    def backward(self, dy, cache, grads=None, input_grad=True):
        return 2 * dy * cache


@pytest.mark.parametrize("layer", [Square(), GaussianSample()])
def test_a_layer_without_a_second_derivative_is_named(layer):
    net, x = Sequential(build(["dense 2 4"], rng=0), layer), np.ones((3, 2), np.float32)
    y, cache = net.forward(x)
    dx, record = net.input_gradient(np.ones_like(y), cache)
    with pytest.raises(InputError, match=rf"^{type(layer).__name__}\(\) has no second derivative"):
        net.double_backward(dx, record, cache)
