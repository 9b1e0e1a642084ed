"""Parameters: one flat vector per network, with named views into it.

So an update is one pass over one vector, a gradient's norm is one norm, and an average of the
weights is one interpolation.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from npgan.errors import InputError, instance, shown
from npgan.shapes import number_type
from npgan.system.memory import aligned_zeros


class Parameters(Mapping[str, np.ndarray]):
    """A flat vector and the named arrays that it is made of, which share its memory.

    Raises InputError if ``flat`` has the wrong size or type, or there is not enough memory for new zeros.

    Parameters
    ----------
    shapes : name -> shape, in the order of the vector
    flat : (size,) the memory to use; by default zeros of ``dtype``
    dtype : the type of new memory: float32, float64 or complex

    Examples
    --------
    >>> p = Parameters({"0.weight": (2, 3), "0.bias": (3,)})
    >>> p["0.bias"][:] = 1
    >>> p.flat
    array([0., 0., 0., 0., 0., 0., 1., 1., 1.], dtype=float32)
    >>> p.scope("0")["bias"]
    array([1., 1., 1.], dtype=float32)
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        flat: np.ndarray | None = None,
        dtype: np.typing.DTypeLike = np.float32,
    ) -> None:
        self.shapes = dict(shapes)
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        self.flat = aligned_zeros(sum(sizes), number_type(dtype)) if flat is None else flat
        if not isinstance(flat, np.ndarray | None) or self.flat.shape != (sum(sizes),):
            raise InputError(f"the memory must be ({sum(sizes)},), not {shown(flat)}")
        number_type(self.flat.dtype)
        self._views: dict[str, np.ndarray] = {}
        self._scopes: dict[str, Parameters] = {}
        start = 0
        for (name, shape), size in zip(self.shapes.items(), sizes, strict=True):
            self._views[name] = self.flat[start : start + size].reshape(shape)
            start += size

    def __getitem__(self, name: str) -> np.ndarray:
        return self._views[name]

    def __setitem__(self, name: str, value: np.ndarray) -> None:
        self._views[name][...] = value  # so that ``grads["weight"] += ...`` adds to the vector

    def __iter__(self) -> Iterator[str]:
        return iter(self._views)

    def __len__(self) -> int:
        return len(self._views)

    def __repr__(self) -> str:
        arrays = ", ".join(f"{name} {shape}" for name, shape in self.shapes.items())
        return f"Parameters({arrays}; {self.flat.size} {self.flat.dtype})"

    def __reduce__(self) -> tuple:
        return Parameters._restored, (self.shapes, self.flat)

    @classmethod
    def _restored(cls, shapes: Mapping[str, tuple[int, ...]], flat: np.ndarray) -> "Parameters":
        """Return a copy in memory of its own, aligned as new memory is."""
        copied = cls(shapes, dtype=flat.dtype)
        copied.flat[...] = flat
        return copied

    def like(self, dtype: np.typing.DTypeLike | None = None) -> "Parameters":
        """Return zeros with the same names and shapes: for gradients and averages."""
        return Parameters(self.shapes, dtype=dtype or self.flat.dtype)

    def scope(self, prefix: str) -> "Parameters":
        """Return the views whose names start with ``prefix.``, named without it, in the same memory.

        An empty prefix returns the parameters themselves.
        """
        if not prefix:
            return self
        if prefix not in self._scopes:
            start = prefix + "."
            every = list(self.shapes)
            names = [name for name in every if name.startswith(start)]
            if names and every[every.index(names[0]) :][: len(names)] != names:
                raise InputError(f"the arrays of {prefix!r} do not lie side by side: {every}")
            first = self.offset(names[0]) if names else 0
            shapes = {name.removeprefix(start): self.shapes[name] for name in names}
            size = sum(math.prod(shape) for shape in shapes.values())
            self._scopes[prefix] = Parameters(shapes, self.flat[first : first + size])
        return self._scopes[prefix]

    def offset(self, name: str) -> int:
        """Return where a named array starts in the flat vector."""
        before = list(self.shapes)[: list(self.shapes).index(name)]
        return sum(math.prod(self.shapes[other]) for other in before)

    def load(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Copy named arrays in; all names must be there, with the right shapes.

        Raises InputError, and copies nothing, for a missing or superfluous name, or an array of another shape.
        """
        if arrays.keys() != self.shapes.keys():
            odd = sorted(arrays.keys() ^ self.shapes.keys())[0]
            where = "missing" if odd in self.shapes else "not of this network"
            raise InputError(f"weights do not fit the network: {odd!r} is {where}")
        for name, array in arrays.items():
            instance(name, array, np.ndarray)
            fits = np.can_cast(array.dtype, self.flat.dtype, "same_kind")
            if not fits or array.shape != self.shapes[name]:
                raise InputError(
                    f"weights do not fit the network: {name!r} is {shown(array)}, "
                    f"the network needs {shown(self[name])}"
                )
        for name, array in arrays.items():
            self[name][...] = array


def join(parts: Mapping[str, Parameters]) -> Parameters:
    """Return the arrays of all parts, named ``part.name``, copied into one vector.

    >>> parts = {"a": Parameters({"w": (2,)}), "b": Parameters({"w": (1,)})}
    >>> list(join(parts)), join(parts).flat.size
    (['a.w', 'b.w'], 3)
    """
    named = {f"{part}.{name}": a for part, arrays in parts.items() for name, a in arrays.items()}
    dtype = np.result_type(*named.values()) if named else np.float32
    joined = Parameters({name: array.shape for name, array in named.items()}, dtype=dtype)
    joined.load(named)
    return joined
