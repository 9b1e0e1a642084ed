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

from functools import cache
from typing import Any

import numpy as np
from numba import types

from npgan.kernels.activation import activate_backward
from npgan.kernels.batch import copy_bytes
from npgan.kernels.dense import input_part, output_part, tangent_part, weight_part
from npgan.kernels.elementwise import (
    UNIT,
    largest,
    limits,
    mean_of_sigmoids,
    mean_of_steps,
)
from npgan.kernels.fourier import backward_part as fourier_backward_part
from npgan.kernels.fourier import forward_part as fourier_part
from npgan.kernels.fourier import tangent_part as fourier_tangent_part
from npgan.kernels.jit import ONE, ZERO, c_function, fma, jit
from npgan.kernels.loss import BLOCK, block
from npgan.kernels.matmul import share
from npgan.kernels.memory import add, call, copy, exchange, load, maximum, nap, pause, view
from npgan.kernels.random import COUNTERS, mask_numbers, normal_numbers
from npgan.kernels.slope import mix_part, slope_part
from npgan.kernels.update import update
from npgan.memory import LINE

OPERATIONS = (
    "gather_bytes", "gather", "normal", "mask", "columns", "output", "weight", "input", "tangent", "slope", "mix",
    "fourier", "fourier_backward", "fourier_tangent",
    "activation_backward", "loss", "mean", "mean_sigmoid", "mean_heaviside", "add", "scale", "multiply", "finite",
    "update",
)  # fmt: skip
(
    GATHER_BYTES, GATHER, NORMAL, MASK, COLUMNS, OUTPUT, WEIGHT, INPUT, TANGENT, SLOPE, MIX,
    FOURIER, FOURIER_BACKWARD, FOURIER_TANGENT,
    ACTIVATION_BACKWARD, LOSS, MEAN, MEAN_SIGMOID, MEAN_HEAVISIDE, ADD, SCALE, MULTIPLY, FINITE,
    UPDATE,
) = range(len(OPERATIONS))  # fmt: skip
OPERATION, PARTS, WAIT, BEFORE = range(4)
OPERANDS, NUMBERS = 10, 8
COMPLETE, BAD, TURN = range(3)
START, ALL, ROWS, THREADS, PERFORM, TABLE, RATES, TAKEN, PANELS, PANEL, STATE = range(
    LINE // 8, LINE // 8 + 11
)
"""What lies where in a program's state: how many parts are complete, which check found a number that
is not finite, how many runs have begun; then, in cache lines that are never written, where memory
starts (at 0, but the compiler must not know: it takes what lies at a known 0 for nothing), the
number of all parts, of rows, of threads, and where what does a part and (in units of what lies
there) the tables are."""
SPINS = 1000  # looks before a waiting thread lets others have its core


@jit
def products(operation, o, numbers, memory, panel, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of a dense layer's operation; its operands are x, W, b, y, f, n, k, m and others."""
    if operation == OUTPUT:
        x, w, b, y, code, n, k, m = o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7]
        output_part(
            memory, x, memory, w, b, memory, y, n, k, m, code, numbers[0], panel, part, parts
        )
    elif operation == WEIGHT:
        x, d, dw, db, add, l, n, k, m = o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], o[8]  # noqa: E741
        weight_part(memory, x, memory, d, memory, dw, db, add, l, n, k, m, panel, part, parts)
    elif operation == TANGENT:
        t, w, u, y, code, n, k, m = o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7]
        tangent_part(
            memory, t, memory, w, memory, u, memory, y, n, k, m, code, numbers[0], panel, part,
            parts,
        )  # fmt: skip
    else:
        d, w, dx, y, code, n, k, m = o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7]
        input_part(
            memory, d, memory, w, memory, dx, memory, y, n, k, m, code, numbers[0], panel, part,
            parts,
        )  # fmt: skip


