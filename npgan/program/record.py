"""Recording: what operations a training step calls becomes a program that is run from then on.

A step is the same operations on the same arrays over and over; only few numbers change: which rows
of the data, the noise's keys, the learning rate. So the step's own code is run once with traced
arrays: each operation that it calls writes down a row for :mod:`~npgan.program.replay` instead of
computing. What changes from step to step is a function that was handed to ``run.each``; it is
called before every run of the program. What cannot be written down (a layer of one's own, say)
raises :class:`NotRecordable`, and the step stays what it was.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from npgan.kernels import jit
from npgan.kernels.activation import Code
from npgan.kernels.chain import CODE
from npgan.kernels.fourier import angular
from npgan.kernels.jit import NONE
from npgan.kernels.loss import BLOCK, LOSSES
from npgan.kernels.matmul import SMALL
from npgan.kernels.random import COUNTERS
from npgan.kernels.update import RULES, UPDATES, Update
from npgan.ops.chain import ACTIVATIONS, Pass, check_coefficients, unchanged
from npgan.ops.kinds import KINDS
from npgan.ops.random import key, threshold
from npgan.program import replay
from npgan.program.rows import LEAST, Rows
from npgan.program.schedule import address_of
from npgan.program.traced import Buffer, Later, NotRecordable, Place, Stages, Traced

LINEAR = [code for code, name in enumerate(ACTIVATIONS) if not KINDS[name].curved]


class Recorder(Rows):
    """The operations, as :data:`npgan.backend.run` has them, but each writes down rows."""

    def __getattr__(self, name: str) -> Any:
        if name in LOSSES:
            return partial(self.loss, name)
        if name in UPDATES:
            return partial(self.update, UPDATES[name])
        raise NotRecordable(f"the operation {name}")

    def gather(self, data: np.ndarray, rows: Later, low: float, high: float) -> Traced:
        """Take other rows at each step."""
        octets, d = data.dtype == np.uint8, data.shape[1]
        self.same(np.dtype(np.float32) if octets else data.dtype)
        batch = self.new(rows.size, d)
        self.row(
            "gather_bytes" if octets else "gather",
            self._outside(data),
            0,
            self.place(batch, writes=True),
            rows.size,
            d,
            numbers=[(high - low) / 255, low],
            most=rows.size,
            patch=lambda row, _: row.__setitem__(replay.BEFORE + 1, address_of(rows.value) // 8),
        )
        return batch

    def standard_normal(
        self, rng: Any, shape: tuple[int, ...], dtype: np.typing.DTypeLike = np.float32
    ) -> Traced:
        """Draw with another key at each step."""
        self.same(np.dtype(dtype))
        return self._noise("normal", rng, shape, 0, 1.0)

    def dropout_mask(self, rng: Any, shape: tuple[int, ...], rate: float) -> Traced:
        """Draw with another key at each step."""
        scale = float(np.float32(1 / (1 - rate)))  # a mask is float32 where a network is float64
        return self._noise("mask", rng, shape, threshold(rate), scale)

    def _noise(
        self, name: str, rng: Any, shape: tuple[int, ...], least: int, scale: float
    ) -> Traced:
        if rng is not self:
            raise NotRecordable("randomness that is not the step's")
        drawn = self.each(partial(key, self.rng))
        size = math.prod(shape)
        count = -(-size // 4)
        numbers = self.new(4 * count)

        def patch(row: Any, _: Any) -> None:
            row[replay.BEFORE + 2] = drawn.value & 0xFFFFFFFF
            row[replay.BEFORE + 3] = drawn.value >> 32

        place = self.place(numbers, writes=True)
        most = count // int(COUNTERS)
        self.row(name, count, place, 0, 0, least, numbers=[scale], most=most, patch=patch)
        return Traced(self, numbers.buffer, shape)

    def dropout_forward(self, x: Traced, mask: Traced) -> Traced:
        """Multiply; the way back is the same product."""
        return self.elementwise("multiply", x, mask)

    dropout_backward = dropout_forward

    def elementwise(self, name: str, *arrays: Any, numbers: Sequence[float] = ()) -> Traced:
        """Do something to each number of arrays of one shape."""
        if any(not isinstance(a, Traced) or a.shape != arrays[0].shape for a in arrays):
            raise NotRecordable(f"{name} of arrays of different shapes")
        y = self.new(*arrays[0].shape)
        places = [self.place(y, writes=True), *map(self.place, arrays)]
        self.row(name, y.size, *places, numbers=numbers, most=y.size // LEAST + 1)
        return y

    def chain_forward(
        self, x: Traced, w: np.ndarray, plan: np.ndarray, arguments: np.ndarray
    ) -> Stages:
        """Write down a row a stage."""
        y, weights, n = Stages(), self.place(w).buffer, len(x)
        for (k, m, weight, bias, code, _), argument in zip(plan.tolist(), arguments, strict=True):
            out, (sizes, most) = self.new(n, m), self._product(n, k, m)
            self.row(
                "output",
                self.place(x),
                Place(weights, weight, k * m),
                Place(weights, bias, m),
                self.place(out, writes=True),
                code,
                *sizes,
                numbers=[argument],
                most=most,
            )
            y.append(out)
            x = out
        return y

    def _product(self, n: int, k: int, m: int) -> tuple[tuple[int, int, int], int]:
        """Return a product's sizes, and into how many parts it may be cut."""
        self.longest = max(self.longest, n, k, m)
        return (n, k, m), n * k * m // (SMALL // 2)

    def chain_backward(
        self,
        dy: Traced,
        x: Traced,
        y: Stages,
        w: np.ndarray,
        plan: np.ndarray,
        arguments: np.ndarray,
        grads: np.ndarray | None,
        input_grad: bool,
    ) -> Traced | None:
        """Write down a row for each product; both of a stage may run side by side."""
        e, dx = self._gradients(dy, x, y, w, plan.tolist(), arguments, input_grad)
        if grads is not None:
            for s, stage in enumerate(plan.tolist()):
                self._weight(y[s - 1] if s else x, e[s], stage, grads)
        return dx

    def _gradients(
        self,
        dy: Any,
        x: Traced,
        y: Stages,
        w: np.ndarray,
        stages: list[list[int]],
        arguments: np.ndarray,
        input_grad: bool,
    ) -> tuple[list[Any], Traced | None]:
        """Return the gradients before each stage's activation, and that by x."""
        weights, n = self.place(w).buffer, len(dy)
        e = [dy] * len(stages)
        if stages[-1][CODE] != Code.IDENTITY:
            e[-1] = self._before_activation(dy, y[-1], stages[-1][CODE], arguments[-1])
        dx: Traced | None = None
        for s in reversed(range(len(stages))):
            if not (s or input_grad):
                break
            k, m, weight, *_ = stages[s]
            dx = self.new(n, k)
            before, argument = (stages[s - 1][CODE], arguments[s - 1]) if s else (Code.IDENTITY, 0)
            places = [
                self.place(e[s]),
                Place(weights, weight, k * m),
                self.place(dx, writes=True),
                self.place(y[s - 1] if s else x),
            ]
            sizes, most = self._product(n, k, m)
            self.row("input", *places, before, *sizes, numbers=[argument], most=most)
            if s:
                e[s - 1] = dx
        return e, dx if input_grad else None

    def _weight(
        self, x: Any, e: Any, stage: list[int], grads: np.ndarray, loss: Traced | None = None
    ) -> None:
        """Write down dW += x.T @ e, and db += the sum of e's rows, or of rows weighted by ``loss``."""
        (k, m, weight, bias, _, _), sums = stage, self.place(grads).buffer
        sizes, most = self._product(len(e), k, m)
        add = int((sums, weight) in self.written)  # else the gradient still is zero
        self.written.add((sums, weight))
        dw, db = Place(sums, weight, k * m, writes=True), Place(sums, bias, m, writes=True)
        scale = NONE if loss is None else self.place(loss)
        self.row("weight", self.place(x), self.place(e), dw, db, add, scale, *sizes, most=most)

    def chain_penalized_backward(
        self,
        dy: Traced,
        c: np.ndarray,
        x: Traced,
        y: Stages,
        w: np.ndarray,
        plan: np.ndarray,
        arguments: np.ndarray,
        grads: np.ndarray | None,
        down: Pass = unchanged,
        up: Pass = unchanged,
    ) -> Traced:
        """Take the formula with one product a stage, which needs every f'' to be 0."""
        stages, n = plan.tolist(), len(dy)
        if any(stage[CODE] not in LINEAR for stage in stages):
            raise NotRecordable("a penalty on an activation that is curved")
        ones = np.ones(dy.shape, self.dtype)
        e, g = self._gradients(ones, x, y, w, stages, arguments, True)
        g = down(g)
        check_coefficients(c, g)
        value, t, sums = self.new(), self.new(*g.shape), Place(Buffer(2 * n), 0, 2 * n, writes=True)
        places = [self.place(g), self.place(c), self.place(t, writes=True), sums]
        self.row("slope", n, g.shape[1], *places, int(c.size > n), most=g.size // LEAST + 1)
        self.row("mean", 1, sums._replace(writes=False), n, self.place(value, writes=True))
        if grads is None:
            return value
        t = up(t)
        for s, (k, m, weight, _, code, _) in enumerate(stages):
            source, z = y[s - 1] if s else x, self.new(n, k)
            places = [*map(self.place, (dy, source, t)), self.place(z, writes=True)]
            self.row("mix", n, k, *places, most=n * k // LEAST + 1)
            self._weight(z, e[s], stages[s], grads, loss=dy)
            if s < len(stages) - 1:
                u, (sizes, most) = self.new(n, m), self._product(n, k, m)
                places = [self.place(t), Place(self.place(w).buffer, weight, k * m)]
                places += [self.place(u, writes=True), self.place(y[s])]
                self.row("tangent", *places, code, *sizes, numbers=[arguments[s]], most=most)
                t = u
        return value

    def fourier_forward(self, x: Traced, frequencies: np.ndarray) -> Traced:
        """Write down a row."""
        (n, d), k = x.shape, len(frequencies)
        return self._fourier("fourier", (n, d + 2 * d * k), d, frequencies.astype(x.dtype), x)

    def fourier_backward(self, dy: Traced, y: Traced, frequencies: np.ndarray) -> Traced:
        """Write down a row."""
        n, d = len(y), y.shape[1] // (1 + 2 * len(frequencies))
        return self._fourier("fourier_backward", (n, d), d, angular(frequencies, y.dtype), dy, y)

    def fourier_double_backward(
        self, ddx: Traced, dy: Traced, y: Traced, frequencies: np.ndarray, input_grad: bool = True
    ) -> tuple[Traced, None]:
        """Write down a row; for ``dx`` there is none."""
        if input_grad:
            raise NotRecordable("the second derivative of Fourier features by x")
        omega = angular(frequencies, y.dtype)
        return self._fourier("fourier_tangent", y.shape, ddx.shape[1], omega, ddx, y), None

    def _fourier(
        self, name: str, shape: tuple[int, ...], d: int, frequencies: np.ndarray, *arrays: Traced
    ) -> Traced:
        made = self.new(*shape)
        places = [*map(self.place, arrays), self.place(frequencies), self.place(made, writes=True)]
        none = [0] * (4 - len(places))
        size = shape[0] * d * len(frequencies)
        self.row(name, *places, *none, shape[0], d, len(frequencies), most=size // LEAST + 1)
        return made

    def _before_activation(self, dy: Traced, y: Traced, code: int, argument: float) -> Traced:
        """Multiply dy by an activation's derivative: at once where a product makes it, if it does.

        Then nobody makes dy itself any more: the step is not recorded if somebody else reads it.
        """
        made, d = self.place(dy, writes=True), self.new(*dy.shape)
        touching = [i for i, row in enumerate(self.rows) if made.buffer in row.buffers()]
        maker = self.rows[touching[0]] if len(touching) == 1 else None
        alone = made.size == made.buffer.size and not made.buffer.whole
        if maker and maker.operation == replay.INPUT and alone:
            place = self.place(d, writes=True)
            operands = [*maker.operands[:2], place, self.place(y), code, *maker.operands[5:]]
            self.rows[touching[0]] = maker._replace(operands=operands, numbers=[argument])
            made.buffer.lost = True
            return d
        places = [self.place(d, writes=True), self.place(dy), self.place(y)]
        most = d.size // LEAST + 1
        self.row("activation_backward", d.size, *places, code, numbers=[argument], most=most)
        return d

    def loss(self, name: str, x: Traced, target: Any) -> tuple[Traced, Traced]:
        """Write down the sums of blocks with the gradient, then their mean."""
        if not isinstance(target, Traced | np.ndarray):
            target = np.full(x.shape, target, self.dtype)
        if target.shape != x.shape:
            raise NotRecordable("a target of another shape")
        value, dx, blocks = self.new(), self.new(*x.shape), -(-x.size // BLOCK)
        sums = Place(Buffer(2 * blocks), 0, 2 * blocks, writes=True)
        scratch = Place(Buffer(jit.threads() * BLOCK), 0, 0)
        places = [self.place(x), self.place(target), self.place(dx, writes=True), sums]
        code = LOSSES.index(name)
        self.row("loss", x.size, *places, code, scratch, numbers=[1 / x.size], most=blocks)
        self.row("mean", x.size, sums._replace(writes=False), blocks, self.place(value, True))
        return value, dx

    def mean_sigmoid(self, x: Traced) -> Traced:
        """Write down a row."""
        return self._mean("mean_sigmoid", x)

    def mean_heaviside(self, x: Traced) -> Traced:
        """Write down a row."""
        return self._mean("mean_heaviside", x)

    def _mean(self, name: str, x: Traced) -> Traced:
        value = self.new()
        self.row(name, x.size, self.place(x), self.place(value, writes=True))
        return value

    def update(self, kind: Update, *arguments: Any) -> None:
        """Write down an update by the rates of numbers, some of which are others at each step."""
        rule, vectors, rates = kind

        def patch(_: Any, numbers: Any) -> None:
            given = [n.value if type(n) is Later else n for n in arguments[vectors:]]
            for i, rate in enumerate(rates(*given)):
                numbers[i] = rate

        places = [self.place(vector, writes=True) for vector in arguments[:vectors]]
        if places[0].buffer in self.updated:  # its rates were to be known before the first
            raise NotRecordable("two updates of one vector")
        self.updated.add(places[0].buffer)
        self.written = {
            (buffer, at) for buffer, at in self.written if buffer is not places[1].buffer
        }
        none, flag, size = [0] * (4 - vectors), Place(self.flag, 0, 1), places[0].size
        operands = size, *places, *none, flag, RULES.index(rule)
        self.row("update", *operands, most=size // LEAST + 1, patch=patch)
