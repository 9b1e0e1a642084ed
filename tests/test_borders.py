"""No call with wrong arrays is answered, or ends the process: not on one backend, nor on the other.

For every operation and layer, right arguments are made from what it says that it takes, and one of them
is spoilt. What the reference refuses the kernel refuses, by an InputError; where both answer, they agree.
"""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npgan import InputError, backend, ops
from npgan.layers import (
    LAYERS,
    Dense,
    Dropout,
    ReLU,
    Residual,
    Sequential,
    Tanh,
    TwoBatches,
    example,
)
from npgan.layers.chain import Chain
from npgan.parameters import Parameters

pytest.importorskip("numba")
FLOATS = st.sampled_from([np.float32, np.float64])
NUMBERS = {
    "c": 2,
    "groups": 2,
    "t": 3,
    "factor": 2,
    "kernels": 2,
    "low": -1.0,
    "high": 1.0,
    "sigma": np.float32(1.5),
}
FIXED = {  # sizes of operations that not any will do for
    "shift": {"s": 9},
    "flip": {"s": 9},
    "pixelate": {"s": 16},
    "minibatch_discrimination_forward": {"e": 6},
    "fourier_backward": {"w": 10, "F": 2},
    "chain": {"n": 4, "I": 3, "o": 2, "p": 26, "q": 24, "S": 2},
    "chain_penalized_backward": {"n": 4, "I": 3, "p": 21, "q": 20, "S": 2, "e": 1},
    "batch_norm_forward": {"N": 3},
    "gather": {"m": 3},
    "gumbel_softmax": {"D": 3, "b": 3},
    "log_table": {"D": 4, "d": 2, "b": 2},
    "upsample": {"H": 4, "W": 2},
    "pixel_shuffle": {"C": 4, "H": 4, "W": 2},
    "avg_pool2d": {"H": 4, "W": 3, "h": 2, "w": 2},
    "max_pool2d": {"H": 4, "W": 3, "h": 2, "w": 2},
    "group_norm": {"D": 4, "G": 2},
    "conv": {"H": 5, "W": 4, "K": 2, "L": 3, "h": 4, "w": 2, "c": 2, "I": 2, "o": 3, "O": 3},
}
FURTHER = {  # arguments that a border does not name
    "conv2d_backward_input": [(5, 4)],
    "avg_pool2d_forward": [2, (2, 1)],
    "avg_pool2d_backward": [(4, 3), 2, (2, 1)],
    "max_pool2d_forward": [2, (2, 1)],
    "max_pool2d_backward": [2, (2, 1)],
    "max_pool2d_double_backward": [2, (2, 1)],
    "global_avg_pool2d_backward": [(4, 3)],
}
PLAN = np.array([[3, 4, 0, 12, 2, 0], [4, 2, 16, 24, 4, 4]])  # 3 -> 4 leaky ReLU -> 2 tanh
ARGUMENTS = np.array([0.3, 0.0])
CRITIC = np.array([[3, 4, 0, 12, 4, 0], [4, 1, 16, 20, 0, 4]])
DRAWN = {
    "standard_normal": ((2, 3), np.float32),
    "gumbel": ((2, 3), np.float32),
    "dropout_mask": ((2, 3), 0.5),
    "block_mask": ((2, 9), 2),
    "uniform": ((2, 3), -1.0, 1.0),
}


def random(shape, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def value(axis, sizes):
    """Return a size, of one that is computed its value."""
    terms = [factor.split("*") for factor in axis.split("+")]
    return sum(int(np.prod([sizes[f] if f.isalpha() else int(f) for f in term])) for term in terms)


def arguments(name, draw):
    """Return right arguments of an operation, of random sizes and types, and where its arrays are."""
    border = getattr(ops, name).border
    if name in DRAWN:
        return [np.random.default_rng(0), *DRAWN[name]], []
    sizes = {
        k: v for stem, fixed in FIXED.items() if name.startswith(stem) for k, v in fixed.items()
    }
    for letter in {c for a in border.arguments for axis in a.axes for c in axis if c.isalpha()}:
        sizes.setdefault(letter, draw(st.integers(letter.isupper(), 4)))
    kind, found = draw(FLOATS), []
    for i, argument in enumerate(border.arguments):
        axes = [axis.lstrip("*") for axis in argument.axes]
        shape = tuple(value(axis, sizes) for axis in axes)
        if argument.name == "plan":
            found.append(CRITIC if "penalized" in name else PLAN)
        elif argument.name == "arguments":
            found.append(ARGUMENTS.copy())
        elif argument.name == "widths":
            found.append(np.ones(shape, np.int64))
        elif not axes:
            found.append(NUMBERS.get(argument.name, 0.5))
        elif "below" in argument.words or "integers" in argument.words:
            found.append(np.zeros(shape, draw(st.sampled_from([np.int64, np.uint8]))))
        else:
            own = kind if "changed" in argument.words else draw(FLOATS)
            found.append(random(shape, own, i) ** 2)
    if (
        name.startswith("chain")
        and len(found) > len(border.arguments) - 1
        and name != "chain_forward"
    ):
        found += [] if "penalized" in name else [True]
    found += FURTHER.get(name, [])
    return found, [i for i, argument in enumerate(border.arguments) if argument.axes]


def gaps(a):
    """Return the same numbers with others between them."""
    wide = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)[..., ::2]
    wide[...] = a
    return wide


