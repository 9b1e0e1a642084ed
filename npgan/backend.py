"""The one table that says which operation runs where.

``TABLE[operation][backend]`` is a function. The "numpy" column is the reference and always full;
a backend that lacks an operation borrows the reference's. Layers, losses and optimisers call
operations as ``run.dense_forward(...)``, so that :func:`use` moves everything at once.
"""

from collections.abc import Callable
from types import SimpleNamespace

from npgan import ops
from npgan.errors import unknown

BACKENDS = ("numpy",)

TABLE: dict[str, dict[str, Callable]] = {
    name: {"numpy": getattr(ops, name)} for name in ops.__all__
}

run = SimpleNamespace()


def use(name: str) -> None:
    """Let every operation run on the backend ``name``.

    >>> use("numpy")
    >>> run.relu_forward is ops.relu_forward
    True

    Raises
    ------
    InputError
        If there is no such backend.
    """
    if name not in BACKENDS:
        raise unknown("backend", name, BACKENDS)
    for operation, column in TABLE.items():
        setattr(run, operation, column.get(name, column["numpy"]))


use("numpy")
