r"""A program: a whole training step as a table of operations, run in one call.

Called one by one, small kernels spend as long on being called, and on forking and joining threads,
as on their work. A program's rows say instead which operation runs on which addresses; each row is
cut into parts. All threads go through the rows in the same order. At each, a thread takes a part
that nobody has taken, its own first, and does it; before a row it waits until as many parts are
complete as the row's inputs need. So threads meet without the operating system, a slow one is
helped by the others, and one alone does everything. A part's result does not depend on who does it.

A row is (operation, parts, wait, ten operands) and comes with eight numbers. An operand is an
address in units of what lies there, or a size: memory is seen as one array that begins at address 0.
"""

from typing import Any

import numpy as np
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from npgan.kernels.activation import activate_backward
from npgan.kernels.batch import copy_bytes
from npgan.kernels.dense import input_part, output_part, weight_part
from npgan.kernels.elementwise import UNIT, adam, ema, largest, mean_of_sigmoids, momentum, rmsprop, sgd
from npgan.kernels.jit import ONE, ZERO, Threaded, jit
from npgan.kernels.loss import block
from npgan.kernels.matmul import share
from npgan.kernels.random import mask_numbers, normal_numbers

OPERATIONS = (
    "gather_bytes", "gather", "normal", "mask", "output", "weight", "input",
    "activation_backward", "loss", "mean", "mean_sigmoid", "add", "scale", "multiply", "finite",
    "sgd", "momentum", "rmsprop", "adam", "ema",
)  # fmt: skip
(
    GATHER_BYTES, GATHER, NORMAL, MASK, OUTPUT, WEIGHT, INPUT,
    ACTIVATION_BACKWARD, LOSS, MEAN, MEAN_SIGMOID, ADD, SCALE, MULTIPLY, FINITE,
    SGD, MOMENTUM, RMSPROP, ADAM, EMA,
) = range(len(OPERATIONS))  # fmt: skip
OPERANDS, NUMBERS, BEFORE = 10, 8, 3
LOSS_BLOCK = 2048


@intrinsic
def _memory(context, start, example):  # type: ignore[no-untyped-def]
    """See all memory as an array of numbers like the example; ``start`` is 0."""
    kind = types.Array(example, 1, "C")

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(kind)(context, builder)
        number = context.get_data_type(example)
        size = context.get_constant(types.intp, context.get_abi_sizeof(number))
        everything = context.get_constant(types.intp, 1 << 60)
        data = builder.inttoptr(arguments[0], number.as_pointer())
        populate_array(
            array, data=data, shape=[everything], strides=[size], itemsize=size, meminfo=None
        )
        return array._getvalue()

    return kind(types.int64, example), codegen


def _atomic(name: str) -> Any:
    @intrinsic
    def operation(context, array, index, value):  # type: ignore[no-untyped-def]
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
            return builder.atomic_rmw(name, builder.gep(data, [arguments[1]]), arguments[2], "acq_rel")

        return types.int64(array, types.int64, types.int64), codegen

    return operation


_add, _exchange = _atomic("add"), _atomic("xchg")


@intrinsic
def _load(context, array, index):  # type: ignore[no-untyped-def]
    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.load_atomic(builder.gep(data, [arguments[1]]), "acquire", 8)

    return types.int64(array, types.int64), codegen


@jit
def products(operation, o, numbers, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of a dense layer's operation; its operands are x, W, b, y, f, n, k, m and others."""
    if operation == OUTPUT:
        x, w, b, y, code, n, k, m = o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7]
        output_part(
            memory, x, memory, w, b, memory, y, n, k, m, code, numbers[0], panel, part, parts
        )
    elif operation == WEIGHT:
        x, d, dw, db, n, k, m = o[0], o[1], o[2], o[3], o[4], o[5], o[6]
        weight_part(memory, x, memory, d, memory, dw, db, n, k, m, panel, part, parts)
    else:
        d, w, dx, y, code, n, k, m = o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7]
        input_part(
            memory, d, memory, w, memory, dx, memory, y, n, k, m, code, numbers[0], panel, part,
            parts,
        )  # fmt: skip