@jit
def penalties(operation, o, memory, doubles, panel, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of what a penalty on a slope needs beside products; its operands are n, k and others."""
    n, k = o[0], o[1]
    if operation == SLOPE:
        sums = o[5] * memory.itemsize // 8
        slope_part(
            memory, o[2], memory, o[3], o[6], memory, o[4], doubles, sums, n, k, panel, part, parts
        )
    else:
        mix_part(memory, o[2], memory, o[3], memory, o[4], memory, o[5], n, k, part, parts)


@jit
def waves(operation, o, memory, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of Fourier features; the operands are arrays, the frequencies among them, and sizes."""
    a, b, c, e, n, d, k = o[0], o[1], o[2], o[3], o[4], o[5], o[6]
    if operation == FOURIER:
        fourier_part(memory, a, memory, b, memory, c, n, d, k, part, parts)
    elif operation == FOURIER_BACKWARD:
        fourier_backward_part(memory, a, memory, b, memory, c, memory, e, n, d, k, part, parts)
    else:
        fourier_tangent_part(memory, a, memory, b, memory, c, memory, e, n, d, k, part, parts)


@jit
def updates(o, numbers, memory, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of an optimiser's update; its operands are the size, w, g, the moments, a flag, the rule."""
    first, last = share(o[0], UNIT, part, parts)
    w, g = memory[o[1] + first : o[1] + last], memory[o[2] + first : o[2] + last]
    m, v = memory[o[3] + first : o[3] + last], memory[o[4] + first : o[4] + last]
    update(o[6], w, g, m, v, numbers)


@jit
def elementwise(operation, o, numbers, memory, part, parts):  # type: ignore[no-untyped-def]
    """Do a part of what is done to each number by itself; the operands are the size, y and others."""
    first, last = share(o[0], UNIT, part, parts)
    y = memory[o[1] + first : o[1] + last]
    a, b = memory[o[2] + first : o[2] + last], memory[o[3] + first : o[3] + last]
    if operation == ADD:
        for i in range(y.size):
            y[i] = fma(numbers[0], b[i], a[i])
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
    """Do a part of drawing rows of data, or noise, or of copying columns."""
    if operation <= GATHER:
        data, rows, batch, n, d = o[0], o[1], o[2], o[3], o[4]
        first, last = share(n, ONE, part, parts)
        mine = integers[rows + first : rows + last]
        batch += first * d
        if operation == GATHER_BYTES:
            copy_bytes(octets, data, mine, numbers[0], numbers[1], memory[batch:], d)
        else:
            for i in range(mine.size):
                copy(memory, data + mine[i] * d, memory, batch + i * d, d)
        return
    if operation == COLUMNS:
        n, k, x, wide, y, width = o[0], o[1], o[2], o[3], o[4], o[5]
        first, last = share(n, ONE, part, parts)
        for i in range(first, last):
            copy(memory, x + i * wide, memory, y + i * width, k)
        return
    count, y = o[0], o[1]
    first, last = share(count, COUNTERS, part, parts)
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
        scratch = memory[values + part * BLOCK : values + (part + 1) * BLOCK]
        first, last = share((size + BLOCK - 1) // BLOCK, ONE, part, parts)
        for b in range(first, last):
            i, j = b * BLOCK, min(size, (b + 1) * BLOCK)
            doubles[sums + b] = block(
                memory[x + i : x + j], memory[target + i : target + j], code, numbers[0],
                scratch, memory[dx + i : dx + j],
            )  # fmt: skip
    elif operation == MEAN:
        total = 0.0
        for b in range(o[2]):
            total += doubles[o[1] * memory.itemsize // 8 + b]
        memory[o[3]] = total / o[0]
    elif operation == MEAN_SIGMOID:
        memory[o[2]] = mean_of_sigmoids(memory[o[1] : o[1] + o[0]])
    else:
        memory[o[2]] = mean_of_steps(memory[o[1] : o[1] + o[0]])


@cache
def performer(dtype: np.dtype) -> Any:
    """Return a C function that does a part of a row, for programs of a type of numbers.

    A kernel that calls another holds a copy of it, which is compiled again. What goes through the
    rows calls all this by address instead, and has nothing to do with the type.
    """
    zero, (sign, bound) = dtype.type(0), limits(dtype)

    def perform(address, r, thread, part):  # type: ignore[no-untyped-def]
        state = view(address, address)[:STATE]
        start = state[START]
        memory, doubles, words = view(start, zero), view(start, 0.0), view(start, sign)
        integers, octets = view(start, address), view(start, np.uint8(0))
        row = integers[state[TABLE] + r * (BEFORE + OPERANDS) :][: BEFORE + OPERANDS]
        numbers = memory[state[RATES] + r * NUMBERS :][:NUMBERS]
        panel = memory[state[PANELS] + thread * state[PANEL] :][: state[PANEL]]
        operation, parts, o = row[OPERATION], row[PARTS], row[BEFORE:]
        if operation <= COLUMNS:
            batches(operation, o, numbers, memory, integers, octets, part, parts)
        elif operation <= TANGENT:
            products(operation, o, numbers, memory, panel, part, parts)
        elif operation <= MIX:
            penalties(operation, o, memory, doubles, panel, part, parts)
        elif operation <= FOURIER_TANGENT:
            waves(operation, o, memory, part, parts)
        elif operation == UPDATE:
            if state[BAD] < 0:
                updates(o, numbers, memory, part, parts)
        elif operation == FINITE:
            first, last = share(o[0], UNIT, part, parts)
            if largest(words[o[1] + first : o[1] + last], sign) >= bound:
                state[BAD] = o[2] if state[BAD] < 0 else state[BAD]  # what comes after is no news
        elif LOSS <= operation <= MEAN_HEAVISIDE:
            losses(operation, o, numbers, memory, doubles, part, parts)
        else:
            elementwise(operation, o, numbers, memory, part, parts)

    perform.__qualname__ += f"_{dtype}"  # a name and a file of its own
    kind = types.void(types.int64, types.int64, types.int64, types.int64)
    return c_function(kind, perform)


@jit
def wait_for(state, place, least, turn):  # type: ignore[no-untyped-def]
    """Wait until a number is large enough; return whether it still is the same turn."""
    patience = SPINS
    while load(state, place) < least:
        if load(state, TURN) != turn:
            return False
        pause()
        patience -= 1
        if patience < 0:
            nap()
    return True


def _work(address, thread):  # type: ignore[no-untyped-def]
    """Go through the rows of the program whose state lies at an address, as one of its threads."""
    state = view(address, address)[:STATE]
    integers = view(state[START], address)
    turn = load(state, TURN)
    taken = integers[state[TAKEN] :][: state[ROWS] * state[THREADS]]
    for r in range(state[ROWS]):
        row = integers[state[TABLE] + r * (BEFORE + OPERANDS) :][:BEFORE]
        if thread > 0 and row[PARTS] == 1:  # so little that to hand it over costs more
            continue
        if not wait_for(state, COMPLETE, row[WAIT], turn):
            return
        for offset in range(row[PARTS]):
            part = (thread + offset) % row[PARTS]
            if maximum(taken, r * state[THREADS] + part, turn) < turn:
                call(state[PERFORM], address, r, thread, part)
                add(state, COMPLETE, 1)
    if thread == 0:
        wait_for(state, COMPLETE, state[ALL], turn)


@jit
def begin(address):  # type: ignore[no-untyped-def]
    """Begin a run: nobody sees the new turn and the old count of what is complete."""
    state = view(address, address)[:STATE]
    exchange(state, COMPLETE, 0)
    state[BAD] = -1
    add(state, TURN, 1)


work = jit(_work, nogil=True)
