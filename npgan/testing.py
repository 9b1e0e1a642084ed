"""An assertion for test suites, which prints a report when it fails."""

from typing import Any

import numpy as np

from npgan.check.gradcheck import gradcheck

__all__ = ["assert_gradients"]


def assert_gradients(target: Any, *inputs: np.ndarray, **options: Any) -> None:
    """Raise an AssertionError with the report unless every gradient of ``target`` is right.

    The arguments are those of :func:`npgan.check.gradcheck.gradcheck`.

    >>> from npgan import Dense, Sequential, Tanh
    >>> assert_gradients(Sequential(Dense(3, 2), Tanh()), np.ones((4, 3)))
    """
    report = gradcheck(target, *inputs, **options)
    if not report:
        raise AssertionError(f"wrong gradient of {', '.join(report.failed)}\n{report}")
