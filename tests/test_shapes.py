"""What operations say of their arguments is asked of them, on both backends, before anything runs."""

import numpy as np
import pytest

from npgan import InputError, backend, ops
from npgan.shapes import takes


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


@pytest.mark.parametrize("name", backend.TABLE)
def test_every_operation_says_what_it_takes_in_the_order_of_its_arguments(name):
    border = getattr(ops, name).border
    named = [argument.name for argument in border.arguments]
    assert named == list(border.signature.parameters)[: len(named)]
