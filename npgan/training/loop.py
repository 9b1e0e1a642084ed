"""The training loop: batches in, steps and callbacks in their order, everything resumable."""

import copy
import math
import time
import zlib
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from npgan import backend, errors
from npgan.data.batches import Batches
from npgan.errors import InputError, NonFiniteError, count
from npgan.objectives.reports import Reports
from npgan.training import checkpoint
from npgan.training.history import History, check_columns
from npgan.training.interrupts import Shield
from npgan.training.pace import Pace
from npgan.training.steps import Steps

LOG_EVERY = 100
HISTORY = "history"
"""What a state calls the rows so far."""


class Callback:
    """A callback that does nothing; override the events that matter.

    >>> class StopWhenSmall(Callback):
    ...     def on_step_end(self, loop):
    ...         if loop.metrics["loss"] < 0.1:
    ...             loop.stop = "the loss is small"
    """

    def on_train_begin(self, loop: "Loop") -> None:
        """Before the first step."""

    def on_step_end(self, loop: "Loop") -> None:
        """After every step; its numbers are ``loop.metrics``."""

    def on_log(self, loop: "Loop") -> None:
        """After a row was added to ``loop.history``."""

    def on_epoch_end(self, loop: "Loop") -> None:
        """After every epoch, its row included."""

    def on_train_end(self, loop: "Loop") -> None:
        """After the last step, also when training failed; the callbacks in reverse order."""


