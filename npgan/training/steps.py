"""Training steps one after the other, each kind recorded the first time and replayed from then on."""

import copy
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
        self._programs: dict[Hashable, Any] = {}

    def __call__(self) -> dict[str, float]:
        """Make the next step."""
        pattern = self.model.pattern()
        kind = None if pattern is None else (pattern, id(self.batches.data), self.model.memory())
        if kind in self._programs:
            return self._run(self._programs[kind])
        with self._undone_if_interrupted(), self.interruptible():
            program = None if kind is None else backend.record(self._step, self.rng)
            metrics = self._run(program)
        self._programs[kind] = program
        return metrics

    def _run(self, program: Any) -> dict[str, float]:
        if program is not None:
            return program.run()
        return {name: float(value) for name, value in self._step(self.rng).items()}

    @contextmanager
    def _undone_if_interrupted(self) -> Iterator[None]:
        """Put everything back as it was where what ends the block is no error, but Ctrl-C."""
        arrays, numbers = copy.deepcopy(self.model.state())
        order, noise = copy.deepcopy((self.batches.state(), self.rng.bit_generator.state))
        try:
            yield
        except Exception:
            raise
        except BaseException:
            self.model.load_state(arrays, numbers)
            self.batches.load_state(order)
            self.rng.bit_generator.state = noise
            raise

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has: programs speak of one model's memory, a copy records its own."""
        return {**vars(self), "_programs": {}}

    def _step(self, rng: np.random.Generator) -> dict[str, np.floating]:
        return self.model.train_step(self.batches.next(), rng)
