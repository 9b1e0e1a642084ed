"""One vector, its named views, and what may be copied into it."""

import copy

import numpy as np
import pytest

from npgan import InputError, Parameters
from npgan.parameters import join
from npgan.system.memory import LINE, address_of, aligned_zeros, index_of

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


def test_a_scope_is_made_once_and_an_empty_prefix_is_all():
    p = filled()
    assert p.scope("10") is p.scope("10")
    assert p.scope("") is p
    assert [p.offset(name) for name in SHAPES] == [0, 6, 9, 12, 13]


def test_a_scope_whose_arrays_lie_apart_is_refused():
    p = Parameters({"a.x": (1,), "b.x": (1,), "a.y": (1,)})
    with pytest.raises(InputError, match="the arrays of 'a' do not lie side by side"):
        p.scope("a")
    assert list(p.scope("b")) == ["x"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
def test_a_copy_is_aligned_and_of_the_same_type(dtype):
    memory = np.zeros(15, dtype)
    p = Parameters(SHAPES, memory)
    assert p.flat is memory
    p.flat[:] = np.arange(15)
    twin = copy.deepcopy(p)
    assert (twin.flat.dtype, twin.flat.ctypes.data % 64) == (dtype, 0)
    np.testing.assert_array_equal(twin.flat, p.flat)


@pytest.mark.parametrize("dtype", ["int64", np.int64, "bool"])
def test_memory_is_of_numbers_that_have_fractions(dtype):
    with pytest.raises(InputError, match="numbers are float32 or float64, not"):
        Parameters({"w": (2,)}, np.zeros(2, dtype))
    with pytest.raises(InputError, match=f"numbers are float32 or float64, not '?{dtype}"):
        Parameters({"w": (2,)}, dtype=dtype)


def test_whole_numbers_and_more_exact_ones_are_loaded_and_nothing_by_halves():
    p = Parameters({"w": (2,), "v": (1,)})
    p.load({"w": np.array([1, 2]), "v": np.array([0.5])})
    assert p.flat.tolist() == [1, 2, 0.5]
    with pytest.raises(InputError, match="'v' is"):
        p.load({"w": np.array([8, 9]), "v": np.array([[0.5]])})
    with pytest.raises(InputError, match="v must be of the class ndarray"):
        p.load({"w": np.array([8, 9]), "v": [0.5]})
    assert p.flat.tolist() == [1, 2, 0.5]


@pytest.mark.parametrize(
    ("types", "joined"),
    [((np.float32,) * 2, np.float32), ((np.float32, np.float64), np.float64), ((), np.float32)],
)
def test_parts_are_joined_in_one_vector_of_the_wider_type(types, joined):
    parts = {f"p{i}": Parameters({"w": (2,)}, dtype=dtype) for i, dtype in enumerate(types)}
    for i, part in enumerate(parts.values(), 1):
        part.flat[:] = i
    both = join(parts)
    assert both.flat.dtype == joined
    assert both.flat.tolist() == [1, 1, 2, 2][: 2 * len(types)]


@pytest.mark.parametrize("size", [0, 1, 16, 17])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_share_no_line_with_anything_else(size, dtype):
    x = aligned_zeros(size, dtype)
    assert (x.shape, x.dtype, x.any()) == ((size,), dtype, False)
    if size:
        whole = x.base
        while whole.base is not None:
            whole = whole.base
        first, last = x.ctypes.data, whole.ctypes.data + whole.nbytes
        assert first % LINE == 0
        assert last >= first + -(-x.nbytes // LINE) * LINE


@pytest.mark.parametrize("size", [2**48, 2**62, 2**70])
def test_more_zeros_than_there_is_memory_are_refused(size):
    with pytest.raises(InputError, match=f"{size} numbers do not fit into the memory"):
        aligned_zeros(size, np.float64)


def test_an_address_is_that_of_the_first_number():
    x = np.zeros(8)
    for view in (x[3:], x[3::2], x[3:3], read_only(x[3:]), x[3:].reshape(5, 1)):
        assert address_of(view) == x.ctypes.data + 3 * 8 or not view.size
    assert index_of(x[3:]) == (x.ctypes.data - LINE) // 8 + 3


def read_only(array):
    array.flags.writeable = False
    return array
