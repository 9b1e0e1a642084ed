"""Rows of a program: which wait for which, and which become one."""

import numpy as np
import pytest

pytest.importorskip("npgan.kernels")

from npgan.kernels.activation import ActivationId
from npgan.kernels.batch import Columns
from npgan.kernels.conv import Turned, Windows
from npgan.kernels.dense import Input
from npgan.kernels.elementwise import FROM_INPUT, Activation, ActivationBackward, Scale
from npgan.kernels.normalisation import Normal
from npgan.kernels.row import PERFORM
from npgan.kernels.winograd import Filtered
from npgan.program.fusion import fused
from npgan.program.repetition import PREPARES, once
from npgan.program.replay import named
from npgan.program.schedule import Call, Row, phases
from npgan.program.traced import Buffer, Place


def touching(*places):
    """Return a row that reads or writes up to two places."""
    made = Columns(0, 0, 0, 0, 1, 1)
    for place, writes in places:
        made = made._replace(**{"y" if writes else "x": place})
    return Row(made)


def test_rows_wait_for_what_they_read_or_overwrite():
    a, b, c, part = Buffer(8), Buffer(8), Buffer(8), Buffer(4)
    part.whole, part.offset = a, 4

    def row(*ranges):
        return touching(*((Place(*place), writes) for *place, writes in ranges))

    writes, reads = (a, 0, 8, True), (a, 0, 8, False)
    table = {
        "strangers": ([row(writes), row((b, 0, 8, True), (c, 0, 8, False))], [0, 0]),
        "readers": ([row(reads), row(reads)], [0, 0]),
        "a read after a write": ([row(writes), row(reads)], [0, 1]),
        "a write after a read": ([row(reads), row(writes)], [0, 1]),
        "a write after a write": ([row(writes), row(writes)], [0, 1]),
        "neighbours": ([row((a, 0, 4, True)), row((a, 4, 4, True))], [0, 0]),
        "a part": ([row((part, 0, 4, True)), row((a, 7, 1, False)), row((a, 0, 4, False))], [0, 1, 0]),
        "nothing": ([row(writes), row((a, 3, 0, True))], [0, 0]),
        "a chain and a stranger": ([row(writes), row(reads, (b, 0, 8, True)), row((b, 1, 1, False)),
                                    row((c, 0, 8, True))], [0, 1, 2, 0]),
    }  # fmt: skip
    for name, (made, expected) in table.items():
        assert phases(made) == expected, name


def test_rows_see_that_arrays_from_outside_overlap():
    array = np.zeros(10, np.float32)
    whole, half, rest = Buffer(10, array), Buffer(5, array[5:]), Buffer(5, array[:5])
    made = [(Place(whole, 0, 10), True), (Place(half, 0, 5), False), (Place(rest, 0, 5), True)]
    assert phases([touching(place) for place in made]) == [0, 1, 1]


def backward(*, activation=ActivationId.IDENTITY):
    """Return a product's row, that of an activation's derivative after it, and a row that reads dy."""
    dy, dx, y, e = (Place(Buffer(12), 0, 12) for _ in range(4))
    product = Row(Input(e, e, dy, e, activation, 4, 3, 3, 0.0), 5)
    back = Row(ActivationBackward(dx, dy, y, 12, ActivationId.TANH, 0.5))
    return product, back, Row(Scale(y, dy._replace(start=11, size=1), 1, 2.0))


def test_a_product_multiplies_by_the_derivative_of_the_activation_below_it():
    product, back, _ = backward()
    (one,) = fused([product, back])
    assert one.most == 5
    assert one.fields == product.fields._replace(
        dx=back.fields.dx, x=back.fields.seen, activation=ActivationId.TANH, argument=0.5
    )


def convolved(x, y, kind=Windows):
    """Return a convolution's row."""
    sizes = [1] * (len(kind._fields) - 8)
    return kind(x, x, y, x, y, *sizes, ActivationId.IDENTITY, 0, 0.0)


def forward(kind=Windows):
    """Return a convolution's row, that of an activation after it, and a row that reads what goes between them."""
    x, y, a, z = (Place(Buffer(12), 0, 12) for _ in range(4))
    row = convolved(x, y, kind)
    after = Row(Activation(a, y, 12, ActivationId.LEAKY_RELU, 0.2))
    return Row(row, 5), after, Row(Scale(z, y, 12, 2.0))


@pytest.mark.parametrize("kind", [Windows, Filtered])
def test_a_convolution_applies_the_activation_after_it(kind):
    windows, after, _ = forward(kind)
    (one,) = fused([windows, after])
    assert one.most == 5
    assert one.fields == windows.fields._replace(
        c=after.fields.y, seen=after.fields.y, activation=ActivationId.LEAKY_RELU, argument=0.2
    )