@jit
def updates(operation, o, numbers, memory, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of an optimiser's update; its operands are the size, w, g and the moments."""
    first, last = share(o[0], UNIT, part, parts)
    w, g = memory[o[1] + first : o[1] + last], memory[o[2] + first : o[2] + last]
    m, v = memory[o[3] + first : o[3] + last], memory[o[4] + first : o[4] + last]
    if operation == SGD:
        sgd(w, g, numbers)
    elif operation == MOMENTUM:
        momentum(w, g, m, numbers)
    elif operation == RMSPROP:
        rmsprop(w, g, m, numbers)
    elif operation == ADAM:
        adam(w, g, m, v, numbers)
    else:
        ema(w, g, numbers)


@jit
def elementwise(operation, o, numbers, memory, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of what is done to each number by itself; the operands are the size, y and others."""
    first, last = share(o[0], UNIT, part, parts)
    y = memory[o[1] + first : o[1] + last]
    a, b = memory[o[2] + first : o[2] + last], memory[o[3] + first : o[3] + last]
    if operation == ADD:
        for i in range(y.size):
            y[i] = a[i] + b[i]
    elif operation == SCALE:
        for i in range(y.size):
            y[i] = numbers[0] * a[i]
    elif operation == MULTIPLY:
        for i in range(y.size):
            y[i] = a[i] * b[i]
    else:
        for i in range(y.size):
            y[i] = a[i]
        activate_backward(y, ZERO, b, ZERO, ZERO, ZERO, ONE, ZERO, y.size, o[4], numbers[0])


@jit
def batches(operation, o, numbers, memory, integers, octets, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of drawing rows of data, or noise."""
    if operation == GATHER_BYTES or operation == GATHER:
        data, rows, batch, n, d = o[0], o[1], o[2], o[3], o[4]
        first, last = share(n, ONE, part, parts)
        mine = integers[rows + first : rows + last]
        target = memory[batch + first * d : batch + last * d]
        if operation == GATHER_BYTES:
            copy_bytes(octets, data, mine, numbers[0], numbers[1], target, d)
        else:
            for i in range(mine.size):
                source = memory[data + mine[i] * d : data + (mine[i] + 1) * d]
                target[i * d : (i + 1) * d] = source
        return
    count, y = o[0], o[1]
    first, last = share(count, UNIT // 32, part, parts)
    k0, k1 = np.uint32(o[2]), np.uint32(o[3])
    y0, y1 = memory[y + first : y + last], memory[y + count + first : y + count + last]
    y += 2 * count
    y2, y3 = memory[y + first : y + last], memory[y + count + first : y + count + last]
    if operation == NORMAL:
        normal_numbers(y0, y1, y2, y3, first, k0, k1, numbers[0])
    else:
        mask_numbers(y0, y1, y2, y3, first, k0, k1, np.uint32(o[4]), numbers[0])


@jit
def losses(operation, o, numbers, memory, doubles, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of a loss with its gradient, or of a mean."""
    if operation == LOSS:
        size, x, target, dx, code, values = o[0], o[1], o[2], o[3], o[5], o[6]
        sums = o[4] * memory.itemsize // 8
        scratch = memory[values + part * LOSS_BLOCK : values + (part + 1) * LOSS_BLOCK]
        first, last = share((size + LOSS_BLOCK - 1) // LOSS_BLOCK, ONE, part, parts)
        for b in range(first, last):
            i, j = b * LOSS_BLOCK, min(size, (b + 1) * LOSS_BLOCK)
            doubles[sums + b] = block(
                memory[x + i : x + j], memory[target + i : target + j], code, numbers[0],
                numbers[1], scratch, memory[dx + i : dx + j],
            )  # fmt: skip
    elif operation == MEAN:
        total = 0.0
        for b in range(o[2]):
            total += doubles[o[1] * memory.itemsize // 8 + b]
        memory[o[3]] = total / o[0]
    else:
        memory[o[2]] = mean_of_sigmoids(memory[o[1] : o[1] + o[0]])


@jit
def work(rows, numbers, state, taken, turn, panels, example, bits, thread):  # type: ignore[no-untyped-def]
    """Go through the rows as one of the threads."""
    memory, doubles = _memory(state[2], example), _memory(state[2], 0.0)
    integers, octets = _memory(state[2], turn), _memory(state[2], np.uint8(0))
    words = _memory(state[2], bits[0])
    panel = panels[thread]
    for r in range(len(rows)):
        operation, parts, wait = rows[r, 0], rows[r, 1], rows[r, 2]
        o, own = rows[r, BEFORE:], numbers[r]
        while _load(state, 0) < wait:
            pass
        for offset in range(parts):
            part = (thread + offset) % parts
            if _exchange(taken, r * len(panels) + part, turn) == turn:
                continue
            if operation <= MASK:
                batches(operation, o, own, memory, integers, octets, part, parts)
            elif operation <= INPUT:
                products(operation, o, own, memory, panel, part, parts)
            elif operation >= SGD:
                if state[1] < 0:
                    updates(operation, o, own, memory, part, parts)
            elif operation == FINITE:
                first, last = share(o[0], UNIT, part, parts)
                if largest(words[o[1] + first : o[1] + last], bits[0]) >= bits[1]:
                    state[1] = o[2]
            elif operation >= LOSS and operation <= MEAN_SIGMOID:
                losses(operation, o, own, memory, doubles, part, parts)
            else:
                elementwise(operation, o, own, memory, part, parts)
            _add(state, 0, 1)


def _execute(rows, numbers, state, taken, turn, panels, example, bits, parts):  # type: ignore[no-untyped-def]
    for thread in prange(parts):
        work(rows, numbers, state, taken, turn, panels, example, bits, np.int64(thread))


execute = Threaded(_execute)
