"""Training steps one after the other, each kind recorded the first time and replayed from then on."""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from npgan import backend
from npgan.data.batches import Batches


class Steps:
    """A model's steps on batches; a call makes the next one and returns what it reports.

    What a step does is settled when the first of its kind is made: a new ``Steps`` sees what was
    changed since. Learning rates may change at any time; and where the model's arrays, its optimisers or
    the data are replaced by others, steps are recorded anew.

    Parameters
    ----------
    model : see :class:`~npgan.training.loop.Trainable`
    batches : the next one is drawn by each step
    rng : the steps' noise
    interruptible : opens a block in which the first step of a kind, which may compile for long, is made

    Attributes
    ----------
    not_recorded : why a kind of step is not recorded, so that the run is slower than it could be; None: all are
    """

    def __init__(
        self,
        model: Any,
        batches: Batches,
        rng: np.random.Generator,
        interruptible: Callable[[], AbstractContextManager] = nullcontext,
    ) -> None:
        self.model, self.batches, self.rng = model, batches, rng
        self.interruptible = interruptible
        self.not_recorded: str | None = None
        self._programs: dict[Hashable, Any] = {}
        self._made: set[Hashable] = set()

    def __call__(self) -> dict[str, float]:
        """Make the next step."""
        pattern = self.model.pattern()
        kind = None if pattern is None else (pattern, id(self.batches.data), self.model.memory())
        if kind in self._made:
            return self._make(kind)
        with self.interruptible():
            metrics = self._make(kind)
        self._made.add(kind)
        return metrics

    def _make(self, kind: Hashable) -> dict[str, float]:
        if kind not in self._programs:
            self._programs[kind] = self._record()
        program = self._programs[kind]
        if program is not None:
            return program.run()
        return {name: float(value) for name, value in self._step(self.rng).items()}

    def _record(self) -> Any:
        """Return the next step as a program; None: it is not recorded."""
        if not backend.run.fused:
            return None
        program, reason = None, self.model.not_recorded()
        if reason is None:
            program, reason = backend.record(self._step, self.rng)
        self.not_recorded = self.not_recorded or reason
        return program

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has: programs speak of one model's memory, a copy records its own."""
        return {**vars(self), "_programs": {}, "_made": set()}

    def _step(self, rng: np.random.Generator) -> dict[str, np.floating]:
        return self.model.train_step(self.batches.next(), rng)
