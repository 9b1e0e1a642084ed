r"""A chain of dense layers, each followed by an activation, as one operation that a backend may fuse.

A chain has stages s = 0, 1, ... Each has a row in the plan, (in, out, weight, bias, activation, before):
its widths, where its weight and bias start in the network's flat vector, its activation's place in
:data:`ACTIVATIONS`, and how many outputs the earlier stages have for one sample. The outputs of n samples
lie in one flat array, one stage after another. Those of stage s start at ``n * before``.

In the formulas :math:`x_s` is a stage's input, :math:`a_s = x_s W_s + b_s` and :math:`x_{s+1} = f_s(a_s)`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from npgan.errors import InputError
from npgan.ops import activation as functions
from npgan.ops.dense import (
    dense_backward_input,
    dense_backward_parameters,
    dense_double_backward,
    dense_forward,
)
from npgan.ops.kinds import KINDS
from npgan.shapes import Array, operation

ACTIVATIONS = [name for name, kind in KINDS.items() if not kind.of_input]
"""Activations whose derivatives are computed from the stage's output."""
Pass = Callable[[Any], Any]


def unchanged(x: Any) -> Any:
    """Return x.

    >>> unchanged(1)
    1
    """
    return x


def check_plan(given: Mapping[str, Any]) -> None:
    """Refuse a plan if a stage does not follow the one before it, or lies outside the weights."""
    (n, width), size, before = given["x"].shape, given["w"].size, 0
    for k, m, weight, bias, activation, start in given["plan"].tolist():
        if (k, start) != (width, before) or m < 1 or not 0 <= activation < len(ACTIVATIONS):
            raise InputError(
                f"the stage {[k, m, weight, bias, activation, start]} cannot follow {width} numbers"
            )
        if not (0 <= weight <= size - k * m and 0 <= bias <= size - m):
            raise InputError(
                f"a stage {k} x {m} at {weight} and {bias} lies outside {size} weights"
            )
        width, before = m, before + m
    for name, right in (("dy", (n, width)), ("y", (n * before,))):
        if name in given and given[name].shape != right:
            raise InputError(f"the chain's {name} must have shape {right}, not {given[name].shape}")


def check_coefficients(c: Any, g: Any) -> None:
    """Refuse coefficients of a wrong shape: a penalty has one for each sample, or for each of its features."""
    if c.shape not in ((len(g), 1), g.shape):
        raise InputError(f"a penalty's c must have shape {(len(g), 1)} or {g.shape}, not {c.shape}")


def _apply(activation: int, argument: float, direction: str, *arrays: Array) -> Any:
    name = ACTIVATIONS[activation]
    arguments = () if KINDS[name].argument is None else (float(argument),)
    return getattr(functions, f"{name}_{direction}")(*arrays, *arguments)


@operation("x (n, I) cast, w (p,), plan (S, 6) integers, arguments (S,) cast real", also=check_plan)
def chain_forward(x: Array, w: Array, plan: Array, arguments: Array) -> Array:
    r"""Apply every stage, :math:`x_{s+1} = f_s(x_s W_s + b_s)`, and return the outputs of all.

    Parameters
    ----------
    x : (n, in)
    w : (size,) all parameters
    plan : (stages, 6) integers, see the top of this file
    arguments : (stages,) the activations' arguments, 0 where there is none

    Returns
    -------
    y : (n * sum of the stages' output widths,)

    Examples
    --------
    >>> plan = np.array([[1, 1, 0, 1, 1, 0], [1, 2, 2, 4, 0, 1]])  # 1 -> 1 relu -> 2
    >>> w = np.array([2.0, 0.0, 1.0, -1.0, 0.5, 0.5])
    >>> chain_forward(np.array([[3.0]]), w, plan, np.zeros(2))
    array([ 6. ,  6.5, -5.5])
    """
    outputs = []
    for (k, m, weight, bias, activation, _), argument in zip(plan, arguments, strict=True):
        x = dense_forward(x, w[weight : weight + k * m].reshape(k, m), w[bias : bias + m])
        x = _apply(activation, argument, "forward", x)
        outputs.append(x.reshape(-1))
    return np.concatenate(outputs)


