r"""A program: a whole training step as a table of rows, run in one call.

Called one by one, small kernels spend as long on being called, and on forking and joining threads,
as on their work. A program's rows say instead what to do, and on which arrays; each row is cut
into parts. All threads go through the rows in the same order. At each row a thread takes a part
that no other thread has taken, its own first, and does it. Before it begins with a row it waits until all
parts of the rows that this one depends on are complete. So threads wait for each other without the operating
system, a slow one is helped by the others, and one alone does everything. A part's result does not
depend on which thread does it.

A row of the table is (function, parts, wait, fields ...): the address of the function that does a
part, the number of parts, how many parts must be complete before, and the whole numbers among the
fields of its named tuple (:mod:`npgan.kernels.row`). The floating-point ones lie in a second table. An
array is an offset in units of the program's numbers: memory is seen as one array.
"""

from functools import cache
from types import FunctionType
from typing import Any

import numpy as np
from numba import types

from npgan.kernels.jit import c_function, jit
from npgan.kernels.memory import add, call, exchange, load, maximum, nap, pause, view
from npgan.kernels.row import PERFORM, layout, read
from npgan.system.memory import LINE

FUNCTION, PARTS, WAIT, FIELDS = range(4)
WIDTH, NUMBERS = FIELDS + max(len(layout(kind).integers) for kind in PERFORM), 8
COMPLETE, TURN = range(2)
START, ALL, ROWS, THREADS, TABLE, RATES, TAKEN, PANELS, PANEL, STATE = range(
    LINE // 8, LINE // 8 + 10
)
"""The layout of a program's state: how many parts are complete, and how many runs have begun; then, in
cache lines that are never written during a run, the address where memory starts, the numbers of parts,
rows and threads, where tables and panels lie, counted in their own elements, and a panel's size. The
compiler must not know where memory starts: it may remove accesses to addresses where no array can be."""
SPINS = 3000  # times that a thread looks before it gives up its core while it waits: some 30 us


def _perform(address, r, thread, part):  # type: ignore[no-untyped-def]
    state = view(address, address)[:STATE]
    memory, integers = view(state[START], zero), view(state[START], address)  # noqa: F821
    line = integers[state[TABLE] + r * WIDTH :][:WIDTH]
    numbers = memory[state[RATES] + r * NUMBERS :][:NUMBERS]
    panel = memory[state[PANELS] + thread * state[PANEL] :][: state[PANEL]]
    row = read(kind, line[FIELDS:], numbers)  # noqa: F821
    perform_part(row, memory, panel, part, line[PARTS])  # noqa: F821


def named(kind: type, dtype: np.dtype) -> str:
    """Return the name of a function that performs rows, and of its file in the cache: no other has it.

    >>> from npgan.kernels.elementwise import Add
    >>> named(Add, np.dtype(np.float32))
    'elementwise.Add_float32'
    """
    return f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}_{dtype}"


@cache
def function(kind: type, dtype: np.dtype) -> Any:
    """Return the C function that does a part of a row of this kind, in programs of this type of numbers.

    It is compiled when it is first needed. :func:`_work` calls it by its address, so that ``_work`` itself
    is compiled once, for all kinds of rows and types of numbers.
    """
    own = {"kind": kind, "zero": dtype.type(0), "perform_part": PERFORM[kind]}
    made = FunctionType(_perform.__code__, {**globals(), **own}, _perform.__name__)
    made.__qualname__ = named(kind, dtype)
    return c_function(types.void(*[types.int64] * 4), made)


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
        row = integers[state[TABLE] + r * WIDTH :][:FIELDS]
        if thread > 0 and row[PARTS] == 1:  # too little work to share
            continue
        if not wait_for(state, COMPLETE, row[WAIT], turn):
            return
        for offset in range(row[PARTS]):
            part = (thread + offset) % row[PARTS]
            if maximum(taken, r * state[THREADS] + part, turn) < turn:
                call(row[FUNCTION], address, r, thread, part)
                add(state, COMPLETE, 1)
    if thread == 0:
        wait_for(state, COMPLETE, state[ALL], turn)


@jit
def begin(address):  # type: ignore[no-untyped-def]
    """Begin a run, so that no thread sees the new turn with the old count of complete parts."""
    state = view(address, address)[:STATE]
    exchange(state, COMPLETE, 0)
    add(state, TURN, 1)


work = jit(_work, nogil=True)
