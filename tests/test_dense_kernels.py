"""Dense layers' kernels, cut into parts for threads."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("numba")

from npgan.kernels import jit
from npgan.kernels.matmul import region, worth_parts
from npgan.program.eager import KERNELS

WIDTHS = st.integers(0, 20)


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def passes(n, k, m):
    """Return y, dx, dW and db of a layer of k inputs and m outputs."""
    x, dy, weight = random(n, k), random(n, m, seed=1), random(k, m, seed=2)
    bias, dweight, dbias = random(m, seed=3), random(k, m, seed=4), random(m, seed=5)
    y, dx = KERNELS["dense_forward"](x, weight, bias), KERNELS["dense_backward_input"](dy, weight)
    KERNELS["dense_backward_parameters"](dy, x, dweight, dbias)
    return {"y": y, "dx": dx, "dW": dweight, "db": dbias}


@given(n=st.integers(1, 150), k=WIDTHS, m=WIDTHS)
@example(n=150, k=6, m=4)  # a part's rows of dW are few, and the whole product's are not
@example(n=150, k=0, m=3)  # dW has no rows, and db is computed once
@settings(max_examples=20, deadline=None)
def test_the_number_of_threads_changes_no_bit(n, k, m):
    found, before = [], jit.threads()
    with pytest.MonkeyPatch.context() as patch:  # or so small a product would be one part
        patch.setattr("npgan.kernels.dense.worth_parts", lambda m, n, k: 3 * (m * n * k > 0))
        for count in (1, 2, 3):
            jit.set_threads(count)
            found.append(passes(n, k, m))
    jit.set_threads(before)
    db = random(m, seed=5) + random(n, m, seed=1).sum(axis=0)
    np.testing.assert_allclose(found[0]["db"], db, atol=1e-4)
    for name, array in found[0].items():
        for other in found[1:]:
            np.testing.assert_array_equal(array, other[name], err_msg=name)


@pytest.mark.parametrize(("rows", "columns"), [(20, 900), (900, 20), (1, 5), (5, 1), (0, 90)])
@pytest.mark.parametrize("parts", [1, 2, 3])
def test_parts_share_a_product(rows, columns, parts):
    made = np.zeros((rows, columns))
    for part in range(parts):
        i0, i1, j0, j1 = region(rows, columns, 4, part, parts)
        made[i0:i1, j0:j1] += 1
        if parts == 2 and min(rows, columns) > 5:
            assert 0.3 < made[i0:i1, j0:j1].size / made.size < 0.7
    assert (made == 1).all()


@pytest.mark.parametrize("shape", [(20, 900, 1000), (512, 128, 1), (256, 2, 128)])
def test_two_threads_share_a_product_that_takes_long(shape):
    """By its multiplications, or by what it reads and writes."""
    assert worth_parts(*shape) > 1


@pytest.mark.parametrize("shape", [(20, 90, 10), (64, 128, 1), (20_000, 3, 0)])
def test_one_thread_makes_a_small_product(shape):
    assert worth_parts(*shape) <= 1
