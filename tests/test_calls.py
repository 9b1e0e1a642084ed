"""No public function takes what it cannot use: it works, or says in one line what would be right."""

import copy
import inspect
import warnings
from pathlib import Path

import numpy as np
import pytest
from calls import CALLS
from matplotlib.figure import Figure
from PIL.Image import Image

from npgan import InputError, NonFiniteError, data, init, metrics, models, plotting, plotting_tables
from npgan.data import batches, outlines, stacked, toys
from npgan.objectives import losses, penalties, regularisers
from npgan.study import anomaly, attacks, evaluation, features, latent, sample_metrics, table_report

ROOMS = [
    metrics, data, batches, outlines, stacked, toys, attacks, anomaly, latent, features, sample_metrics,
    evaluation, table_report, plotting, plotting_tables,
    init, penalties, regularisers, losses, models,
]  # fmt: skip
RECORDS = {sample_metrics.Representation, models.Model, penalties.penalized_backward}
"""What holds results, what others are derived from, and what a training step alone calls."""


def last(x, value):
    y = np.array(x, np.result_type(x, np.float32))
    y.reshape(-1)[-1] = value
    return y


def strided(x):
    return np.repeat(x, 2, axis=0)[::2]


def read_only(x):
    y = x.copy()
    y.flags.writeable = False
    return y


# arrays that are the same in other clothes; the result must be the same, too
SAME = {
    "read-only": read_only,
    "of columns": np.asfortranarray,
    "strided": strided,
    "backwards": lambda x: x[::-1].copy()[::-1],
}
SPOILED = {
    "one axis more": lambda x: x[None],
    "one axis less": lambda x: x[0],
    "flat": lambda x: x.reshape(-1, 1) if x.ndim == 1 else x.ravel(),
    "transposed": lambda x: x.T,
    "empty": lambda x: x[:0],
    "one row": lambda x: x[:1],
    "a row less": lambda x: x[:-1],
    "a row more": lambda x: np.concatenate([x, x[:1]]),
    "a column less": lambda x: x[..., :-1],
    "one column": lambda x: x[..., :1],
    "no columns": lambda x: x[..., :0],
    "a number": lambda x: x.ravel()[0],
    "a list": lambda x: x.tolist(),
    "objects": lambda x: x.astype(object),
    "text": lambda x: x.astype(str),
    "dates": lambda x: x.astype(int).astype("M8[s]"),
    "complex": lambda x: x + 1j,
    "booleans": lambda x: x > 0.5,
    "integers": lambda x: x.astype(np.int64),
    "bytes": lambda x: (x * 200).astype(np.uint8),
    "huge integers": lambda x: np.full(x.shape, 2**64 - 1, np.uint64),
    "half": lambda x: x.astype(np.float16),
    "double": lambda x: x.astype(np.float64),
    "longer": lambda x: x.astype(np.longdouble),
    "other bytes": lambda x: x.astype(x.dtype.newbyteorder()),
    "a half more": lambda x: x + 0.5,
    "negative": lambda x: -1.0 - x,
    "large": lambda x: x + 1000.0,
    "huge": lambda x: last(x.astype(float), 1e300),
    "masked": lambda x: np.ma.masked_array(x, np.ones(x.shape, bool)),
    "nan": lambda x: last(x, np.nan),
    "infinite": lambda x: last(x, -np.inf),
}
NO_ARRAY = [None, 1.5, "a", [], [[1], [2, 3]], {}]
WRONG = [
    *NO_ARRAY, True, -1, 0, -0.5, 10**30, 1e300, np.nan, np.inf, 1j, (-2, -2), (2.0, 2.0), (4,), (1, 2, 2), (2, 3),
    np.int64(2), np.float32(0.5), np.uint8(1), np.zeros(3), object(), np.random.RandomState(0), Path("a"),
]  # fmt: skip


def spoiled(value):
    """Yield, by name, what may stand where a right value stands."""
    if isinstance(value, np.ndarray):
        yield from ((name, spoil(value)) for name, spoil in SPOILED.items())
    for wrong in NO_ARRAY if isinstance(value, np.ndarray) else WRONG:
        yield repr(wrong)[:40], wrong


def call(function, arguments):
    """Call a function with generators of its own, or a method that trains on a copy of its model."""
    if getattr(function, "__name__", "") in ("fit", "train_step"):
        function = getattr(copy.deepcopy(function.__self__), function.__name__)
    if inspect.isclass(function):  # which keeps what it is given
        arguments = copy.deepcopy(arguments)
    generators = {
        name: copy.deepcopy(value)
        for name, value in arguments.items()
        if isinstance(value, np.random.Generator)
    }
    with np.errstate(all="ignore"):  # what comes of an overflow is looked at
        return function(**{**arguments, **generators})


def outcome(one, arguments):
    """Return what is wrong with what a call does, or None."""
    try:
        result = call(one.function, arguments)
        with warnings.catch_warnings(action="ignore"):
            return None if one.holds(result, arguments) else f"nonsense: {result}"
    except (InputError, NonFiniteError) as error:
        return "an error of several lines" if "\n" in str(error) else None
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def same(a, b):
    if isinstance(a, dict):
        return all(same(a[name], b[name]) for name in a)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray | np.generic | float):
        return np.allclose(a, b, rtol=1e-5, atol=1e-6)
    return True


def name_of(one):
    return f"{one.function.__module__.removeprefix('npgan.')}.{one.function.__qualname__}"


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch, tmp_path):
    """Draw no picture to its end: that takes time, and what is wrong was to be found before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Figure, "savefig", lambda *_, **__: None)
    monkeypatch.setattr(Image, "save", lambda *_, **__: None)


def test_every_public_function_has_right_arguments():
    known = {getattr(one.function, "__func__", one.function) for one in CALLS} | RECORDS
    for room in ROOMS:
        names = getattr(room, "__all__", [name for name in vars(room) if name[0] != "_"])
        for name in names:
            value = getattr(room, name)
            mine = getattr(value, "__module__", "").startswith(room.__name__)
            alias = getattr(value, "__name__", name) != name
            if not mine or alias or not (inspect.isfunction(value) or inspect.isclass(value)):
                continue
            if inspect.isclass(value) and (issubclass(value, tuple) or value in known):
                continue
            if getattr(value, "_is_protocol", False) or not inspect.signature(value).parameters:
                continue
            assert value in known, f"{room.__name__}.{name} has no row in calls.py"


@pytest.mark.parametrize("one", CALLS, ids=name_of)
def test_a_wrong_argument_is_refused_in_words(one):
    if one.holds:
        assert outcome(one, one.arguments) is None
        expected = call(one.function, one.arguments)
    wrong = []
    for name, value in one.arguments.items():
        for what, other in spoiled(value):
            found = outcome(one, {**one.arguments, name: other})
            wrong += [f"{name}: {what}: {found}"] if found else []
        if isinstance(value, np.ndarray):
            for what, dressed in SAME.items():
                result = call(one.function, {**one.arguments, name: dressed(value)})
                wrong += [] if same(expected, result) else [f"{name}: {what}: {result}"]
    assert not wrong, "\n".join(wrong)
