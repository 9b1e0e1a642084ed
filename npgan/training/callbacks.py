"""Callbacks: what happens beside the training steps. Each overrides the events that it needs."""

import csv
import io
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from npgan import backend
from npgan.system import disk
from npgan.system.signals import REASONS
from npgan.training import checkpoint
from npgan.training.interrupts import handled
from npgan.training.interval import Interval
from npgan.training.loop import Callback, Loop

__all__ = [
    "CSVHistory",
    "Checkpoints",
    "Measures",
    "Pictures",
    "Progress",
    "StopOnInterrupt",
]


class Progress(Callback):
    """A progress bar with the losses on a terminal; elsewhere a line every ``interval`` seconds."""

    def __init__(self, interval: float = 10.0) -> None:
        self.interval = interval

    def on_train_begin(self, loop: Loop) -> None:
        """Open the bar where the run stands, once the kernels are there."""
        from tqdm import tqdm

        backend.prepare()
        self.bar = tqdm(
            total=loop.total_steps,
            initial=loop.step,
            unit="step",
            dynamic_ncols=True,
            disable=not sys.stderr.isatty(),
        )
        self.last, self.before = time.monotonic(), (loop.step, loop.seconds)
        self.reason: str | None = None

    def on_step_end(self, loop: Loop) -> None:
        """Move on, and say once why the steps are slower than they could be."""
        if loop.not_recorded != self.reason:
            self.reason = loop.not_recorded
            self.bar.write(f"steps are not recorded, and slower: {self.reason}", file=sys.stderr)
        self.bar.update()

    def on_log(self, loop: Loop) -> None:
        """Show the last row."""
        row = loop.history.rows[-1]
        hidden = ("epoch", "step", "seconds")
        labels = {name: report.label for name, report in loop.model.reports.items()}
        numbers = {labels.get(k, k): f"{v:.4g}" for k, v in row.items() if k not in hidden}
        if not self.bar.disable:
            self.bar.set_description(f"epoch {loop.epoch}")
            self.bar.set_postfix(numbers)
        elif time.monotonic() - self.last > self.interval or loop.step == loop.total_steps:
            self.last = time.monotonic()
            text = "  ".join(f"{name} {value}" for name, value in numbers.items())
            place = f"epoch {loop.epoch}  step {loop.step}/{loop.total_steps}"
            time_used = f"{loop.seconds:.1f} s, {self._left(loop):.0f} s left"
            print(f"{place}  {time_used}  {text}", file=sys.stderr)

    def _left(self, loop: Loop) -> float:
        """Return how many seconds the rest takes, at the rate so far."""
        step, seconds = self.before
        return (loop.total_steps - loop.step) * (loop.seconds - seconds) / (loop.step - step)

    def on_train_end(self, loop: Loop) -> None:
        """Close the bar."""
        self.bar.close()
        del self.bar  # which no copy of a loop can have


