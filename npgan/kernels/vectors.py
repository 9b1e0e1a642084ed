"""Vectors of the machine's width, for kernels whose inner loop is written in LLVM's instructions."""

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils

FEATURES = llvm.get_host_cpu_features()
BYTES = 64 if FEATURES.get("avx512f") else 32 if FEATURES.get("avx2") else 16
INDEX, LANE, BIT = ir.IntType(64), ir.IntType(32), ir.IntType(1)


def fetch(builder: Any, place: Any, writes: bool = False) -> None:
    """Ask for a cache line, into the nearest cache: a hint that changes no result."""
    pointer = ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [pointer, LANE, LANE, LANE])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(function, [builder.bitcast(place, pointer), LANE(int(writes)), LANE(3), LANE(1)])


def multiply_add(module: Any, kind: Any) -> Any:
    """Return the function a, b, c -> a b + c of vectors of a kind, with one rounding where the machine can."""
    number = {"float": "f32", "double": "f64"}[str(kind.element)]
    function = ir.FunctionType(kind, [kind] * 3)
    return cgutils.get_or_insert_function(module, function, f"llvm.fmuladd.v{kind.count}{number}")


class Vectors:
    """Rows of ``count`` vectors; of the last vector only the first ``last`` numbers exist."""

    def __init__(self, context: Any, builder: Any, number: Any, count: int, last: Any) -> None:
        self.builder, self.count = builder, count
        self.lanes = BYTES * 8 // number.bitwidth
        self.align = number.bitwidth // 8
        self.type = ir.VectorType(context.get_value_type(number), self.lanes)
        self.zero = ir.Constant(self.type, [0.0] * self.lanes)
        kind = f"v{self.lanes}f{number.bitwidth}"
        mask = ir.VectorType(BIT, self.lanes)
        pointer = self.type.as_pointer()

        def declare(name: str, result: Any, *arguments: Any) -> Any:
            function = ir.FunctionType(result, arguments)
            return cgutils.get_or_insert_function(builder.module, function, name)

        self.fma = multiply_add(builder.module, self.type)
        self.masked_load = declare(
            f"llvm.masked.load.{kind}.p0", self.type, pointer, LANE, mask, self.type
        )
        self.masked_store = declare(
            f"llvm.masked.store.{kind}.p0", ir.VoidType(), self.type, pointer, LANE, mask
        )
        lane = ir.Constant(ir.VectorType(LANE, self.lanes), list(range(self.lanes)))
        last = builder.trunc(last, LANE)
        self.mask = builder.icmp_signed("<", lane, self.broadcast(last, LANE))

    def broadcast(self, scalar: Any, kind: Any) -> Any:
        """Return a vector of one number."""
        empty = ir.Constant(ir.VectorType(kind, self.lanes), ir.Undefined)
        first = self.builder.insert_element(empty, scalar, LANE(0))
        zeros = ir.Constant(ir.VectorType(LANE, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, empty, zeros)

    def times(self, i: int, stride: Any) -> Any:
        """Return i * stride."""
        return self.builder.mul(INDEX(i), stride)

    def phi(self, incoming: list) -> Any:
        """Return a vector that depends on where control comes from."""
        node = self.builder.phi(self.type)
        for value, block in incoming:
            node.add_incoming(value, block)
        return node

    def _places(self, pointer: Any) -> list:
        step = [self.builder.gep(pointer, [INDEX(j * self.lanes)]) for j in range(self.count)]
        return [self.builder.bitcast(p, self.type.as_pointer()) for p in step]

    def load_row(self, pointer: Any) -> list:
        """Return the row's vectors; the last one masked."""
        *full, end = self._places(pointer)
        row = [self.builder.load(p, align=self.align) for p in full]
        masked = [end, LANE(self.align), self.mask, self.zero]
        return [*row, self.builder.call(self.masked_load, masked)]

    def store_row(self, row: list, pointer: Any) -> None:
        """Store the row's vectors, and of the last one the numbers that exist."""
        *full, end = self._places(pointer)
        for value, place in zip(row, full, strict=False):
            self.builder.store(value, place, align=self.align)
        self.builder.call(self.masked_store, [row[-1], end, LANE(self.align), self.mask])

    def prefetch(self, pointer: Any, writes: bool = False) -> None:
        """Ask for the cache lines of the row at a pointer, which need not exist."""
        for place in self._places(pointer):
            fetch(self.builder, place, writes)

    def sums(self, values: list) -> list:
        """Return the sum of each vector's lanes: one half is added to the other, until one lane is left.

        Each addition halves the number of vectors: the sums of two lie side by side in one.
        """
        count, width = len(values), self.lanes
        while width > 1:
            pairs = zip(values[::2], values[1::2] or values, strict=True)
            lanes = range(2 * self.lanes)
            halves = [[x for x in lanes if x // (width // 2) % 2 == half] for half in (0, 1)]
            masks = [ir.Constant(ir.VectorType(LANE, self.lanes), half) for half in halves]
            values = [
                self.builder.fadd(*(self.builder.shuffle_vector(u, v, mask) for mask in masks))
                for u, v in pairs
            ]
            width //= 2
        return [
            self.builder.extract_element(values[i // self.lanes], LANE(i % self.lanes))
            for i in range(count)
        ]

    def multiply_add(self, scalar: Any, row: list, sums: list) -> list:
        """Return sums + scalar * row."""
        number = self.broadcast(scalar, self.type.element)
        pairs = zip(row, sums, strict=True)
        return [self.builder.call(self.fma, [number, v, s]) for v, s in pairs]
