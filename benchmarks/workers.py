"""A contestant as a process of its own, with so many threads: it runs when it is told to."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from contestants import MAKERS, RATES, Contestant, config_of, given, rows_of


def environment(threads: int) -> dict[str, str]:
    """Return the variables that bound the threads of every library."""
    libraries = ("OMP", "OPENBLAS", "MKL", "NUMBA", "NPGAN")
    several = str(threads > 1).lower()
    xla = f"--xla_cpu_multi_thread_eigen={several} intra_op_parallelism_threads={threads}"
    return {
        **os.environ,
        **{f"{library}_NUM_THREADS": str(threads) for library in libraries},
        "NPROC": str(threads),
        "XLA_FLAGS": xla,
        "JAX_PLATFORMS": "cpu",
    }


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Let processes that start meanwhile use only so many cores, where the system can say so."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def spawn(threads: int, *command: str, **pipes: Any) -> subprocess.Popen[str]:
    """Start a script that has so many threads and answers lines."""
    pipes |= {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "bufsize": 1}
    with cores(threads):
        return subprocess.Popen([sys.executable, *command], env=environment(threads), **pipes)


class Worker:
    """A contestant's process, seen from outside."""

    def __init__(self, name: str, preset_name: str, threads: int) -> None:
        command = __file__, name, preset_name, str(threads)
        self.process = spawn(threads, *command, stderr=subprocess.DEVNULL)

    def answer(self) -> dict[str, Any]:
        """Wait for the next answer."""
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": f"it ended ({self.process.wait()})"}

    def slice(self, seconds: float) -> float:
        """Let it run for about so long; return the seconds of a step."""
        self.process.stdin.write(f"{seconds}\n")
        answer = self.answer()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["seconds"]

    def close(self) -> None:
        """End it."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


# Seen from inside: it answers each line, the seconds to run for, with the seconds of a step.


def work(name: str, preset_name: str, threads: int) -> None:
    """Set up a contestant, report its losses, then run whenever told."""
    reply = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer

    def say(**answer: Any) -> None:
        print(json.dumps(answer), file=reply, flush=True)

    try:
        config = config_of(preset_name)
        model = config.build(len(rows_of(config)))
        contestant = MAKERS[name](config, model, threads)
        losses = contestant.losses(*given(config, model)) if name not in RATES else []
        contestant.run(3)
        estimate = timed(contestant, 1, 0.0)
    except Exception as error:
        say(error=f"{type(error).__name__}: {error}".splitlines()[0][:200])
        return
    say(losses=losses)
    for line in sys.stdin:
        seconds = float(line)
        few = max(1, round(seconds / 8 / estimate))
        contestant.run(few)  # its data must come back to the caches first
        estimate = timed(contestant, few, seconds)
        say(seconds=estimate)


def timed(contestant: Contestant, few: int, seconds: float) -> float:
    """Run a few steps, and again until the seconds are over; return the seconds of a step."""
    steps, elapsed, start = 0, 0.0, time.perf_counter()
    while not steps or elapsed < seconds:
        steps += contestant.run(few)
        elapsed = time.perf_counter() - start
    return elapsed / steps


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], int(sys.argv[3]))