class CSVHistory(Callback):
    """The history as a CSV file, each row written as soon as it is there.

    A resumed run takes the file up where its checkpoint was written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def on_train_begin(self, loop: Loop) -> None:
        """Write the rows so far anew: those after a checkpoint are lost, as their steps are."""
        self.columns: list[str] = []
        self._rewrite(loop)

    def on_log(self, loop: Loop) -> None:
        """Append the newest row."""
        if set(loop.history.rows[-1]) - set(self.columns):
            self._rewrite(loop)
        else:
            disk.append(self.path, self._text(loop.history.rows[-1:]))

    def _rewrite(self, loop: Loop) -> None:
        self.columns = loop.history.columns
        header: list[Any] = [dict(zip(self.columns, self.columns, strict=True))]
        disk.write_atomically(self.path, self._text(header + loop.history.rows))

    def _text(self, rows: list[dict[str, float]]) -> bytes:
        text = io.StringIO(newline="")
        csv.DictWriter(text, self.columns).writerows(rows)
        return text.getvalue().encode()


class Pictures(Callback):
    """A picture of the model at the start, every ``interval`` seconds and at the end: ``draw(path)`` makes it.

    Every picture of a run shows the same z, or the same inputs, so that they can be compared. When there are 40,
    every other one is removed and the interval is doubled, so that a run of any length keeps 20 to 40.
    """

    MOST = 40

    def __init__(
        self, directory: Path | str, draw: Callable[[Path], Any], interval: float = 2.0
    ) -> None:
        self.directory, self.draw, self.seconds = Path(directory), draw, interval

    def on_train_begin(self, loop: Loop) -> None:
        """Draw the untrained model, for which kernels may be compiled, and start the clock."""
        if loop.step == 0:
            self.draw(self._path(loop))
        self.interval = Interval(self.seconds)

    def on_log(self, loop: Loop) -> None:
        """Draw the model if it is time."""
        if self.interval.passed():
            self._draw(loop)

    def on_train_end(self, loop: Loop) -> None:
        """Draw the model where it stopped, unless that is done."""
        if not (loop.failed or self._path(loop).exists()):
            self._draw(loop)

    def _draw(self, loop: Loop) -> None:
        with self.interval.passing():
            self.draw(self._path(loop))
        there = sorted(self.directory.glob("step-*.png"))
        if len(there) > self.MOST:
            self.interval.seconds *= 2
            for path in there[1:-1:2]:
                path.unlink()

    def _path(self, loop: Loop) -> Path:
        return self.directory / f"step-{loop.step:07d}.png"


class Measures(Callback):
    """More columns of the history, ``measure() -> {name: number}``, every so many epochs and at the end.

    It must stand before the callbacks that show or write the rows.
    """

    def __init__(self, every: int, measure: Callable[[], dict[str, float]]) -> None:
        self.every, self.measure = every, measure

    def on_log(self, loop: Loop) -> None:
        """Measure, if the row is that of such an epoch, or the last one."""
        due = loop.at_epoch_end and loop.epoch % self.every == 0
        if due or loop.step == loop.total_steps:
            loop.history.rows[-1] |= self.measure()


class Checkpoints(Callback):
    """Save the whole state every ``interval`` seconds, and at the end.

    It must stand behind the callbacks that change the rows, whose history it saves.
    """

    def __init__(self, path: Path | str, interval: float = 30.0) -> None:
        self.path, self.seconds = Path(path), interval

    def on_train_begin(self, loop: Loop) -> None:
        """Start the clock."""
        self.interval = Interval(self.seconds)
        self.saved = loop.step

    def on_step_end(self, loop: Loop) -> None:
        """Save if it is time; after a step that adds a row, :meth:`on_log` does."""
        if not loop.at_row:
            self._save_in_time(loop)

    def on_log(self, loop: Loop) -> None:
        """Save if it is time."""
        self._save_in_time(loop)

    def on_train_end(self, loop: Loop) -> None:
        """Save the last step, also after an error elsewhere, unless that left it half done."""
        if loop.whole and loop.step != self.saved:
            self._save(loop)

    def _save_in_time(self, loop: Loop) -> None:
        if self.interval.passed():
            self._save(loop)

    def _save(self, loop: Loop) -> None:
        with self.interval.passing():
            checkpoint.save(self.path, *loop.state())
        self.saved = loop.step


class StopOnInterrupt(Callback):
    """Let Ctrl-C, and what else asks a process to end, end the run after the current step.

    A second one ends it at once, and so does one before the first step is made: kernels may be compiling.
    """

    def on_train_begin(self, loop: Loop) -> None:
        """Take over the signals, in the main thread."""
        first = loop.step

        def stop(number: int, frame: Any) -> None:
            if loop.stop is not None or loop.step == first:
                raise KeyboardInterrupt(number)
            loop.stop = REASONS[number]

        self.ends = ExitStack()
        self.ends.enter_context(handled(lambda _: stop))

    def on_train_end(self, loop: Loop) -> None:
        """Give them back."""
        self.ends.close()
        del self.ends  # which no copy of a loop can have
