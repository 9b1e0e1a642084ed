"""Checks of what a user gives: what they let through, as what, and at which limits they refuse."""

import math
from pathlib import Path

import numpy as np
import pytest

from npgan import errors
from npgan.errors import InputError

LARGEST = float(np.finfo(np.float32).max)
ABOVE = math.nextafter(LARGEST, math.inf)
BELOW_1 = math.nextafter(1.0, 0.0)
TINY = math.nextafter(0.0, 1.0)
NONE = [math.nan, math.inf, -math.inf, True, "1", None, [1], 1j]
NUMBERS = {  # check -> what it takes, what it refuses
    "number": ([0, -3, LARGEST, -LARGEST], [ABOVE, -ABOVE]),
    "positive": ([TINY, 1, LARGEST], [0, 0.0, -TINY, ABOVE]),
    "not_negative": ([0, TINY, LARGEST], [-TINY, -1, ABOVE]),
    "fraction": ([0, 0.0, BELOW_1], [1, 1.0, -TINY]),
    "share": ([0, 1, 1.0, 0.5], [-TINY, math.nextafter(1, 2)]),
}


@pytest.mark.parametrize("check", NUMBERS)
def test_a_number_is_within_limits_and_a_float(check):
    right, wrong = NUMBERS[check]
    for value in right:
        for kind in (type(value), np.float64):
            found = getattr(errors, check)("rate", kind(value))
            assert (type(found), found) == (float, value)
    for value in [*wrong, *NONE]:
        with pytest.raises(InputError, match=r"^rate must be a "):
            getattr(errors, check)("rate", value)


@pytest.mark.parametrize("value", [3, 5, np.int8(4), np.uint64(3)])
def test_a_count_is_a_whole_number(value):
    found = errors.count("n", value, 3, 5)
    assert (type(found), found) == (int, value)
    assert errors.count("n", 0) == 0
    assert errors.count("n", errors.MOST) == errors.MOST


COUNTS = {
    (2, 3, 5): "n must be a whole number, at least 3 and at most 5, not 2",
    (6, 3, 5): "n must be a whole number, at least 3 and at most 5, not 6",
    (2, 3): "n must be a whole number, at least 3, not 2",
    (-1,): "n must be a whole number, at least 0, not -1",
    (2**40 + 1,): f"n must be a whole number, at least 0 and at most {2**40}, not {2**40 + 1}",
    (2.0,): "n must be a whole number, at least 0, not 2.0",
    (math.nan,): "n must be a whole number, at least 0, not nan",
    (True,): "n must be a whole number, at least 0, not True",
    (None, 1): "n must be a whole number, at least 1, not None",
}


@pytest.mark.parametrize("given", COUNTS)
def test_what_is_no_count_is_told_the_limits(given):
    with pytest.raises(InputError) as caught:
        errors.count("n", *given)
    assert str(caught.value) == COUNTS[given]


def test_texts_are_cut_in_the_middle_and_escaped():
    for n in (1, 100, 200):
        assert errors.one_line("x" * n) == "x" * n
    assert errors.one_line("a" * 101 + "b" * 100) == "a" * 100 + "..." + "b" * 100
    words = " ".join(["word"] * 240)
    assert errors.one_line(words + "x") == words + "x"
    assert (
        errors.one_line("x" + words + "yz") == ("x" + words)[:600] + "..." + (words + "yz")[-600:]
    )
    assert errors.one_line("a\x1b[2J\tb\n\u202e") == r"a\x1b[2J\tb\n\u202e"
    assert str(InputError("a\nb")) == r"a\nb"
    assert str(InputError()) == ""


class Odd:
    shape = dtype = "odd"

    def __repr__(self):
        raise KeyError


class WithShape:
    shape = (2, 3)

    def __repr__(self):
        return "it has a shape"


class Loud:
    def __repr__(self):
        raise KeyError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((2, 3)), "float64 (2, 3)"),
        (np.float32(1.5), repr(np.float32(1.5))),
        (WithShape(), "it has a shape"),
        ("x\n  y", r"'x\n y'"),
        ([1,   2], "[1, 2]"),
        ("x" * 78, "'" + "x" * 78 + "'"),
        ("x" * 79, "'" + "x" * 79 + "..."),
        (Loud(), "a Loud"),
        (Path("a"), "PosixPath('a')"),
    ],
)  # fmt: skip
def test_a_value_is_shown_in_a_short_line(value, text):
    assert errors.shown(value) == text