def locked(a):
    a = a.copy()
    a.flags.writeable = False
    return a


SPOILT = {
    "as it is": lambda a: a,
    "longer": lambda a: np.concatenate([a, a[:1]]),
    "much longer": lambda a: np.concatenate([a] * 100),
    "shorter": lambda a: a[:-1],
    "no rows": lambda a: a[:0],
    "one row": lambda a: a[:1],
    "one number": lambda a: np.ones((1,) * a.ndim, a.dtype),
    "transposed": lambda a: a.T,
    "wider": lambda a: np.concatenate([a, a], axis=-1),
    "an axis more": lambda a: a[None],
    "an axis less": lambda a: a.reshape(-1) if a.ndim > 1 else a.sum(keepdims=False)[...],
    "flat": lambda a: a.reshape(-1),
    "a scalar": lambda a: 1.0,
    "a list": lambda a: a.tolist(),
    "nothing": lambda a: None,
    "whole numbers": lambda a: a.astype(np.int64),
    "negative": lambda a: np.full(a.shape, -1),
    "large": lambda a: np.full(a.shape, 10**6),
    "truth values": lambda a: a > 0,
    "objects": lambda a: a.astype(object),
    "halves": lambda a: a.astype(np.float16),
    "doubles": lambda a: a.astype(np.float64),
    "complex": lambda a: a.astype(np.complex128),
    "other bytes": lambda a: a.astype(a.dtype.newbyteorder()),
    "Fortran's order": np.asfortranarray,
    "backwards": lambda a: a[::-1],
    "gaps": gaps,
    "read-only": locked,
    "not aligned": lambda a: (
        np.frombuffer(b"0" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape)
    ),
    "NaN": lambda a: np.full(a.shape, np.nan),
    "infinity": lambda a: np.full(a.shape, np.inf, np.float32),
}


def spoil(how, a):
    """Return a spoilt array; itself where that cannot be."""
    try:
        return SPOILT[how](a)
    except (ValueError, IndexError, TypeError):
        return a


def outcome(function, right, i=0, how="as it is"):
    """Return what a call on copies returns and what it leaves of its arguments; None: it was refused."""
    given = copy.deepcopy(right)
    if given:
        given[i] = spoil(how, given[i])
    with np.errstate(all="ignore"):
        try:
            result = function(*given)
        except InputError:
            return None
    results = result if isinstance(result, tuple) else (result,)
    return [*results, *given]


def agree(mine, reference):
    """Compare outcomes: both refused, or equal within the roundings of float32."""
    assert (mine is None) == (reference is None)
    for a, b in zip(mine or [], reference or [], strict=True):
        if isinstance(b, np.ndarray | np.generic) and np.asarray(b).dtype.kind in "fc":
            assert np.shape(a) == np.shape(b)
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


def both(name, *given):
    """Run an operation on both backends."""
    column = backend.TABLE[name]
    reference = outcome(column["numpy"], *given)
    if "numba" in column:
        agree(outcome(column["numba"], *given), reference)
    return reference


@pytest.mark.parametrize("name", backend.TABLE)
@given(data=st.data())
@settings(deadline=None, max_examples=4)
def test_an_operation_answers_on_both_backends_or_on_none(name, data):
    backend.use("numba")
    right, places = arguments(name, data.draw)
    assert both(name, right) is not None
    for i in places:
        for how in SPOILT:
            both(name, right, i, how)


