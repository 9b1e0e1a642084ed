"""Compiled minimal filtering: the references' numbers, on any number of threads; and when it is chosen."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_second_order import random
from test_winograd import ADVERSARIAL, FORMS, arrays, bounds, direct, filterings

from npgan import InputError, backend, ops
from npgan.ops.windows import Geometry
from npgan.ops.winograd import Filtering
from npgan.system import environment

pytest.importorskip("npgan.kernels")
from test_conv_kernels import calls, check_operations, result

from npgan.kernels import choice, jit, winograd
from npgan.kernels.plan import Shapes
from npgan.kernels.winograd import Sizes
from npgan.program.eager import KERNELS

FREE = dict.fromkeys(choice.COSTS, (0.0, 0.0, 1e-9))
"""Costs with which every convolution that can be filtered is."""
CHANNELS = st.sampled_from([16, 32])


@pytest.fixture
def always(monkeypatch):
    """Filter wherever there are kernels for it."""
    monkeypatch.setattr(choice, "COSTS", FREE)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("size", [(6, 5), (3, 9)])
@pytest.mark.parametrize("form", FORMS)
def test_small_images_are_filtered_one_by_one_as_the_reference_does(form, size, monkeypatch):
    monkeypatch.setattr(winograd, "NEAR", 1)  # one image is a block
    k, s = form
    x, weight = random(2, *(s * n for n in size), 16), random(k, k, 16, 32, seed=1)
    check_operations(256, x, weight, Geometry.of(s, 1), np.float32)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("form", FORMS)
def test_blocks_of_images_and_more_channels_than_columns_are_the_references(form, monkeypatch):
    monkeypatch.setattr(Sizes, "block", lambda sizes, n, times=1: 2)  # and the last has one image
    k, s = form
    x, weight = random(3, 2 * s, 3 * s, 16), random(k, k, 16, 48, seed=1)
    check_operations(256, x, weight, Geometry.of(s, 1), np.float32)


@pytest.mark.usefixtures("threads")
@given(filterings([*FORMS, (6, 2)], 7), st.integers(0, 2), CHANNELS, CHANNELS)
@settings(deadline=None, max_examples=20)
def test_every_operation_is_its_reference(way, n, i, o):
    x, weight, _ = arrays(way, i, o, n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "COSTS", FREE)
        check_operations(256, x, weight, way.geometry, np.float32)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("form", FORMS)
def test_the_number_of_threads_changes_no_bit(form):
    (k, s), before, found = form, jit.threads(), []
    x, weight = random(3, 8, 9, 48), random(k, k, 48, 16, seed=1)
    given = calls(x, weight, Geometry.of(s, 1), np.float32)
    for count in (1, 2):
        jit.set_threads(count)
        found.append({name: result(KERNELS[name], *call) for name, call in given.items()})
    jit.set_threads(before)
    for name, one in found[0].items():
        for a, b in zip(one, found[1][name], strict=True):
            np.testing.assert_array_equal(a, b, err_msg=name)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("name", ADVERSARIAL)
@pytest.mark.parametrize("form", FORMS)
def test_rounding_keeps_its_bound(name, form):
    (k, s), rng = form, np.random.default_rng(6)
    geometry = Geometry.of(s, 1)
    y, r = geometry.smaller((9, 8), (k, k)), k // s
    way = Filtering(geometry, (k, k), (9, 8), y, choice.points_of_a_tile(r, y) + 1 - r)
    x, weight, dy = (ADVERSARIAL[name](a, rng).astype(np.float32) for a in arrays(way, 16, 16, n=3))
    dweight, bias = np.zeros_like(weight), np.zeros(16, np.float32)
    KERNELS["conv2d_backward_parameters"](dy, x, dweight, bias.copy(), *way.geometry)
    made = (
        KERNELS["conv2d_forward"](x, weight, bias, *way.geometry),
        KERNELS["conv2d_backward_input"](dy, weight, way.x, *way.geometry),
        dweight,
    )
    exact = direct(*(a.astype(np.float64) for a in (x, weight, dy)), way)
    for value, right, bound in zip(made, exact, bounds(x, weight, dy, way), strict=True):
        assert (abs(value - right) <= bound).all()


@pytest.mark.usefixtures("always", "threads")
def test_a_recorded_product_applies_the_activation_after_it():
    x, weight, bias = (
        random(*shape, seed=i).astype(np.float32)
        for i, shape in enumerate([(6, 8, 8, 16), (4, 4, 16, 32), (32,)])
    )
    y = KERNELS["conv2d_forward"](x, weight, bias, 2, 1)
    backend.use("numba")
    run, last = backend.run, {}

    def step(rng):
        made = run.leaky_relu_forward(run.conv2d_forward(x, weight, bias, 2, 1), 0.2)
        last["place"] = made.place()
        return {"first": made}

    program, why = backend.record(step, np.random.default_rng(0))
    assert why is None
    program.run()
    made = program.view(last["place"]).reshape(y.shape)
    np.testing.assert_array_equal(made, ops.leaky_relu_forward(y, 0.2))


NORMAL = [(form, 4, 1.1) for form in FORMS] + [((2, 1), 5, 2.1), ((3, 1), 5, 1.4), ((4, 2), 5, 1.7)]


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(("form", "points", "times"), NORMAL)
def test_rounding_of_normal_numbers_is_so_many_times_the_direct_way_s(
    form, points, times, monkeypatch
):
    (k, s), errors = form, []
    x, weight = random(4, 12, 12, 32).astype(np.float32), random(k, k, 32, 32).astype(np.float32)
    bias = np.zeros(32, np.float32)
    exact = ops.conv2d_forward(x.astype(np.float64), weight, bias, s, 1)
    monkeypatch.setattr(winograd, "points_of_a_tile", lambda r, y: points)
    for enabled in (False, True):
        monkeypatch.setattr(choice, "ENABLED", enabled)
        y = KERNELS["conv2d_forward"](x, weight, bias, s, 1)
        errors.append(np.square(y - exact).mean())
    assert 0 < errors[1] <= times**2 * errors[0]


def shapes(size, i, o, taps=4, stride=2, groups=1):
    """Return a convolution of square images, with a padding of 1."""
    geometry = Geometry.of(stride, 1, 1, groups)
    made = geometry.smaller((size, size), (taps, taps))
    return Shapes((size, size), made, (taps, taps, i // groups, o), geometry)


def test_scratch_memory_does_not_grow_with_the_batch():
    sizes = Sizes.of(shapes(14, 64, 128))
    assert sizes.block(64) == sizes.block(10**6) < 10
    assert sizes.block(3) == 3


def test_what_both_ways_multiply_is_counted():
    found = choice.counts(5, shapes(14, 16, 32))  # 7 outputs: tiles of 4 and 3, of 5 and 4 points
    points = 5 * (5 + 4) ** 2
    direct = 5 * (7 * 4 - 2) ** 2 * 16 * 32  # an axis has two taps outside of the image
    assert found == (direct, points * 64 * 32, points * (64 + 32), 25 * 64 * 32)


WAYS = {
    "a discriminator's convolution": (("y", 64, shapes(14, 64, 128)), True),
    "its input's gradient": (("dx", 64, shapes(14, 64, 128)), True),
    "its weight's gradient": (("dW", 64, shapes(14, 64, 128)), True),
    "a kernel of 3": (("y", 64, shapes(8, 64, 64, 3, 1)), True),
    "a kernel of 2": (("y", 64, shapes(8, 64, 64, 2, 1)), True),
    "one image, for which a weight is transformed": (("y", 1, shapes(8, 128, 256)), False),
    "images of 2 x 2 pixels": (("dx", 64, shapes(4, 64, 128)), False),
    "no images": (("dW", 0, shapes(14, 64, 128)), False),
    "narrow channels": (("y", 64, shapes(28, 1, 64)), False),
    "channels that leave a vector's numbers over": (("y", 64, shapes(14, 60, 128)), False),
    "groups": (("y", 64, shapes(14, 64, 128, groups=2)), False),
    "a stride that does not divide the taps": (("y", 64, shapes(14, 64, 128, 3)), False),
    "a kernel of 5": (("y", 64, shapes(14, 64, 128, 5, 1)), False),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_is_chosen_by_shapes(name):
    given, filtered = WAYS[name]
    assert choice.filters(*given, np.dtype(np.float32)) == filtered
    assert not choice.filters(*given, np.dtype(np.float64))


def test_filtering_can_be_turned_off(monkeypatch):
    given, _ = WAYS["a discriminator's convolution"]
    monkeypatch.setattr(choice, "ENABLED", False)
    assert not choice.filters(*given, np.dtype(np.float32))


@pytest.mark.parametrize(("value", "wanted"), [("0", False), ("1", True)])
def test_the_switch_is_an_environment_variable(monkeypatch, value, wanted):
    monkeypatch.setenv("NPGAN_WINOGRAD", value)
    assert environment.winograd() == wanted


def test_other_values_of_the_switch_are_refused(monkeypatch):
    monkeypatch.setenv("NPGAN_WINOGRAD", "off")
    with pytest.raises(InputError, match="NPGAN_WINOGRAD must be 0 or 1, not 'off'"):
        environment.winograd()
