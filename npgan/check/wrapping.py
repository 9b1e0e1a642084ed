"""Other methods in place of those of layers, for a while."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from npgan.layers import Layer


@contextmanager
def wrapped(
    names: Collection[str], wrap: Callable[[type, str, Callable], Callable]
) -> Iterator[None]:
    """Let ``wrap(kind, name, method)`` stand for each method of these names that a class of layers defines.

    >>> from npgan import ReLU
    >>> with wrapped(["spec"], lambda kind, name, method: lambda layer: "another"):
    ...     ReLU().spec()
    'another'
    >>> ReLU().spec()
    'relu'
    """
    before = [
        (kind, name, vars(kind)[name])
        for kind in _kinds(Layer)
        for name in names
        if name in vars(kind)
    ]
    try:
        for kind, name, method in before:
            setattr(kind, name, wrap(kind, name, method))
        yield
    finally:
        for kind, name, method in before:
            setattr(kind, name, method)


def _kinds(kind: type) -> list[type]:
    """Return a class and all that inherit from it, each once."""
    found: list[type] = [kind]
    for one in found:
        inheriting: list[type] = type.__subclasses__(one)
        found += [other for other in inheriting if other not in found]
    return found
