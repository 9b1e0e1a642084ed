"""Something to check."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npgan.check.gradcheck import Report, gradcheck


@dataclass(frozen=True)
class Case:
    """Something to check.

    Attributes
    ----------
    name : what it is
    target, inputs, options : what :func:`npgan.check.gradcheck` is given
    analytic : whether the complex step can check it as well
    """

    name: str
    target: Any
    inputs: tuple[np.ndarray, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    analytic: bool = False

    def check(self, method: str = "central") -> Report:
        """Run the checker."""
        return gradcheck(self.target, *self.inputs, method=method, **self.options)
