"""Deliberate mistakes, as data: test_mutations.py makes each and sees it caught.

``where`` names a function or method of npgan, in whose source ``old``, which must occur exactly
once, becomes ``new``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """A mistake that the gradient checker must find.

    Attributes
    ----------
    case : the case of :mod:`npgan.check.catalogue` that must fail
    parameter : the array whose gradient it must say is wrong
    raises : whether the shapes cannot fit any more, so that an exception is what catches it
    """

    where: str
    old: str
    new: str
    case: str
    parameter: str = "x"
    raises: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.old!r} -> {self.new!r}"


@dataclass(frozen=True)
class Silent:
    """A mistake that no gradient shows, and the test (of which arguments) that must fail instead."""

    where: str
    old: str
    new: str
    test: str
    arguments: tuple = ()

    def __str__(self) -> str:
        return f"{self.where}: {self.old!r} -> {self.new!r}"