def test_a_normalisation_applies_the_activation_after_it():
    _, after, _ = forward()
    x, normal = (Place(Buffer(12), 0, 12) for _ in range(2))
    row = Normal(x, x, x, x, x, x, normal, after.fields.x, 4, 3, ActivationId.IDENTITY, 0.0)
    (one,) = fused([Row(row, 5), after])
    assert one.fields == row._replace(
        y=after.fields.y, activation=ActivationId.LEAKY_RELU, argument=0.2
    )


@pytest.mark.parametrize("kind", [Windows, Filtered])
def test_a_convolution_multiplies_by_the_derivative_of_the_activation_below_it(kind):
    product, back, _ = backward()
    windows = Row(convolved(product.fields.e, back.fields.dy, kind), 5)
    (one,) = fused([windows, back])
    assert one.fields == windows.fields._replace(
        c=back.fields.dx,
        seen=back.fields.seen,
        activation=ActivationId.TANH,
        backward=1,
        argument=0.5,
    )


def prepared(kind, *, other=False, changed="", seen="", called=False, **different):
    """Return two rows that prepare a weight; between them one that may touch it, or what it became."""
    weight, result, read, first, second = (Place(Buffer(64), 16, 12) for _ in range(5))
    sizes = dict.fromkeys(kind._fields, 1)
    row = kind(**sizes | {"weight": weight, PREPARES[kind]: first})
    again = row._replace(weight=read if other else weight, **{PREPARES[kind]: second}, **different)
    named = {"weight": weight, "first": first}
    written, reads = named.get(changed, result), named.get(seen, read)
    between = Scale(written._replace(start=20, size=1), reads, 1, 2.0)
    return [Row(row), Row(Call(print, (), []) if called else between), Row(again)]


def made(kind, rows):
    """Return where the first row and the last one write."""
    return [getattr(row.fields, PREPARES[kind]).at() for row in (rows[0], rows[2])]


@pytest.mark.parametrize("kind", PREPARES)
@pytest.mark.parametrize("seen", ["", "weight", "first"])
def test_a_weight_is_prepared_once_until_it_changes(kind, seen):
    rows = prepared(kind, seen=seen)
    assert once(rows) == rows[:2]
    assert len(set(made(kind, rows))) == 1


CHANGES = {"other": True}, {"changed": "weight"}, {"changed": "first"}, {"called": True}


@pytest.mark.parametrize("kind", PREPARES)
@pytest.mark.parametrize("what", CHANGES)
def test_another_weight_or_one_that_may_have_changed_is_prepared_again(kind, what):
    rows = prepared(kind, **what)
    assert once(rows) == rows
    assert len(set(made(kind, rows))) == 2


def test_a_weight_is_prepared_again_in_another_way():
    rows = prepared(Turned, groups=2)
    assert once(rows) == rows


def kept():
    """Return rows that must stay two, each with why."""
    product, back, reader = backward()
    windows, after, other = forward()
    curved = Row(after.fields._replace(activation=FROM_INPUT))
    early = Row(Scale(other.fields.y, after.fields.y, 12, 2.0))
    part = Row(back.fields._replace(dy=back.fields.dy._replace(size=6)))
    nothing = back.fields.dy._replace(size=0)
    empty = Row(back.fields._replace(dy=nothing, size=0))
    overwritten = Row(Scale(back.fields.seen, back.fields.seen, 12, 2.0))
    return {
        "somebody else reads what the activation reads": ([windows, after, other], []),
        "what it reads is a result": ([windows, after], [after.fields.x]),
        "an activation that another row computes": ([windows, curved], []),
        "somebody reads the activation's place before": ([windows, early, after], []),
        "somebody else reads dy": ([product, back, reader], []),
        "dy is a result": ([product, back], [back.fields.dy]),
        "another product made it": ([*backward(activation=ActivationId.RELU)[:2]], []),
        "a part of dy": ([product, part], []),
        "dy is empty": ([product, empty], []),
        "y is written in between": ([product, overwritten, back], []),
        "y is made later": ([product, Row(Scale(back.fields.seen, product.fields.e, 12, 1.0)), back], []),
        "no product": ([Row(Scale(back.fields.dy, product.fields.e, 12, 1.0)), back], []),
    }  # fmt: skip


@pytest.mark.parametrize("name", kept())
def test_rows_stay_apart_where(name):
    rows, results = kept()[name]
    assert fused(rows, results) == rows


def test_no_two_kinds_of_rows_share_a_file_of_the_cache():
    dtypes = np.dtype(np.float32), np.dtype(np.float64)
    names = {named(kind, dtype) for kind in PERFORM for dtype in dtypes}
    assert len(names) == 2 * len(PERFORM)
