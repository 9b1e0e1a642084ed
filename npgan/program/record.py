"""Recording: the operations that a training step calls become a program, which runs from then on.

Every step calls the same operations on the same arrays. Only a few numbers change: which rows of
the data, the noise's keys, the learning rate. So the step's own code runs once with traced arrays:
each operation that it calls writes down a row for :mod:`~npgan.program.replay` instead of computing.
A number that changes from step to step comes from a function that was handed to ``run.each``; it is
called before every run of the program. What cannot be recorded (a user's own layer, say) raises
:class:`NotRecordable`, and the step runs operation by operation.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from npgan.kernels import jit
from npgan.kernels.activation import ActivationId
from npgan.kernels.batch import Gather, GatherBytes
from npgan.kernels.chain import CODE, Mix, Slope
from npgan.kernels.dense import Input, Output, Tangent, Weight
from npgan.kernels.elementwise import (
    Activation,
    ActivationBackward,
    Add,
    Gate,
    GateBackward,
    MeanHeaviside,
    MeanSigmoid,
    Multiply,
    Scale,
)
from npgan.kernels.fourier import Fourier, FourierBackward, FourierTangent, angular
from npgan.kernels.jit import NONE
from npgan.kernels.loss import BLOCK, LOSSES, Loss, Mean
from npgan.kernels.matmul import SMALL
from npgan.kernels.random import COUNTERS, Mask, Normal
from npgan.kernels.update import RULES, UPDATES, Step
from npgan.memory import address_of
from npgan.ops.chain import ACTIVATIONS, Pass, check_coefficients, unchanged
from npgan.ops.kinds import KINDS
from npgan.ops.random import key, threshold
from npgan.program.rows import Rows, worth
from npgan.program.traced import Buffer, Later, NotRecordable, Outputs, Place, Traced

LINEAR = [code for code, name in enumerate(ACTIVATIONS) if not KINDS[name].curved]
ACTIVATE = {f"{name}_forward": name for name in KINDS}
ACTIVATE_BACKWARD = {f"{name}_backward": name for name in KINDS}
MEANS = {"mean_sigmoid": MeanSigmoid, "mean_heaviside": MeanHeaviside}


def _activation_of(name: str, argument: float | None = None) -> tuple[int, float]:
    """Return an activation as a row names it, with its argument."""
    default = KINDS[name].argument or 0.0
    return ActivationId[name.upper()], default if argument is None else argument


class Recorder(Rows):
    """The operations, as :data:`npgan.backend.run` has them, but each writes down rows."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.written: set[tuple[Buffer, int]] = set()  # gradients that are not zero any more
        self.updated: set[tuple[Buffer, int, int]] = set()

    def __getattr__(self, name: str) -> Any:
        for table, method in (
            (LOSSES, self._loss),
            (MEANS, self._mean),
            (UPDATES, self._update),
            (ACTIVATE, self._activation),
            (ACTIVATE_BACKWARD, self._activation_backward),
        ):
            if name in table:
                return partial(method, name)
        raise NotRecordable(f"there is no row for the operation {name}")

    # Batches and noise.

    def gather(self, data: np.ndarray, rows: Later, low: float, high: float) -> Traced:
        """Take other rows at each step."""
        octets, n, d = data.dtype == np.uint8, rows.size, data.shape[1]
        self.same(np.dtype(np.float32) if octets else data.dtype)
        batch = self.new(n, d)
        taken = self.outside(data), 0, batch, n, d
        scale = (high - low) / 255
        fields = GatherBytes(*taken, scale, low) if octets else Gather(*taken)
        self.row(fields, n, ("rows", lambda: [address_of(rows.value) // 8]))
        return batch

    def standard_normal(
        self, rng: Any, shape: tuple[int, ...], dtype: np.typing.DTypeLike = np.float32
    ) -> Traced:
        """Draw with another key at each step."""
        self.same(np.dtype(dtype))
        return self._noise(rng, shape, partial(Normal, one=1.0))

    def dropout_mask(self, rng: Any, shape: tuple[int, ...], rate: float) -> Traced:
        """Draw with another key at each step."""
        scale = float(np.float32(1 / (1 - rate)))  # a mask is float32 where a network is float64
        return self._noise(rng, shape, partial(Mask, least=threshold(rate), scale=scale))

    def _noise(self, rng: Any, shape: tuple[int, ...], kind: Callable) -> Traced:
        if rng is not self:
            raise NotRecordable("randomness that is not the step's")
        drawn = self.each(partial(key, self.rng))
        count = -(-math.prod(shape) // 4)
        numbers = self.new(4 * count)
        words = "key_low", lambda: (drawn.value & 0xFFFFFFFF, drawn.value >> 32)
        self.row(kind(numbers, count, 0, 0), count // int(COUNTERS), words)
        return Traced(self, numbers.buffer, shape)

    # Each number by itself.

    def add(self, a: Any, b: Any, factor: float) -> Traced:
        """Add ``factor`` b to a."""
        y = self._like(a, b)
        self.row(Add(y, a, b, y.size, factor), worth(y.size))
        return y

    def scale(self, a: Traced, factor: float) -> Traced:
        """Multiply by a number."""
        y = self._like(a)
        self.row(Scale(y, a, y.size, factor), worth(y.size))
        return y

    def dropout_forward(self, x: Traced, mask: Traced) -> Traced:
        """Multiply; the way back is the same product."""
        y = self._like(x, mask)
        self.row(Multiply(y, x, mask, y.size), worth(y.size))
        return y

    dropout_backward = dropout_forward

    def _activation(self, name: str, x: Any, *argument: float) -> Traced:
        y, (activation, number) = self._like(x), _activation_of(ACTIVATE[name], *argument)
        fields: Any = Activation(y, x, y.size, activation, number)
        if KINDS[ACTIVATE[name]].of_input:
            fields = Gate(y, x, y.size, activation)
        self.row(fields, worth(y.size))
        return y

    def _activation_backward(self, name: str, dy: Any, seen: Any, *argument: float) -> Traced:
        of, dx = ACTIVATE_BACKWARD[name], self._like(dy, seen)
        activation, number = _activation_of(of, *argument)
        fields: Any = ActivationBackward(dx, dy, seen, dx.size, activation, number)
        if KINDS[of].of_input:
            fields = GateBackward(dx, dy, seen, dx.size, activation)
        self.row(fields, worth(dx.size))
        return dx

    def _like(self, *arrays: Any) -> Traced:
        """Return a new array of the shape of some."""
        if any(not isinstance(a, Traced) or a.shape != arrays[0].shape for a in arrays):
            raise NotRecordable("a sum or a product of arrays of different shapes")
        return self.new(*arrays[0].shape)

    # Chains of dense layers.

    def chain_forward(
        self, x: Traced, w: np.ndarray, plan: np.ndarray, arguments: np.ndarray
    ) -> Outputs:
        """Write down a row a stage."""
        outputs, n = [], len(x)
        for (k, m, weight, bias, code, _), argument in zip(plan.tolist(), arguments, strict=True):
            y, places = self.new(n, m), (w[weight : weight + k * m], w[bias : bias + m])
            self._product(Output(x, *places, y, code, n, k, m, argument))
            outputs.append(y)
            x = y
        return Outputs(outputs)

    def _product(self, fields: Any) -> None:
        """Write down a row that multiplies matrices."""
        n, k, m = fields.n, fields.k, fields.m
        self.longest = max(self.longest, n, k, m)
        self.row(fields, n * k * m // (SMALL // 2))

    def chain_backward(
        self,
        dy: Traced,
        x: Traced,
        y: Outputs,
        w: np.ndarray,
        plan: np.ndarray,
        arguments: np.ndarray,
        grads: np.ndarray | None,
        input_grad: bool,
    ) -> Traced | None:
        """Write down a row for each product; the two of a stage may run side by side."""
        e, dx = self._gradients(dy, x, y, w, plan.tolist(), arguments, input_grad)
        if grads is not None:
            for stage, source, gradient in zip(plan.tolist(), [x, *y.stages], e, strict=False):
                self._weight(source, gradient, stage, grads)
        return dx

    def _gradients(
        self,
        dy: Any,
        x: Traced,
        y: Outputs,
        w: np.ndarray,
        stages: list[list[int]],
        arguments: np.ndarray,
        input_grad: bool,
    ) -> tuple[list[Any], Traced | None]:
        """Return the gradients with respect to what each activation is given, and to x."""
        n, e = len(dy), [dy] * len(stages)
        code = stages[-1][CODE]
        if code != ActivationId.IDENTITY:
            e[-1], output = self.new(*dy.shape), y.stages[-1]
            fields = ActivationBackward(e[-1], dy, output, e[-1].size, code, arguments[-1])
            self.row(fields, worth(e[-1].size))
        dx: Traced | None = None
        for s in reversed(range(len(stages))):
            if not (s or input_grad):
                break
            k, m, weight, *_ = stages[s]
            dx, places = self.new(n, k), (e[s], w[weight : weight + k * m])
            if s:
                e[s - 1] = dx
            source, code = (
                (y.stages[s - 1], stages[s - 1][CODE]) if s else (x, ActivationId.IDENTITY)
            )
            self._product(Input(*places, dx, source, code, n, k, m, arguments[s - 1]))
        return e, dx if input_grad else None

    def _weight(
        self, x: Any, e: Any, stage: list[int], grads: np.ndarray, factors: Any = NONE
    ) -> None:
        """Write down dW += x.T e, and db += the sum of e's rows, each times its factor."""
        k, m, weight, bias, *_ = stage
        dw, db = grads[weight : weight + k * m], grads[bias : bias + m]
        root, start, _ = self.place(dw).at()
        add = int((root, start) in self.written)  # else the gradient still is zero
        self.written.add((root, start))
        self._product(Weight(x, e, dw, db, add, factors, len(e), k, m))

    def chain_penalized_backward(
        self,
        dy: Traced,
        c: np.ndarray,
        x: Traced,
        y: Outputs,
        w: np.ndarray,
        plan: np.ndarray,
        arguments: np.ndarray,
        grads: np.ndarray | None,
        down: Pass = unchanged,
        up: Pass = unchanged,
    ) -> Traced:
        """Use the formula with one product for each stage, which holds where every f'' is 0."""
        stages, n = plan.tolist(), len(dy)
        if any(stage[CODE] not in LINEAR for stage in stages):
            raise NotRecordable("a penalty on a network with a curved activation")
        ones = np.ones(dy.shape, self.dtype)
        e, g = self._gradients(ones, x, y, w, stages, arguments, True)
        g = down(g)
        check_coefficients(c, g)
        t, sums = self.new(*g.shape), Place(Buffer(2 * n), 0, 2 * n)
        self.row(Slope(g, c, t, sums, int(c.size > n), n, g.shape[1]), worth(g.size))
        value = self._mean_of(sums, 1, n)
        if grads is None:
            return value
        t = up(t)
        for s, (k, m, weight, _, code, _) in enumerate(stages):
            source, z = y.stages[s - 1] if s else x, self.new(n, k)
            self.row(Mix(dy, source, t, z, n, k), worth(n * k))
            self._weight(z, e[s], stages[s], grads, factors=dy)
            if s < len(stages) - 1:
                u, part = self.new(n, m), w[weight : weight + k * m]
                self._product(Tangent(t, part, u, y.stages[s], code, n, k, m, arguments[s]))
                t = u
        return value

    # Fourier features.

    def fourier_forward(self, x: Traced, frequencies: np.ndarray) -> Traced:
        """Write down a row."""
        (n, d), k = x.shape, len(frequencies)
        y = self.new(n, d + 2 * d * k)
        self.row(Fourier(x, frequencies.astype(x.dtype), y, n, d, k), worth(n * d * k))
        return y

    def fourier_backward(self, dy: Traced, y: Traced, frequencies: np.ndarray) -> Traced:
        """Write down a row."""
        n, k = len(y), len(frequencies)
        d, omega = y.shape[1] // (1 + 2 * k), angular(frequencies, y.dtype)
        dx = self.new(n, d)
        self.row(FourierBackward(dy, y, omega, dx, n, d, k), worth(n * d * k))
        return dx

    def fourier_double_backward(
        self, ddx: Traced, dy: Traced, y: Traced, frequencies: np.ndarray, input_grad: bool = True
    ) -> tuple[Traced, None]:
        """Write down a row; for ``dx`` there is none."""
        if input_grad:
            raise NotRecordable("the second derivative of Fourier features with respect to x")
        (n, d), k, omega = ddx.shape, len(frequencies), angular(frequencies, y.dtype)
        u = self.new(*y.shape)
        self.row(FourierTangent(ddx, y, omega, u, n, d, k), worth(n * d * k))
        return u, None

    # Losses, means and updates.

    def _loss(self, name: str, x: Traced, target: Any) -> tuple[Traced, Traced]:
        """Write down the sums of blocks with the gradient, then their mean."""
        if not isinstance(target, Traced | np.ndarray):
            target = np.full(x.shape, target, self.dtype)
        if target.shape != x.shape:
            raise NotRecordable("a target of another shape")
        dx, size, blocks = self.new(*x.shape), x.size, -(-x.size // BLOCK)
        sums = Place(Buffer(2 * blocks), 0, 2 * blocks)
        scratch = Place(Buffer(jit.threads() * BLOCK), 0, 0)
        fields = Loss(x, target, dx, sums, scratch, size, LOSSES.index(name), 1 / size)
        self.row(fields, blocks)
        return self._mean_of(sums, size, blocks), dx

    def _mean_of(self, sums: Place, size: int, blocks: int) -> Traced:
        value = self.new()
        self.row(Mean(sums, value, size, blocks))
        return value

    def _mean(self, name: str, x: Traced) -> Traced:
        value = self.new()
        self.row(MEANS[name](value, x, x.size))
        return value

    def _update(self, name: str, *arguments: Any) -> None:
        """Write down an update; its rates are computed before each run."""
        rule, count, rates = UPDATES[name]

        def changing() -> Any:
            return rates(*(n.value if type(n) is Later else n for n in arguments[count:]))

        w, g, *moments = map(self.place, arguments[:count])
        if w.at() in self.updated:  # the second one's rates may depend on the first update
            raise NotRecordable("two updates of the same weights in one step")
        self.updated.add(w.at())
        root, first, last = g.at()
        self.written = {(r, at) for r, at in self.written if not (r is root and first <= at < last)}
        m, v = [*moments, 0, 0][:2]
        fields = Step(w, g, m, v, self.failed, w.size, RULES.index(rule), rates=None)
        self.row(fields, worth(w.size), ("rates", changing))