class Trainable(Protocol):
    """What the loop needs to know of a model, and what it takes for granted where a model does not say."""

    @property
    def value_range(self) -> tuple[float, float]:
        """What the bytes 0 and 255 of an image become."""

    @property
    def reports(self) -> Reports:
        """What is reported beside losses, by its column of the history."""

    def rows(self, data: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        """Return the rows that batches are made of, or raise an InputError."""

    def batches(self, rows: np.ndarray, batch_size: int, rng: np.random.Generator) -> Batches:
        """Return minibatches of rows, as :meth:`rows` returned them."""
        return Batches(rows, batch_size, rng, self.value_range)

    def check_batch(self, batch_size: int) -> None:
        """Raise an InputError if a batch of this size cannot be divided as the model must."""
        return

    def train_step(self, batch: np.ndarray, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update the networks on one batch and return what there is to report."""

    def not_recorded(self) -> str | None:
        """Return why its steps are not to be recorded; None: they may be."""

    def pattern(self) -> Hashable:
        """Return what kind of step the next one is: two of a kind call the same operations; None: it may be any."""
        return None

    def memory(self) -> Hashable:
        """Return the identity of all that a recorded step works on."""

    def validate(self, rows: np.ndarray) -> dict[str, float]:
        """Return what there is to report of held-out rows, as :meth:`rows` returned them; nothing, by default."""
        return {}

    def weights(self) -> dict[str, np.ndarray]:
        """Return every parameter and buffer by name."""

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return all arrays (the live ones) and all numbers that training changes."""

    def load_state(self, arrays: dict[str, np.ndarray], numbers: dict[str, Any]) -> None:
        """Go back to a state."""


class Loop:
    """One training run: the model, the data, two random streams, and how far it has come.

    Parameters
    ----------
    model : see :class:`Trainable`
    data : (n, d) uint8 or float
    batch_size : rows a step
    labels : (n,) the class of each row, for a model that learns from labels
    rng : generator or seed; the order of the data and the noise each get a stream of it
    callbacks : called at the beginning and after every step, row and epoch in this order, at the end in reverse
    validation, validation_labels : held-out data (m, d), looked at after each epoch, and the class of
        each row, for a model that learns from labels; None: none
    settings : name -> what else a state must agree in with the run that takes it up, as JSON has it

    Attributes
    ----------
    step, epoch : how many are complete
    seconds : time spent in training steps, batches included, callbacks excluded
    metrics : what the last step reported
    history : the metrics' means, a row every 100 steps and at each epoch's end
    total_steps : what :meth:`run` was asked for
    stop : set to a reason to end after the current step
    failed : whether an error ended it
    whole : whether the last step is complete, its row included, so that the state can be saved
    """

    def __init__(
        self,
        model: Trainable,
        data: np.ndarray,
        *,
        batch_size: int,
        labels: np.ndarray | None = None,
        rng: np.random.Generator | int | None = None,
        callbacks: Iterable[Callback] = (),
        validation: np.ndarray | None = None,
        validation_labels: np.ndarray | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model
        self.settings = dict(settings or {})
        order, self.noise = errors.streams(rng, 2)
        rows = model.rows(data, labels)
        self.batches = model.batches(rows, batch_size, order)
        model.check_batch(batch_size)
        self.validation = None if validation is None else model.rows(validation, validation_labels)
        errors.instance("callbacks", callbacks, Iterable)
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            errors.instance("a callback", callback, Callback)
        self.history = History()
        self.metrics: dict[str, float] = {}
        self.step = 0
        self.seconds = 0.0
        self.total_steps = 0
        self.stop: str | None = None
        self.failed = False
        self.whole = True
        self._sums: dict[str, tuple[float, int]] = {}

    @property
    def epoch(self) -> int:
        """The number of complete epochs."""
        return self.step // self.batches.per_epoch

    @property
    def at_epoch_end(self) -> bool:
        """Whether the last step ended an epoch."""
        return self.step > 0 and self.step % self.batches.per_epoch == 0

    @property
    def not_recorded(self) -> str | None:
        """Why steps are made operation by operation, which is slower; None: they are not, as far as is known."""
        return self._next_step.not_recorded

    @property
    def at_row(self) -> bool:
        """Whether the last step is followed by a row of the history."""
        return self.at_epoch_end or self.step % LOG_EVERY == 0 or self.step == self.total_steps

    def run(self, *, epochs: int | None = None, steps: int | None = None) -> History:
        """Train until so many epochs or steps are complete, those before a resumption included.

        Raises InputError unless exactly one of the two is given, and at least 1. Raises NonFiniteError if a
        weight is NaN or infinite, or a loss or gradient, whose update is then not applied.
        """
        if (epochs is None) == (steps is None):
            raise InputError("give either epochs or steps")
        amount, unit = (epochs, "epochs") if steps is None else (steps, "steps")
        amount = count(unit, amount, 1)
        self.total_steps = amount if steps is not None else amount * self.batches.per_epoch
        self.stop, self.failed, self.whole = None, False, True
        self._pace = Pace(backend.threads())
        self._shield = Shield()
        self._next_step = Steps(self.model, self.batches, self.noise, self._interruptible)
        with ExitStack() as ends:  # the end of each callback that has begun is called in any case
            ends.callback(backend.use_threads, backend.threads())
            try:
                for callback in self.callbacks:
                    callback.on_train_begin(self)
                    ends.callback(callback.on_train_end, self)
                with self._shield.raised():
                    while self.step < self.total_steps and self.stop is None:
                        self._one_step()
                self._require_finite(self.model.state()[0])
            except BaseException as error:
                self.failed = True
                if isinstance(error, NonFiniteError):
                    self.whole = False
                    raise NonFiniteError(f"{error}; {self._spread()}") from None
                raise
        return self.history

    def _spread(self) -> str:
        """Say in which range the data lies, as the model sees it."""
        data = self.batches.data
        low, high = self.model.value_range if data.dtype == np.uint8 else (data.min(), data.max())
        return f"the data's values lie in [{low:.4g}, {high:.4g}]"

    def _require_finite(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Raise a NonFiniteError if an array of the model's, or a mean, is NaN or infinite."""
        bad = [name for name, array in arrays.items() if not np.isfinite(array).all()]
        bad += [name for name, (total, _) in self._sums.items() if not math.isfinite(total)]
        if bad:
            raise NonFiniteError(
                f"after step {self.step} {bad[0]} is NaN or infinite, and nothing of it is saved: try a "
                "lower learning rate, clip_norm, or data of a smaller scale"
            )

    def _one_step(self) -> None:
        self.whole = False
        with self._shield:  # arrays and counters change together, whatever signal comes
            self._make_step()
        self._tell("on_step_end")
        if self.at_row:
            self._append_row()
        self.whole = True
        if self.at_row:
            self._tell("on_log")
        if self.at_epoch_end:
            self._tell("on_epoch_end")

    def _make_step(self) -> None:
        start = time.perf_counter()
        with np.errstate(all="ignore"):  # the model itself looks for NaN and infinity
            self.metrics = self._next_step()
        took = max(0.0, time.perf_counter() - start)  # a clock may be set back
        self.seconds += took
        self._pace.took(took)
        self.step += 1
        for name, value in self.metrics.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value, count + 1)

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Let an interrupt end the block at once, as if it had not begun; errors leave what they find."""
        arrays, numbers = copy.deepcopy(self.model.state())
        order, noise = copy.deepcopy((self.batches.state(), self.noise.bit_generator.state))
        try:
            with self._shield.open():
                yield
        except Exception:
            raise
        except BaseException:
            self.model.load_state(arrays, numbers)
            self.batches.load_state(order)
            self.noise.bit_generator.state = noise
            raise

    def _append_row(self) -> None:
        row = {"epoch": self.epoch, "step": self.step, "seconds": self.seconds}
        row |= {name: total / count for name, (total, count) in self._sums.items()}
        if self.at_epoch_end and self.validation is not None:
            row |= self.model.validate(self.validation)
        self.history.append(row)
        self._sums = {}

    def _tell(self, event: str) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self)

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return everything that the rest of the run depends on: arrays, and numbers for JSON.

        Raises NonFiniteError if something of it is NaN or infinite: no run can go on from that.
        """
        arrays, numbers = self.model.state()
        self._require_finite(arrays)
        return arrays | {HISTORY: self.history.table()}, {
            "model": numbers,
            "step": self.step,
            "seconds": self.seconds,
            HISTORY: self.history.columns,
            "sums": self._sums,
            "batches": self.batches.state(),
            "noise": self.noise.bit_generator.state,
            **self.identity,
        }

    @cached_property
    def identity(self) -> dict[str, Any]:
        """What a state must agree in with the run that takes it up."""
        data = np.ascontiguousarray(self.batches.data)
        return {
            **self.settings,
            "rows": len(data),
            "checksum of the data": zlib.crc32(data.data),
            "batch size": self.batches.batch_size,
        }

    def load_state(self, arrays: dict[str, np.ndarray], numbers: dict[str, Any]) -> None:
        """Go back to a state, so that the run goes on as if it had never stopped.

        States of earlier versions are without the history.

        Raises InputError if the state is of another model, data set or batch size, or is damaged.
        """
        try:
            checkpoint.check_same(numbers, self.identity)
            own = {name: array for name, array in arrays.items() if name != HISTORY}
            self.model.load_state(own, numbers["model"])
            self.batches.load_state(numbers["batches"])
            self.noise.bit_generator.state = numbers["noise"]
            self.step = count("step", numbers["step"])
            self.seconds = errors.not_negative("seconds", numbers["seconds"])
            self._sums = {
                name: (errors.number("a sum", total), count("the rows of a sum", rows, 1))
                for name, (total, rows) in numbers["sums"].items()
            }
            check_columns(self._sums)
            if HISTORY in arrays:
                self.history = History.of_table(numbers[HISTORY], arrays[HISTORY])
            self._check_numbers(numbers)
            self._check_rows(whole=HISTORY in arrays)
        except InputError as error:
            raise InputError(f"the checkpoint is damaged or of another run: {error}") from None
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise InputError(
                f"the checkpoint is damaged: {type(error).__name__}: {error}"
            ) from None

    def _check_numbers(self, numbers: Mapping[str, Any]) -> None:
        """Raise an InputError unless the numbers of a state belong to one and the same step."""
        made = numbers["model"]["step"]
        if made < self.step:
            raise InputError(f"its model is at step {made}, the run at {self.step}")
        position = self.step and (self.step - 1) % self.batches.per_epoch + 1
        if self.batches.position != position:
            raise InputError("its step is not at its position in the epoch")
        taken = self.noise.bit_generator.state, self.batches.state()["rng"]
        if taken != (numbers["noise"], numbers["batches"]["rng"]):
            raise InputError("its random states are invalid")

    def _check_rows(self, whole: bool) -> None:
        """Raise an InputError unless history and sums are those of a run at this step (``whole``: none missing)."""
        per_epoch, before = self.batches.per_epoch, {"step": 0, "epoch": 0, "seconds": 0.0}
        for row in self.history:
            if row["epoch"] != row["step"] // per_epoch or row["seconds"] < before["seconds"]:
                raise InputError("its history's steps, epochs and seconds do not agree")
            before = row
        if before["step"] > self.step or before["seconds"] > self.seconds:
            raise InputError(
                f"its history goes on to step {before['step']}, the run to {self.step}"
            )
        last = max(before["step"], *(self.step - self.step % n for n in (LOG_EVERY, per_epoch)))
        since = self.step - (last if whole else 0)
        counts = [rows for _, rows in self._sums.values()]
        reported = len(self.history.columns) > 3  # beside epoch, step and seconds
        most = max(counts, default=0 if reported else since)
        if most > since or (whole and most < since):
            raise InputError(f"its sums are not those of the {since} steps since the last row")