def test_of_many_words_the_first_are_listed():
    assert errors.listed(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert errors.listed([*range(11)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ..."
    assert errors.listed("abc", 3) == "a, b, c"
    assert errors.listed("abc", 2) == "a, b, ..."


def test_an_unknown_name_is_told_the_nearest_known_one():
    table = {"alpha": 1, "beta": 2}
    assert errors.chosen("letter", "beta", table) == 2
    for name, message in {
        "alfa": "unknown letter 'alfa': did you mean 'alpha'? (known: alpha, beta)",
        "x": "unknown letter 'x' (known: alpha, beta)",
        "aqqqa": "unknown letter 'aqqqa': did you mean 'alpha'? (known: alpha, beta)",
        "aqqqq": "unknown letter 'aqqqq' (known: alpha, beta)",
        3: "unknown letter 3 (known: alpha, beta)",
    }.items():
        with pytest.raises(InputError) as caught:
            errors.chosen("letter", name, table)
        assert str(caught.value) == message
    with pytest.raises(InputError, match="unknown letter \\[1\\]"):
        errors.chosen("letter", [1], table)


def test_classes_and_paths_are_asked_for():
    errors.instance("x", 3, int | str)
    with pytest.raises(InputError, match=r"x must be of the class int or str, not 1.5"):
        errors.instance("x", 1.5, int | str)
    with pytest.raises(InputError, match=r"x must be of the class int, not 1.5"):
        errors.instance("x", 1.5, int)
    assert errors.as_path("a") == errors.as_path(Path("a")) == Path("a")
    with pytest.raises(InputError, match="a path is needed, not 3"):
        errors.as_path(3)


@pytest.mark.parametrize("rng", [True, "1", -1, 1.5, np.random.RandomState(0)])
def test_what_is_no_generator_is_refused(rng):
    with pytest.raises(InputError, match="rng must be a generator or a seed"):
        errors.generator(rng)


def test_generators_are_handed_on_and_streams_are_their_own():
    rng = np.random.default_rng(3)
    assert errors.generator(rng) is rng
    numbers = [stream.random() for stream in errors.streams(3, 4)]
    assert numbers == [stream.random() for stream in np.random.default_rng(3).spawn(4)]


class Words(np.random.bit_generator.ISeedSequence):
    """A seed that no other seeds come from."""

    def generate_state(self, n_words, dtype=np.uint32):
        return np.ones(n_words, dtype)


def test_a_generator_whose_seed_has_no_other_seeds_has_no_streams():
    with pytest.raises(InputError, match="rng must have come from a seed"):
        errors.streams(np.random.Generator(np.random.PCG64(Words())), 2)


KINDS = {  # kind -> types that will do, types that will not
    "numbers": ([bool, np.int8, np.uint8, np.float32], []),
    "floats": ([np.float32, float], [bool, int]),
    "whole numbers": ([int, np.uint8], [bool, float]),
    "truth values": ([bool, int, np.uint8], [float]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_are_of_a_kind(kind):
    right, wrong = KINDS[kind]
    for dtype in right:
        x = np.ones((2, 3), dtype)
        assert errors.array("x", x, ("n", 3), kind) is x
    for dtype in wrong:
        with pytest.raises(InputError, match=rf"^x must be {kind} \(n, 3\), not .* \(2, 3\)$"):
            errors.array("x", np.ones((2, 3), dtype), ("n", 3), kind)


FORMS = {  # form, rows, shape -> whether it fits, and how the form is written
    (("n",), 0, (0,)): True,
    (("n",), 1, (0,)): "(n,), n at least 1",
    (("n",), 1, (1,)): True,
    (("n",), 3, (2,)): "(n,), n at least 3",
    (("n", "d"), 0, (0, 3)): True,
    (("n", "d"), 0, (3, 0)): "(n, d)",
    (("n", "n"), 0, (3, 3)): True,
    (("n", "n"), 0, (3, 2)): "(n, n)",
    (("n", 3), 0, (2, 3)): True,
    (("n", 3), 0, (2, 4)): "(n, 3)",
    (("n", 3), 0, (2, 3, 1)): "(n, 3)",
    ((4,), 0, (4,)): True,
    ((4,), 0, (5,)): "(4,)",
    ((), 0, ()): True,
    ((), 0, (1,)): "()",
    (None, 0, (2, 5, 7)): True,
}  # fmt: skip


@pytest.mark.parametrize("case", FORMS, ids=str)
def test_arrays_are_of_a_form(case):
    form, rows, shape = case
    if FORMS[case] is True:
        errors.shaped("x", np.ones(shape), form, rows=rows)
    else:
        with pytest.raises(InputError) as caught:
            errors.shaped("x", np.ones(shape), form, rows=rows)
        assert str(caught.value) == f"x must be floats {FORMS[case]}, not float64 {shape}"


def test_what_is_no_plain_array_is_refused():
    for value in ([1.0], 1.0, None, np.ma.array([1.0]), Odd()):
        with pytest.raises(InputError, match=r"^x must be floats \(n,\), not "):
            errors.shaped("x", value, ("n",))
    for value in ([[1], [1, 2]], ["a"], [None], Loud(), 1j):
        with pytest.raises(InputError, match=r"^x must be an array of real numbers, not"):
            errors.as_array("x", value)
    with pytest.raises(InputError, match="x has masked values"):
        errors.as_array("x", np.ma.array([1.0, 2], mask=[0, 1]))
    assert errors.as_array("x", np.ma.array([1.0, 2])).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (np.float16, np.float32),
        (np.float32, np.float32),
        (">f4", np.float32),
        (">f8", np.float64),
        (np.longdouble, np.float64),
        (">i4", np.int32),
        (bool, bool),
    ],
)
def test_floats_are_of_two_types_and_numbers_of_the_machines_order(given, made):
    found = errors.as_array("x", np.ones(3, given))
    assert found.dtype == made
    assert found.dtype.isnative
    assert found.tolist() == [1, 1, 1]


def test_numbers_are_finite_and_within_limits():
    bad = np.ones((3, 4))
    bad[1, 2] = math.inf
    for value, form, dtype, message in [
        (bad, None, None, "x has inf in row 1, column 2 (counted from 0): every number must be finite"),
        (bad[:, 2], ("n",), None, "x has inf in row 1 (counted from 0): every number must be finite"),
        ([1e39, 1.0], None, np.float32, "x has inf in row 0 (counted from 0): every number must be finite"),
    ]:  # fmt: skip
        with pytest.raises(InputError) as caught:
            errors.array("x", value, form, dtype=dtype)
        assert str(caught.value) == message
    limits = (-1.0, 2.0)
    for value in ([-1.0, 2.0], [], [0]):
        found = errors.array("x", value, ("n",), limits=limits, dtype=np.float32)
        assert (found.dtype, found.tolist()) == (np.float32, value)
    for value, extent in ([-1.5, 0], "[-1.5, 0]"), ([0, 2.5], "[0, 2.5]"):
        with pytest.raises(InputError) as caught:
            errors.array("x", value, ("n",), limits=limits)
        assert str(caught.value) == f"x must be numbers in [-1, 2]; they lie in {extent}"


def test_what_only_a_longer_type_holds_is_infinite_and_nobody_is_warned():
    with pytest.raises(InputError, match="x has inf in row 1"):
        errors.array("x", np.array(["0", "1e4000"]).astype(np.longdouble), ("n",))


def test_arrays_of_the_right_type_are_not_copied():
    x, labels = np.array([0.5, 2]), np.array([0, 2])
    assert np.shares_memory(errors.array("x", x, ("n",), dtype=np.float64), x)
    assert np.shares_memory(errors.labels("y", labels, 2, 3), labels)


def test_labels_are_those_of_classes():
    found = errors.labels("y", np.array([0, 2], np.uint8), 2, 3)
    assert (found.dtype, found.tolist()) == (np.int64, [0, 2])
    assert errors.labels("y", [-7, 9], "n").tolist() == [-7, 9]
    for wrong in (-1, 3):
        with pytest.raises(InputError, match=f"y must be 0 to 2: {wrong} is out of range"):
            errors.labels("y", [0, wrong], 2, 3)


def test_sizes_are_two_and_at_least_1():
    assert errors.sizes("s", (1, np.int64(4)), "two") == (1, 4)
    assert errors.sizes("s", [3, 2], "two") == (3, 2)
    for wrong in (
        (0, 4),
        (1, 2, 3),
        (1,),
        3,
        "12",
        (1.0, 2),
        (True, 2),
        (3, 2, "x"),
        (0, 3, 2),
    ):
        with pytest.raises(InputError, match="s must be two, not"):
            errors.sizes("s", wrong, "two")


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (1, 2, 3), [3, 2]])
def test_the_shape_of_an_image_is_its_sides_and_perhaps_its_channels(shape):
    assert errors.image_shape("s", shape, 6) == tuple(shape)


@pytest.mark.parametrize("shape", [(2, 2), (6,), (1, 3, 2), (1, 2, 3, 1), (2.0, 3), 6, None])
def test_what_is_no_shape_of_an_image_is_refused(shape):
    with pytest.raises(InputError, match=r"s must be \(height, width\) or, .* make 6 numbers, not"):
        errors.image_shape("s", shape, 6)


def test_labels_of_classes_are_all_numbers_or_all_text():
    assert errors.class_labels("labels", (3, -1)) == (3, -1)
    assert errors.class_labels("labels", [5]) == (5,)
    assert errors.class_labels("labels", ["cat", "c" * 255]) == ("cat", "c" * 255)
    assert errors.class_labels("labels", ["\udcff"]) == ("\udcff",)  # a byte of a folder's name
    for wrong in (
        [],
        np.zeros(0, int),
        ["a", 1],
        [0.5],
        "cat",
        None,
        ["c" * 256],
        [""],
        ["a\0"],
        ["\udc00"],
    ):
        with pytest.raises(InputError, match="labels must"):
            errors.class_labels("labels", wrong)


def test_pairs_are_as_many_of_both():
    errors.pairs(np.ones(3), np.ones((3, 2)))
    with pytest.raises(InputError, match="as many of both, not 3 and 2"):
        errors.pairs(np.ones(3), np.ones(2))


def test_a_limit_is_told_where_a_number_is_above_it():
    for value in (float(errors.MOST), -1):
        with pytest.raises(InputError, match=r"n must be a whole number, at least 0, not"):
            errors.count("n", value)
    with pytest.raises(InputError, match=f"at least 0 and at most {errors.MOST}, not"):
        errors.count("n", errors.MOST + 1)