@operation(
    "dy (n, o) cast, x (n, I) cast, y (q,) cast, w (p,), plan (S, 6) integers, "
    "arguments (S,) cast real, grads (p,) changed or None",
    also=check_plan,
)
def chain_backward(
    dy: Array,
    x: Array,
    y: Array,
    w: Array,
    plan: Array,
    arguments: Array,
    grads: Array | None,
    input_grad: bool,
) -> Array | None:
    r"""Go back through the stages by the chain rule.

    :math:`\delta_s` is the gradient with respect to :math:`x_s`, and :math:`e_s` that with respect to
    :math:`a_s`. For each stage, from the last to the first,

    .. math:: e_s = \delta_{s+1} \odot f_s'(a_s), \quad
        dW_s \mathrel{+}= x_s^\top e_s, \quad db_s \mathrel{+}= \sum_n e_{s,n}, \quad \delta_s = e_s W_s^\top,

    where :math:`\delta` of the last stage's output is ``dy``, and ``dx`` is :math:`\delta_0`.

    Parameters
    ----------
    dy : (n, out) the gradient with respect to the last stage's output
    x, w, plan, arguments : as given to :func:`chain_forward`
    y : what that returned
    grads : (size,), added to; None: they are not wanted
    input_grad : whether ``dx`` is wanted; None is returned otherwise

    Returns
    -------
    dx : (n, in) or None

    Examples
    --------
    >>> plan = np.array([[1, 1, 0, 1, 1, 0], [1, 2, 2, 4, 0, 1]])
    >>> w, grads = np.array([2.0, 0.0, 1.0, -1.0, 0.5, 0.5]), np.zeros(6)
    >>> x = np.array([[3.0]])
    >>> y = chain_forward(x, w, plan, np.zeros(2))
    >>> chain_backward(np.array([[1.0, 0.0]]), x, y, w, plan, np.zeros(2), grads, True)
    array([[2.]])
    >>> grads
    array([3., 1., 6., 0., 1., 0.])
    """
    n = len(dy)
    for s in reversed(range(len(plan))):
        k, m, weight, bias, activation, before = plan[s]
        output = y[n * before : n * (before + m)].reshape(n, m)
        source = y[n * (before - k) : n * before].reshape(n, k) if s else x
        dy = _apply(activation, arguments[s], "backward", dy, output)
        if grads is not None:
            dweight = grads[weight : weight + k * m].reshape(k, m)
            dense_backward_parameters(dy, source, dweight, grads[bias : bias + m])
        if s or input_grad:
            dy = dense_backward_input(dy, w[weight : weight + k * m].reshape(k, m))
    return dy if input_grad else None


@operation(
    "ddx (n, I) cast, dy (n, o) cast, x (n, I) cast, y (q,) cast, w (p,), "
    "plan (S, 6) integers, arguments (S,) cast real, grads (p,) changed or None",
    also=check_plan,
)
def chain_double_backward(
    ddx: Array,
    dy: Array,
    x: Array,
    y: Array,
    w: Array,
    plan: Array,
    arguments: Array,
    grads: Array | None,
    input_grad: bool,
) -> tuple[Array, Array | None]:
    r"""Differentiate :func:`chain_backward`, given a penalty P's gradient ``ddx`` with respect to its ``dx``.

    The backward pass computes :math:`e_s = \delta_{s+1} \odot f_s'(a_s)` and :math:`\delta_s = e_s W_s^\top`
    from the last stage to the first. Its inputs are ``dy``, the weights, and, through :math:`f_s'`, every
    :math:`a_s`. So P is differentiated in two sweeps.

    *From the first stage to the last.* Let :math:`t_s = \partial P/\partial\delta_s`; the sweep starts at
    :math:`t_0 = ddx`. The product :math:`\delta_s = e_s W_s^\top` has two factors, and :math:`e_s` has two more:

    .. math:: \frac{\partial P}{\partial e_s} = t_s W_s =: u_s, \quad
        dW_s \mathrel{+}= t_s^\top e_s, \quad
        t_{s+1} = u_s \odot f_s'(a_s), \quad
        h_s = u_s \odot \delta_{s+1} \odot f_s''(a_s).

    The last t is :math:`ddy`, and :math:`h_s` is how P changes with :math:`a_s` within this stage alone.

    *From the last stage to the first.* But :math:`a_s` also moves every later stage. The whole derivative
    :math:`r_s = \partial P/\partial a_s` collects this as any backward pass does,

    .. math:: r_s = h_s + (r_{s+1} W_{s+1}^\top) \odot f_s'(a_s), \quad
        dW_s \mathrel{+}= x_s^\top r_s, \quad db_s \mathrel{+}= \sum_n r_{s,n},

    and :math:`\partial P/\partial x = r_0 W_0^\top`. Where every :math:`f'' = 0`, all of this sweep is 0.

    *Sharing the products.* A discriminator returns one logit for each sample. Take ``dy = 1``. If a
    loss L has the derivatives :math:`l_n` with respect to these logits, its gradient with respect to
    :math:`a_s` is :math:`l_n e_{s,n}`, row by row. Where every :math:`f'' = 0`, loss and penalty together then
    need one product a stage, :math:`dW_s \mathrel{+}= (l \odot x_s + t_s)^\top e_s`. A penalty at points where the
    loss is computed anyway therefore costs little more than the products :math:`t_s W_s`.

    ``ddx`` is (n, in), and the other parameters are as for :func:`chain_backward`. ``ddy`` (n, out) is returned
    with :math:`\partial P/\partial x` (n, in), which is None if it is not wanted or every f'' = 0.

    >>> plan = np.array([[1, 1, 0, 1, 1, 0], [1, 2, 2, 4, 0, 1]])
    >>> w, grads = np.array([2.0, 0.0, 1.0, -1.0, 0.5, 0.5]), np.zeros(6)
    >>> x, dy, ddx = np.array([[3.0]]), np.array([[1.0, 0.0]]), np.array([[10.0]])
    >>> y = chain_forward(x, w, plan, np.zeros(2))  # dx = W0 W1 dy = 2 (1 - 0)
    >>> chain_double_backward(ddx, dy, x, y, w, plan, np.zeros(2), grads, True)
    (array([[ 20., -20.]]), None)
    >>> grads
    array([10.,  0., 20.,  0.,  0.,  0.])
    """
    stages, n = range(len(plan)), len(dy)
    weights = [w[at : at + k * m].reshape(k, m) for k, m, at, *_ in plan]
    outputs = [y[n * at : n * (at + m)].reshape(n, m) for _, m, *_, at in plan]
    delta, e = [dy] * len(plan), [dy] * len(plan)
    for s in reversed(stages):
        delta[s] = dense_backward_input(e[s + 1], weights[s + 1]) if s < stages[-1] else dy
        e[s] = _apply(plan[s, 4], arguments[s], "backward", delta[s], outputs[s])
    t, h = ddx, []
    for s, (k, m, at, _, activation, _) in enumerate(plan):
        dweight = None if grads is None else grads[at : at + k * m].reshape(k, m)
        u = dense_double_backward(t, e[s], weights[s], dweight)
        t, injected = _apply(activation, arguments[s], "double_backward", u, delta[s], outputs[s])
        h.append(injected)
    r = None
    for s in reversed(stages):
        k, m, at, bias, activation, _ = plan[s]
        if r is not None:
            r = _apply(activation, arguments[s], "backward", r, outputs[s])
        r = total(r, h[s])
        if r is not None and grads is not None:
            dweight = grads[at : at + k * m].reshape(k, m)
            dense_backward_parameters(
                r, outputs[s - 1] if s else x, dweight, grads[bias : bias + m]
            )
        if r is not None and (s or input_grad):
            r = dense_backward_input(r, weights[s])
    return t, r if input_grad else None


