"""What operations say of their arguments is asked of them, on both backends, before anything runs."""

import numpy as np
import pytest

from npgan import InputError, backend, ops
from npgan.shapes import REMEMBERED, Border, number_type, takes


@takes("x (n, d), weight (d, 2*k), kind (k,) cast, rate")
def multiply(x, weight, kind, rate=1.0):
    return rate * (x @ weight)


@takes(
    "a (*s), b (*S) or number, where (m,) below c, table (c, d+1) or bytes, d (d,), sums (p,) changed or None"
)
def look(a, b, where, table, d, sums=None):
    return a


X, W, K = np.ones((5, 3)), np.ones((3, 4)), np.ones(2, np.float32)
LOOK = np.ones(()), 1, np.array([0, 3]), np.zeros((4, 3), np.uint8), np.ones(2)


def overlapping():
    memory = np.ones(4)
    return (*LOOK[:4], memory[:2], memory[1:])


WRONG = {
    "a list": (multiply, ([1.0], W, K), "x is a list"),
    "masked": (multiply, (np.ma.masked_array(X), W, K), "x is a MaskedArray"),
    "an axis more": (multiply, (X[None], W, K), r"x is float64 \(1, 5, 3\)"),
    "an axis less": (multiply, (X[0], W, K), r"x is float64 \(3,\)"),
    "no axis": (multiply, (np.float64(1), W, K), "x is a float64"),
    "integers": (multiply, (X.astype(int), W, K), r"x is int64 \(5, 3\)"),
    "halves": (multiply, (X.astype(np.float16), W, K), "x is float16"),
    "other bytes": (multiply, (X.astype(">f8"), W, K), "x is >f8"),
    "another size": (multiply, (X, W[:2], K), r"weight is float64 \(2, 4\), and d is 3"),
    "a computed size": (multiply, (X, W[:, :3], K), r"weight is float64 \(3, 3\), and 2\*k is 4"),
    "no number": (multiply, (X, W, K, "much"), "rate is a str"),
    "a truth value": (multiply, (X, W, K, True), "rate is a bool"),
    "a vector for a number": (multiply, (X, W, K, np.ones(1)), r"rate is float64 \(1,\)"),
    "nothing": (multiply, (X, W, None), "kind is a NoneType"),
    "no numbers at all": (look, (X, np.ones((0, 2)), *LOOK[2:]), "S is at least 1"),
    "too high": (look, (*LOOK[:2], np.array([4]), *LOOK[3:]), "where from 0 to 3, not 4 to 4"),
    "too low": (look, (*LOOK[:2], np.array([-1]), *LOOK[3:]), "where from 0 to 3, not -1 to -1"),
    "rows that are floats": (look, (*LOOK[:2], np.zeros(1), *LOOK[3:]), "where is float64"),
    "signed bytes": (look, (*LOOK[:3], LOOK[3].astype(np.int8), LOOK[4]), "table is int8"),
    "gaps": (look, (*LOOK, np.ones(4)[::2]), "sums in place: it must be contiguous"),
    "read-only": (look, (*LOOK, np.frombuffer(bytes(8))), "sums in place: it must be writable"),
    "shared": (look, overlapping(), "sums in place: it must be apart in memory from d"),
    "a type of its own": (look, (X + 0j, *LOOK[1:], np.ones(1)), "complex128 is needed"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_argument_that_does_not_fit_is_named(name):
    function, given, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        function(*given)


def test_what_fits_passes_in_any_layout_and_again():
    for x in (X, X[::-1], np.asfortranarray(X), X.astype(np.float32), X[:0], X + 0j):
        for _ in range(2):
            assert multiply(x, W, kind=K).shape == (len(x), 4)
    for sums in (None, np.ones(3)):
        assert look(*LOOK, sums) is LOOK[0]


def test_a_kernel_gets_plain_arrays_of_one_type_and_no_complex_ones():
    given = []
    kernel = multiply.border.around(lambda *arguments: given.append(arguments))
    kernel(np.asfortranarray(X, np.float32), np.frombuffer(W.tobytes()).reshape(3, 4), kind=K)
    arrays = given[0][:3]
    assert all(a.flags.carray and a.dtype == np.float64 for a in arrays)
    assert [a.shape for a in arrays] == [X.shape, W.shape, K.shape]
    assert kernel(X + 1j, W, K).dtype == np.complex128
    assert len(given) == 1


def test_a_border_forgets_what_it_has_seen_before_it_is_too_much():
    for n in range(600):
        multiply(np.ones((n, 3)), W, K)
    assert len(multiply.border.remembered) <= 256


F32, F64, INT = np.float32, np.float64, np.int64


def zeros(*shape, dtype=F64):
    return np.zeros(shape, dtype)


KINDS = {  # a spec, arguments -> the type in which it works, or what is wrong
    "the wider type": ("x (n), y (n)", (zeros(2, dtype=F32), zeros(2)), F64),
    "one type": ("x (n), y (n)", (zeros(2, dtype=F32), zeros(2, dtype=F32)), F32),
    "numbers alone": ("x, y", (1, 2.5), F32),
    "integers alone": ("x (n) integers", (zeros(2, dtype=INT),), F32),
    "what is cast does not rule": ("x (n), y (n) cast", (zeros(2, dtype=F32), zeros(2)), F32),
    "complex numbers that are cast rule": ("x (n), y (n) cast", (zeros(2), zeros(2) + 0j), complex),
    "what is changed rules": ("x (n) changed, y (n)", (zeros(2, dtype=F32), zeros(2)), F32),
    "complex into real": ("x (n) changed, y (n)", (zeros(2), zeros(2) + 0j), "complex128 is needed"),
    "two that are changed": ("x (n) changed, y (n) changed", (zeros(2), zeros(2, dtype=F32)), "float64 is needed"),
    "real": ("x (n) real", (zeros(2),), F64),
    "complex in place of real": ("x (n) real", (zeros(2) + 0j,), "x is complex128"),
    "bytes": ("x (n) or bytes", (zeros(2, dtype=np.uint8),), F32),
    "bytes where none may be": ("x (n)", (zeros(2, dtype=np.uint8),), "x is uint8"),
    "floats in place of bytes": ("x (n) or bytes", (zeros(2),), F64),
    "unsigned integers": ("x (n) integers", (zeros(2, dtype=np.uint16),), F32),
    "floats in place of integers": ("x (n) integers", (zeros(2),), "x is float64"),
    "a number": ("x (n) or number", (2,), F32),
    "a number of NumPy's": ("x (n) or number", (F64(2),), F32),
    "no number": ("x (n) or number", (None,), "x is a NoneType"),
    "nothing": ("x (n) or None", (None,), F32),
    "a number in place of nothing": ("x (n) or None", (2,), "x is a int"),
    "an array without axes as a number": ("x", (zeros(),), F32),
    "an array as a number": ("x", (zeros(1),), r"x is float64 \(1,\)"),
    "a truth value as a number": ("x", (True,), "x is a bool"),
    "any axes": ("x (*s, d), y (*s)", (zeros(2, 3, 4), zeros(2, 3)), F64),
    "none of any axes": ("x (*s, d), y (*s)", (zeros(4), zeros()), F64),
    "other axes": ("x (*s, d), y (*s)", (zeros(2, 3, 4), zeros(3, 2)), r"s is \(2, 3\)"),
    "too few axes": ("x (*s, d)", (zeros(),), r"x is float64 \(\)$"),
    "a large letter": ("x (N)", (zeros(1),), F64),
    "a large letter of none": ("x (N)", (zeros(0),), "N is at least 1"),
    "a small letter of none": ("x (n)", (zeros(0),), F64),
    "a number as a size": ("x (3)", (zeros(3),), F64),
    "another size": ("x (3)", (zeros(4),), "3 is 3"),
    "a sum of products": ("x (d), y (f), z (d+2*d*f)", (zeros(2), zeros(3), zeros(14)), F64),
    "another sum": ("x (d), y (f), z (d+2*d*f)", (zeros(2), zeros(3), zeros(13)), r"d\+2\*d\*f is 14"),
    "a size that is known later": ("z (2*d), x (d)", (zeros(6), zeros(3)), F64),
    "below a size": ("x (n) below c, y (c)", (np.array([0, 2]), zeros(3)), F64),
    "not below": ("x (n) below c, y (c)", (np.array([0, 3]), zeros(3)), "x from 0 to 2, not 0 to 3"),
    "integers below": ("x (n) integers below c, y (c)", (np.array([0, 2]), zeros(3)), F64),
    "below what is left out": ("x (n) below c, y (c) or None", (np.array([0]), None), "x from 0 to -1, not 0 to 0"),
    "none below": ("x (n) below c, y (c)", (zeros(0, dtype=INT), zeros(0)), F64),
    "some below none": ("x (n) below c, y (c)", (zeros(1, dtype=INT), zeros(0)), "x from 0 to -1, not 0 to 0"),
    "more than is looked at": ("x (n)", (zeros(2), "anything"), F64),
    "fewer": ("x (n), y (n) changed or None", (zeros(2),), F64),
}  # fmt: skip


@pytest.mark.parametrize("what", KINDS)
def test_a_border_lets_through_what_fits_and_says_in_which_type(what):
    spec, given, expected = KINDS[what]
    border = Border(lambda x=0, y=0, z=0: None, spec)
    for _ in range(2):
        if isinstance(expected, str):
            with pytest.raises(InputError, match=expected):
                border.check(given)
        else:
            assert border.check(given) == np.dtype(expected)


MEMORY = np.ones(6)
SHARED = {  # which of three arrays share memory -> what is said; the first two are changed
    "none": ((0, 2), (2, 4), (4, 6), None),
    "both that are changed": ((0, 2), (1, 3), (4, 6), "x in place: it must be apart in memory from y"),
    "the first and one that is read": ((0, 2), (2, 4), (1, 3), "x in place: .* apart in memory from z"),
    "the second and one that is read": ((0, 2), (2, 4), (3, 5), "y in place: .* apart in memory from z"),
}  # fmt: skip


@pytest.mark.parametrize(
    "order", ["x (n) changed, y (n) changed, z (n)", "z (n), x (n) changed, y (n) changed"]
)
@pytest.mark.parametrize("what", SHARED)
def test_what_is_changed_shares_memory_with_no_other(what, order):
    *ranges, message = SHARED[what]
    given = dict(zip("xyz", (MEMORY[first:last] for first, last in ranges), strict=True))
    border = Border(lambda: None, order)
    arguments = tuple(given[argument.name] for argument in border.arguments)
    if message is None:
        assert border.check(arguments) == F64
    else:
        with pytest.raises(InputError, match=message):
            border.check(arguments)
    assert Border(lambda: None, "x (n), y (n), z (n)").check(arguments) == F64


def test_what_else_is_asked_of_arguments_is_given_them_by_name():
    seen = []

    @takes("x (n)", also=seen.append)
    def function(x, rate=2.0, *, word="a"):
        return x

    x = zeros(2)
    assert function(x) is function(x=x) is x
    assert [named["x"] is x for named in seen] == [True, True]
    assert (seen[0]["rate"], seen[1]["rate"]) == (None, 2.0)


def test_a_methods_self_is_not_looked_at():
    class Thing:
        @takes("x (n)")
        def method(self, x):
            return x

    assert Thing().method(zeros(2)).shape == (2,)
    with pytest.raises(InputError, match=r"method takes x \(n\): x is a list"):
        Thing().method([1.0])


def test_the_kinds_of_calls_that_are_known_to_be_right_are_limited():
    border = Border(lambda x: None, "x (n)")
    for n in range(REMEMBERED):
        border.check((zeros(n),))
    assert len(border.remembered) == REMEMBERED
    border.check((zeros(0),))
    assert len(border.remembered) == REMEMBERED
    border.check((zeros(REMEMBERED),))
    assert len(border.remembered) == 1


def test_a_kernel_gets_integers_as_int64_bytes_as_they_are_and_no_copy_of_what_will_do():
    given = []

    @takes("x (n) changed, where (n) below c, table (c) or bytes, rest")
    def function(x, where, table, rest=1.0):
        return x

    kernel = function.border.around(lambda *arguments: given.append(arguments))
    x, where, table = zeros(2, dtype=F32), zeros(2, dtype=np.uint8), zeros(3, dtype=np.uint8)
    kernel(x, where, table[::1])
    kernel(x, zeros(2, dtype=INT), zeros(3), 2.0)
    assert given[0][0] is x
    assert given[0][1].dtype == np.int64
    assert given[0][2].dtype == np.uint8
    assert len(given[0]) == 3
    assert given[1][3] == 2.0


@pytest.mark.parametrize("dtype", [float, "f4", np.complex64, complex])
def test_numbers_have_one_of_four_types(dtype):
    assert number_type(dtype) == np.dtype(dtype)


@pytest.mark.parametrize("dtype", ["f2", int, "g", "words", object(), "O"])
def test_numbers_have_no_other_type(dtype):
    with pytest.raises(InputError, match="numbers are float32 or float64, not"):
        number_type(dtype)


@pytest.mark.parametrize("name", backend.TABLE)
def test_every_operation_says_what_it_takes_in_the_order_of_its_arguments(name):
    border = getattr(ops, name).border
    named = [argument.name for argument in border.arguments]
    assert named == list(border.signature.parameters)[: len(named)]
