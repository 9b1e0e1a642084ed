"""``npgan.trace``: a step is run once, and what ran is made a graph."""

import inspect
from collections.abc import Callable
from typing import Any

from npgan import backend, ops
from npgan.check.tracing import docs, names
from npgan.check.tracing.arrays import LISTENER, arrays_in, plain
from npgan.check.tracing.graph import Graph, Node, Value
from npgan.check.tracing.own import boxes
from npgan.check.tracing.record import Entry, Recorder
from npgan.errors import InputError, shown
from npgan.parameters import Parameters

__all__ = ["trace"]


def trace(step: Callable[[], Any]) -> Graph:
    r"""Run a step once, in NumPy, and return the graph of its operations with every value and gradient.

    Printed, it is a table. :meth:`~npgan.check.tracing.graph.Graph.save` draws it. What NumPy computes between the
    operations is in it as well, as far as an operation or the result depends on it: slices, joins, sums.
    A layer of the user's own is one box if it calls no operation. Whatever the step changes is changed.

    Raises InputError for what cannot be called without arguments, and for a step that runs no operation.

    Parameters
    ----------
    step : a function without arguments. The arrays, layers and models that it has from outside give the
        graph's arrays their names: ``x``, ``net 0.weight``, and ``discriminator 0.weight`` of a model

    Examples
    --------
    >>> import numpy as np
    >>> from npgan.backend import run
    >>> x, weight, bias = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]), np.array([0.5])
    >>> graph = trace(lambda: run.relu_forward(run.dense_forward(x, weight, bias)))
    >>> [node.name for node in graph.nodes], graph.nodes[0].formula
    (['dense_forward', 'relu_forward'], 'y = xW + b')
    >>> print(graph)
    no.  operation                   inputs                      output             numbers
         given                                                   x (1, 2)           1 2
         given                                                   weight (2, 1)      3 4
         given                                                   bias (1,)          0.5
    1    dense_forward               x (1, 2)                    (1, 1)             11.5
                                     weight (2, 1)
                                     bias (1,)
    2    relu_forward                1 (1, 1)                    (1, 1)             11.5
    """
    if not callable(step) or not _takes_nothing(step):
        raise InputError(f"trace takes a function without arguments, not {shown(step)}")
    found = [pair for name, thing in names.things(step) for pair in names.vectors(name, thing)]
    known = [pair for name, vector in found for pair in names.arrays(name, vector)]
    recorder = Recorder(plain(known))
    parameters = [vector for _, vector in found if isinstance(vector, Parameters)]
    before = LISTENER.set(recorder)
    try:
        with names.telling(parameters), backend.through(recorder.perform), boxes():
            result = names.listening(step)()
    finally:
        LISTENER.reset(before)
    if not any(entry.kind in ("operation", "layer") for entry in recorder.entries):
        raise InputError("the step runs no operation of npgan: there is nothing to trace")
    returned = {recorder.value(array) for array in arrays_in(result) if array.size}
    return _graph(_kept(recorder.entries, returned))


def _takes_nothing(step: Callable) -> bool:
    try:
        inspect.signature(step).bind()
    except TypeError:
        return False
    except ValueError:  # it does not say what it takes
        return True
    return True


def _kept(entries: list[Entry], wanted: set[Value]) -> list[Entry]:
    """Return the operations, and of the rest what they or the wanted values depend on, or changes what has a name."""
    wanted, kept = set(wanted), []
    for entry in reversed(entries):
        named = any(value.name for value in entry.outputs)
        if entry.kind in ("operation", "layer") or named or wanted & {*entry.outputs}:
            kept.append(entry)
            wanted |= {value for _, value in entry.inputs if isinstance(value, Value)}
    return kept[::-1]


def _graph(entries: list[Entry]) -> Graph:
    numbers = {entry: number for number, entry in enumerate(entries, 1)}
    nodes = []
    for entry, number in numbers.items():
        kind, formula, source = _described(entry)
        of = numbers.get(entry.of) if entry.of else None
        nodes.append(
            Node(number, entry.name, kind, entry.inputs, entry.outputs, of, formula, source)
        )
    return Graph(tuple(nodes))


def _described(entry: Entry) -> tuple[str, str, str]:
    """Return a node's kind, its formula and its source."""
    if entry.kind != "operation":
        kind = "numpy" if entry.kind == "view" else entry.kind
        return kind, entry.formula or docs.NUMPY.get(entry.name, ""), ""
    family = getattr(ops, entry.name).__module__.rpartition(".")[2]
    kind = "backward" if "backward" in entry.name else "forward"
    kind = {"random": "noise", "update": "update"}.get(family, kind)
    return kind, *docs.of_operation(entry.name)
