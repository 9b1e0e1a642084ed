"""A fixture for pytest: ``gradcheck(target, *inputs)`` fails a test with the report if a gradient is wrong.

``pytest_plugins = ["pytest_npgan"]`` in ``conftest.py`` asks for it. It is no entry point, for which pytest would
rewrite the assertions of the whole package in everybody's tests, and it lies beside the package, which pytest thus
does not import when it starts.
"""

from collections.abc import Callable

import pytest


@pytest.fixture
def gradcheck() -> Callable[..., None]:
    """Assert that gradients are right; the arguments are those of :func:`npgan.check.gradcheck.gradcheck`."""
    from npgan.testing import assert_gradients

    return assert_gradients
