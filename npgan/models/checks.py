"""What models ask of networks and rows: checks, and passes in evaluation mode."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from npgan import errors
from npgan.errors import InputError, NonFiniteError
from npgan.layers import Beside, Layer, Residual, Sequential, Sigmoid, Tanh
from npgan.layers.layer import Array
from npgan.ops.windows import by

OUTPUT_RANGES: dict[type[Layer], tuple[float, float]] = {Sigmoid: (0.0, 1.0), Tanh: (-1.0, 1.0)}
CHUNK, NUMBERS = 1000, 2**26  # rows, and numbers that a layer makes of them
WILD = 1e3  # a weight that no training needs
NOT_NEGATIVE = "running_var", "num_batches_tracked"  # buffers


def bounds(network: Sequential) -> tuple[float, float] | None:
    """Return the range of a network's last layer; None: unbounded, or something is added to that layer.

    >>> bounds(Sequential(Sigmoid())), bounds(Residual(Sigmoid()))
    ((0.0, 1.0), None)
    """
    return None if isinstance(network, Residual) else OUTPUT_RANGES.get(type(network.layers[-1]))


def check_networks(**networks: Any) -> None:
    """Refuse what is no network, a bare layer, say, and networks that make images where rows are needed."""
    for name, network in networks.items():
        errors.instance(f"the {name}", network, Sequential)
        shape = network.in_shape()
        made = network.out_shape(shape) if shape else ()
        if len(made) == 3:
            raise InputError(f"the {name} makes images of {by(made)}: let it end in flatten")


def in_chunks(network: Layer, x: Array) -> Array:
    """Apply a network, in evaluation mode, to many rows without holding all its caches at once.

    That is to at most 1000 rows at a time, and to fewer if a layer makes more than 2**26 numbers of these.

    Raises NonFiniteError if weights are so large that a layer's output is NaN or infinite.
    """
    size = _rows_at_once(network)
    chunks = [x[i : i + size] for i in range(0, max(len(x), 1), size)]
    with np.errstate(all="ignore"):  # what is not finite is looked for
        y = np.concatenate(list(map(network, chunks)))
        largest = max((float(abs(w).max(initial=0)) for w in network.arrays().values()), default=0)
        if largest > WILD or not np.isfinite(y).all():
            for chunk in chunks:
                _require_finite(network, chunk, largest)
    return y


def _rows_at_once(network: Layer) -> int:
    shape = network.in_shape()
    if not shape or not isinstance(network, Sequential):
        return CHUNK
    made = (math.prod(layer.out_shape(takes)) for layer, takes in network.walk(shape))
    return max(1, min(CHUNK, NUMBERS // max(made, default=1)))


def _require_finite(network: Layer, x: Array, largest: float) -> Array:
    """Go through the layers one by one: what an activation would hide is seen before it."""
    for layer in network.layers if isinstance(network, Sequential) else [network]:
        if isinstance(layer, Sequential) and not isinstance(layer, Beside):  # its layers see less
            _require_finite(layer, x, largest)
        x = layer(x)
        if not np.isfinite(x).all():
            raise NonFiniteError(
                f"{layer!r} makes numbers that are NaN or infinite: the weights are too large, up to "
                f"{largest:.3g}, or the numbers that the network is given"
            )
    return x


def check_rows(name: str, rows: Any, width: int) -> None:
    """Refuse what are no rows (n, ``width``) of a training step; traced ones have no numbers yet."""
    errors.shaped(name, rows, ("n", width), rows=1)


def inputs(name: str, x: Any, network: Layer, width: int | None = None) -> Array:
    """Return rows (n, ``width``) of a user's as a network takes them; by default as wide as its input."""
    width = width or getattr(network, "in_width", 0)
    form, dtype = ("n", width or "d"), network.parameters.flat.dtype
    return np.ascontiguousarray(errors.array(name, x, form, dtype=dtype))


def reads_logits(kind: str, name: str, of_logits: str, decoder: Sequential) -> bool:
    """Return whether a loss of probabilities is computed from their logits: ``of_logits`` is the one that is.

    In float32 a sigmoid is 1 from a logit of 17 on: the loss of a pixel that is 0 there would have no
    gradient, and the network could not learn it.

    Raises InputError if it is, and the decoder does not end in a sigmoid.
    """
    if name == of_logits and bounds(decoder) != (0.0, 1.0):
        raise InputError(f"the {kind} {name} needs probabilities: let the decoder end in a Sigmoid")
    return name == of_logits


def copy_in(mine: Mapping[str, Array], arrays: Mapping[str, Array]) -> None:
    """Copy arrays in by name; other names, shapes and types, and numbers that no model has, are refused."""
    for name in sorted(mine.keys() ^ arrays.keys()):
        raise InputError(f"{name!r} is {'missing' if name in mine else 'not of this model'}")
    for name, array in arrays.items():
        if array.shape != mine[name].shape or array.dtype != mine[name].dtype:
            raise InputError(
                f"{name!r} is {array.dtype} {array.shape}, this model's is "
                f"{mine[name].dtype} {mine[name].shape}"
            )
        if not np.isfinite(array).all():
            raise InputError(f"{name!r} has numbers that are NaN or infinite")
        if name.endswith(NOT_NEGATIVE) and (array < 0).any():
            raise InputError(f"{name!r} has numbers that are negative")
    for name, array in arrays.items():
        mine[name][...] = array
