"""A fixture for pytest: ``gradcheck(target, *inputs)`` fails a test with the report if a gradient is wrong.

It lies beside the package, which pytest thus does not import when it starts.
"""

from collections.abc import Callable

import pytest


@pytest.fixture
def gradcheck() -> Callable[..., None]:
    """Assert that gradients are right; the arguments are those of :func:`npgan.check.gradcheck.gradcheck`."""
    from npgan.testing import assert_gradients

    return assert_gradients