def network():
    return Sequential(Dense(4, 5), Tanh(), Dropout(0.3), Dense(5, 3), ReLU(), Dense(3, 1), rng=0)


def chain():
    net = Sequential(Dense(4, 5), Tanh(), Dense(5, 1), rng=0)
    stages = [("0", net.layers[0], net.layers[1]), ("2", net.layers[2], None)]
    return Chain(net.parameters, stages)


KINDS = {
    **{name: lambda name=name: example(name) for name in LAYERS},
    "sequential": network,
    "residual": lambda: Residual(Dense(4, 5), Tanh(), Dense(5, 4), rng=0),
    "two batches": lambda: TwoBatches(network(), 2),
    "chain": chain,
}
ANOTHER = Sequential(Dense(2, 3), Tanh(), rng=0)
CACHES = [None, 1, "cache", (), [], [None], (random((5, 4)), random((5, 4))), [random((5, 4))] * 3]
CACHES += [ANOTHER.forward(random((5, 2)))[1], (True, (random((5, 4)),) * 2), random((5, 4))]


def ways(layer, x):
    """Return the layer's passes by name, each a function of its right arguments, and these."""
    parameters = getattr(layer, "network", layer).parameters
    y, cache = layer.forward(x, np.random.default_rng(0))
    dy = random(y.shape, x.dtype, 1)
    found = {
        "forward": (layer, x, np.random.default_rng(0)),
        "backward": (layer, dy, cache, parameters.like()),
        "backward without gradients": (layer, dy, cache),
        "input_gradient": (layer, dy, cache),
    }
    try:
        dx, record = layer.input_gradient(dy, cache)
        layer.double_backward(dx, record, cache)
    except InputError:  # it has no second derivative
        return found
    found["double_backward"] = (
        layer,
        random(x.shape, x.dtype, 2),
        record,
        cache,
        parameters.like(),
    )
    if y.shape[1] == 1:
        c = random(dy.shape, x.dtype, 3)
        found["penalized_backward"] = (layer, dy, c, cache, parameters.like())
    return found


def wrong_gradients(parameters):
    """Return what is none of a layer's gradients."""
    flat = parameters.flat.copy()
    flat.flags.writeable = False
    small = Parameters(dict.fromkeys(parameters, (1,)))
    return [
        *(ANOTHER.parameters.like(), parameters, parameters.like(np.float64), small),
        *(
            dict(parameters.like()),
            parameters.flat.copy(),
            "grads",
            Parameters(parameters.shapes, flat),
        ),
    ]


def spoilt_calls(given):
    """Yield the arguments with one of them spoilt, and what was done."""
    layer, *rest = given
    parameters = getattr(layer, "network", layer).parameters
    for i, right in enumerate(rest):
        if isinstance(right, np.random.Generator):
            continue
        wrong = CACHES
        if isinstance(right, np.ndarray):
            wrong = [*(spoil(how, right) for how in SPOILT), *CACHES]
        elif isinstance(right, Parameters):
            wrong = wrong_gradients(parameters) if parameters else []
        before, after = map(fresh, (rest[:i], rest[i + 1 :]))
        for other in wrong:
            yield [*before, other, *after]


def fresh(given):
    """Return the arguments with gradients that are zero."""
    return [a.like() if isinstance(a, Parameters) else a for a in given]


@pytest.mark.parametrize("name", KINDS)
def test_a_layer_answers_on_both_backends_or_on_none(name):
    outcomes = []
    for choice in backend.BACKENDS:
        backend.use(choice)
        layer, found = KINDS[name](), []
        for way, (_, *right) in ways(layer, random((5, *layer.example_shape))).items():
            call = getattr(layer, way.split()[0])
            found.append(answer(call, fresh(right)))
            assert found[-1] is not None
            found += [answer(call, given) for given in spoilt_calls((layer, *right))]
        outcomes.append(found)
    for mine, reference in zip(outcomes[1], outcomes[0], strict=True):
        agree(mine, reference)


def answer(call, given):
    """Return a pass's arrays and what it added to the gradients, or None where it was refused."""
    given = [copy.deepcopy(a) if isinstance(a, np.random.Generator) else a for a in given]
    with np.errstate(all="ignore"):
        try:
            result = call(*given)
        except InputError:
            return None
    arrays = result if isinstance(result, tuple) else (result,)
    found = [a for a in arrays if isinstance(a, np.ndarray | np.generic)]
    return found + [a.flat.copy() for a in given if isinstance(a, Parameters)]