@operation(
    "dy (n, 1) cast, c (n, e) cast, x (n, I) cast, y (q,) cast, w (p,), "
    "plan (S, 6) integers, arguments (S,) cast real, grads (p,) changed or None",
    also=check_plan,
)
def chain_penalized_backward(
    dy: Array,
    c: Array,
    x: Array,
    y: Array,
    w: Array,
    plan: Array,
    arguments: Array,
    grads: Array | None,
    down: Pass = unchanged,
    up: Pass = unchanged,
) -> np.floating:
    r"""Go back for a loss and for a penalty on the slope; return the penalty.

    .. math:: P = \frac12\sum_{nj} c_{nj}\left(\frac{\partial y_n}{\partial x_{nj}}\right)^2

    The output is one number for each sample, a logit. The gradient of P with respect to the slope
    :math:`g_n = \partial y_n/\partial x_n` is :math:`c_n \odot g_n`, and :func:`chain_double_backward` takes it to
    the parameters. A kernel can do this and the loss's backward pass at once, by that function's last formula.

    Layers without parameters may stand before the chain. The penalty is then on the slope with respect to
    *their* input: ``down`` takes :math:`g_n` through them to that input, and ``up`` takes the gradient of P back.

    ``dy`` (n, 1) is the loss's gradient with respect to the last stage's output, and ``c`` has a coefficient for
    each sample, (n, 1), or for each of its features, (n, in). The gradient of both loss and penalty is added to
    ``grads``. The other parameters are as for :func:`chain_backward`.

    >>> plan, w, grads = np.array([[1, 1, 0, 1, 0, 0]]), np.array([3.0, 0.0]), np.zeros(2)
    >>> x, c = np.array([[5.0]]), np.array([[2.0]])  # P = w²
    >>> y = chain_forward(x, w, plan, np.zeros(1))
    >>> chain_penalized_backward(np.zeros((1, 1)), c, x, y, w, plan, np.zeros(1), grads), grads
    (np.float64(9.0), array([6., 0.]))
    """
    ones = np.ones_like(dy)
    g = chain_backward(ones, x, y, w, plan, arguments, None, True)
    assert g is not None
    g = down(g)
    check_coefficients(c, g)
    if grads is not None:
        chain_backward(dy, x, y, w, plan, arguments, grads, False)
        chain_double_backward(up(c * g), ones, x, y, w, plan, arguments, grads, False)
    return (c * np.square(g)).sum() / 2


def total(a: Array | None, b: Array | None) -> Array | None:
    """Return a + b, where None stands for a zero.

    >>> total(None, np.ones(1))
    array([1.])
    """
    return b if a is None else a if b is None else a + b
