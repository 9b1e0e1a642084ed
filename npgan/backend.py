"""The table of operations: which function computes each of them on each backend.

``TABLE[operation][backend]`` is a function. The "numpy" column is the reference, which has every
operation; where "numba" has no kernel, the reference is used. Layers, losses and optimisers call
operations as ``run.dense_forward(...)``, so that :func:`use` switches all of them at once.
"""

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from npgan import ops
from npgan.errors import unknown
from npgan.ops.update import too_large
from npgan.system import environment

BACKENDS = ("numpy", "numba")

TABLE: dict[str, dict[str, Callable]] = {
    name: {"numpy": operation}
    for name, operation in vars(ops).items()
    if hasattr(operation, "border")
}
"""Operation -> backend -> function, for all operations that the modules of :mod:`npgan.ops` export."""

run = SimpleNamespace()
_chosen = os.environ.get("NPGAN_BACKEND")
_recording = threading.RLock()  # held by the thread that changes ``run``
_locks: list[Any] = [_recording]  # in the order in which they are taken


def _take_locks() -> None:
    for lock in _locks:
        lock.acquire()


def _give_locks() -> None:
    for lock in reversed(_locks):
        lock.release()


if hasattr(os, "register_at_fork"):  # or a child may inherit locks that nobody releases
    os.register_at_fork(before=_take_locks, after_in_parent=_give_locks, after_in_child=_give_locks)


def use(name: str) -> None:
    """Let every operation run on the backend ``name``.

    ``run.fused`` then says whether networks should run as :mod:`chains <npgan.ops.chain>`.
    Without Numba, "numba" warns and falls back to "numpy".

    >>> use("numpy")
    >>> run.relu_forward is ops.relu_forward
    True

    Raises InputError if there is no such backend.
    """
    global _chosen
    if name not in BACKENDS:
        raise unknown("backend", name, BACKENDS)
    _chosen = name
    with _recording:
        _activate(name)


def choice() -> str:
    """Return the backend for training: that chosen by :func:`use` or NPGAN_BACKEND, or else "numba"."""
    return _chosen or "numba"


def set_threads(count: int) -> None:
    """Let kernels use this many threads, even if they are loaded later."""
    os.environ["NPGAN_NUM_THREADS"] = str(count)
    if run.fused:
        from npgan.kernels import jit

        jit.set_threads(count)


def threads() -> int:
    """Return how many threads kernels may use: 1 in NumPy, whose BLAS manages its own."""
    if not run.fused:
        return 1
    from npgan.kernels import jit

    return jit.threads()


def use_threads(count: int) -> None:
    """Use one thread for now, if ``count`` is 1, or else all; the results are the same to the bit."""
    if run.fused:
        from npgan.kernels import jit

        jit.use_threads(count)


def prepare() -> None:
    """Compile what training needs, and tell the user if that takes long; NumPy needs nothing."""
    if run.fused:
        from npgan.program.prepare import prepare

        prepare()


def record(
    step: Callable[[Any], dict[str, Any]], rng: np.random.Generator
) -> tuple[Any, str | None]:
    """Return a training step as a program, and None; or None, and the reason why it cannot be recorded.

    ``step(rng)`` returns what it reports. It is called once, but nothing is computed: ``run``
    writes down the calls, see :mod:`npgan.program.record`. Other threads compute as before.
    """
    if not run.fused:
        return None, "the backend is not numba"
    from npgan.kernels.row import NotRecordable
    from npgan.program import record

    recorder = record.Recorder(rng)

    def recorded(name: str, _: Callable) -> Callable:
        def call(*given: Any) -> Any:
            if name in TABLE:
                getattr(ops, name).border.check(given)
            return getattr(recorder, name)(*given)

        return call

    with _instead(recorded):
        try:
            return recorder.finish(step(recorder)), None
        except NotRecordable as error:
            return None, f"a program has no row for {error}"
        except (AttributeError, TypeError) as error:
            # The step uses a method of arrays, such as x.std(), that traced arrays lack. A mistake in the
            # step itself is raised again when the step runs on real arrays, which comes next.
            return None, f"of traced arrays, {error}"


@contextmanager
def watched(see: Callable[[str, tuple], None]) -> Iterator[None]:
    """Run this thread's operations in NumPy, with chains; call ``see`` with each one's name and arguments first.

    >>> with watched(lambda name, arguments: print(name, len(arguments))):
    ...     y = run.relu_forward(np.zeros(3))
    relu_forward 1
    """

    def seen(name: str, function: Callable, *arguments: Any) -> Any:
        see(name, arguments)
        return function(*arguments)

    with through(seen):
        run.fused = True
        yield


@contextmanager
def through(perform: Callable[..., Any]) -> Iterator[None]:
    """Run this thread's operations in NumPy, each as ``perform(name, function, *arguments)``, without chains.

    >>> with through(lambda name, function, *arguments: (name, function(*arguments))):
    ...     print(run.relu_forward(np.array([-1.0, 2.0])))
    ('relu_forward', array([0., 2.]))
    """

    def reference(name: str, function: Callable) -> Callable:
        column = TABLE.get(name)
        return partial(perform, name, column["numpy"]) if column else function

    with _instead(reference):
        run.fused = False
        yield


@contextmanager
def _instead(other: Callable[[str, Callable], Callable]) -> Iterator[None]:
    """Let this thread call ``other(name, function)`` in place of each function of ``run``."""
    me = threading.get_ident()

    def either(name: str, function: Callable) -> Callable:
        def call(*arguments: Any) -> Any:
            mine = threading.get_ident() == me
            return (other(name, function) if mine else function)(*arguments)

        return call

    with _recording:
        before = dict(run.__dict__)
        try:
            for name, value in before.items():
                if callable(value):
                    setattr(run, name, either(name, value))
            yield
        finally:
            run.__dict__.update(before)


def _each(function: Callable[[], Any], size: int = 0) -> Any:
    return function()


def _after(function: Callable[[], None]) -> None:
    function()


def _call(function: Callable[..., Any], *given: Any) -> Any:
    return function(*given)


def _require_finite(otherwise: Callable[[], None], *arrays: Any) -> None:
    for array in arrays:
        small = (
            run.all_finite(array)
            if np.ndim(array)
            else abs(array) < too_large(np.result_type(array))
        )
        if not small:
            otherwise()


# These are not operations, but a step that can be recorded must use them: for values that change from
# step to step, for functions to be called after the step or in the middle of it (on traced arrays, or on
# arrays that they change), and for what happens if a number is not finite.
run.each, run.after, run.call = _each, _after, _call
run.require_finite = _require_finite


def _activate(name: str) -> None:
    if name == "numba" and not _load_kernels():
        name = "numpy"
    for operation, column in TABLE.items():
        setattr(run, operation, column.get(name, column["numpy"]))
    run.name, run.fused = name, name == "numba"


def _load_kernels() -> bool:
    environment.check()
    try:
        from numba.core.compiler_lock import global_compiler_lock as compiling

        from npgan.program import eager
    except ImportError as error:
        message = f"Numba cannot be used ({error}): everything runs in NumPy, which is slower"
        warnings.warn(message, stacklevel=4)
        return False
    if compiling not in _locks:
        _locks.append(compiling)
    for operation, kernel in eager.KERNELS.items():
        TABLE[operation]["numba"] = kernel
    return True


_activate("numpy")
