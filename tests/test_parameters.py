"""One vector, its named views, and what may be copied into it."""

import copy

import numpy as np
import pytest

from npgan import InputError, Parameters

SHAPES = {"0.weight": (2, 3), "0.bias": (3,), "10.weight": (3, 1), "10.bias": (1,), "1.a.b": (2,)}


def filled():
    p = Parameters(SHAPES)
    p.flat[:] = np.arange(p.flat.size)
    return p


def test_the_views_lie_one_after_the_other_in_the_vector():
    p = filled()
    np.testing.assert_array_equal(np.concatenate([a.ravel() for a in p.values()]), p.flat)
    assert {name: a.shape for name, a in p.items()} == SHAPES
    assert len(p) == len(SHAPES)
    assert p.flat.size == 6 + 3 + 3 + 1 + 2


def test_a_scope_is_the_part_of_that_name_in_the_same_memory():
    p = filled()
    scope = p.scope("10")
    assert list(scope) == ["weight", "bias"]
    np.testing.assert_array_equal(scope.flat, [9, 10, 11, 12])
    scope["bias"][:] = -1
    p["10.weight"][:] = -2
    np.testing.assert_array_equal(p["10.bias"], [-1])
    np.testing.assert_array_equal(scope.flat, [-2, -2, -2, -1])


def test_scopes_nest_and_a_prefix_is_a_whole_name():
    p = filled()
    assert list(p.scope("1")) == ["a.b"]
    np.testing.assert_array_equal(p.scope("1").scope("a")["b"], [13, 14])
    assert len(p.scope("7")) == 0


@pytest.mark.parametrize("dtype", [None, np.float64])
def test_like_is_zeros_of_the_same_names_in_other_memory(dtype):
    p = filled()
    other = p.like(dtype)
    assert other.shapes == p.shapes
    assert other.flat.dtype == (dtype or p.flat.dtype)
    assert not other.flat.any()
    assert not np.shares_memory(other.flat, p.flat)


def test_a_copy_has_memory_of_its_own():
    p = filled()
    twin = copy.deepcopy(p)
    twin["0.bias"][:] = 100
    np.testing.assert_array_equal(p.flat, filled().flat)
    assert (twin.flat == 100).sum() == 3


def test_load_copies_in_what_fits():
    p, memory = Parameters(SHAPES), None
    memory = p.flat
    p.load(filled())
    np.testing.assert_array_equal(memory, filled().flat)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a.pop("0.bias"), "'0.bias' is missing"),
        (lambda a: a.update(more=np.ones(1)), "'more' is not of this network"),
        (lambda a: a.update({"0.bias": np.ones((3, 1))}), r"'0.bias' is float64 \(3, 1\).*\(3,\)"),
        (lambda a: a.update({"0.bias": np.ones(3, complex)}), r"'0.bias' is complex128 \(3,\)"),
    ],
)
def test_load_names_the_array_that_does_not_fit(change, message):
    arrays = dict(filled())
    change(arrays)
    with pytest.raises(InputError, match=message):
        Parameters(SHAPES).load(arrays)


@pytest.mark.parametrize("memory", [np.zeros(5), np.zeros((2, 3)), [0.0] * 6])
def test_other_memory_than_the_arrays_need_is_refused(memory):
    with pytest.raises(InputError, match=r"the memory must be \(6,\)"):
        Parameters({"w": (2, 3)}, memory)


def test_repr_names_the_arrays_and_counts_the_numbers():
    assert repr(Parameters({"w": (2, 3)})) == "Parameters(w (2, 3); 6 float32)"
