"""Time one full training step of npgan and of its peers, side by side.

A step is all that training does with a batch: rows gathered from the data (MNIST as bytes) and
scaled, fresh noise, losses, gradients, Adam. Before a contestant is timed, its losses on three
given batches must be npgan's to 1e-3 in float32; who computes something else is left out.

Each contestant is a process of its own, which has its number of threads from the start (with one
thread also only one core) and sleeps while another is timed. They take turns: many short slices,
so that whatever else the machine does meets all of them. A time is the median over the rounds; a
ratio is the median of the rounds' ratios.

Beside the times, the share of the best rate: the operations that a step's matrix products need, by
its time, over the rate of the faster matrix product, NumPy's or npgan's own, of 1024 x 1024 float32.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Protocol

import numpy as np

from npgan import backend
from npgan.data import load
from npgan.data.batches import Batches
from npgan.models.config import Config
from npgan.models.model import Model
from npgan.models.presets import mlp, preset
from npgan.training.steps import Steps

VARIANTS = {"gan-large-r1r2": ("gan-large", {"penalties": {"r1": 1.0, "r2": 1.0}})}
OWN = {
    "ring": Config(
        model="gan",
        data="ring",
        batch_size=256,
        steps=10_000,
        networks={
            "generator": mlp(2, 128, 128, 2, hidden="relu"),
            "discriminator": mlp(2, 128, 128, 1, hidden="relu"),
        },
        optimizers={
            "generator": {"name": "adam", "lr": 1e-3, "beta1": 0.5},
            "discriminator": {"name": "adam", "lr": 3e-4, "beta1": 0.5},
        },
    )
}
"""Networks that are no preset: a plain GAN in two dimensions."""
PRESETS = ("gan-small", "gan-medium", "gan-large", "autoencoder", *OWN, *VARIANTS)
CHECKED_STEPS = 3
TOLERANCE = 1e-3
SLICE = 0.2
PAUSE = 0.05  # helper threads spin a moment after their work: let them fall asleep
CUBE = 1024
SCAN = 50

EXAMPLES = """
examples:
  python benchmarks/step.py
  python benchmarks/step.py --peers torch,torch-compile,jax --threads 1,2 --json step.json
  python benchmarks/step.py --presets gan-small,ring --peers jax --threads 1 --seconds 20
"""


# What a step is.


def config_of(name: str) -> Config:
    """Return a preset, a variant of one, or a configuration of this file's own."""
    base, changes = VARIANTS.get(name, (name, {}))
    config = OWN.get(name) or preset(base)
    return replace(config, settings={**config.settings, **changes})


def products(specs: Sequence[str]) -> list[int]:
    """Return in * out of each dense layer.

    >>> products(["dense 2 3", "relu", "dense 3 1"])
    [6, 3]
    """
    dense = (spec.split() for spec in specs if spec.startswith("dense "))
    return [int(a) * int(b) for _, a, b, *_ in dense]


def operations(config: Config) -> int:
    """Return the floating-point operations of a step's matrix products, 2 * n * in * out each.

    Only what is needed: no gradient by the data or the noise, nor by D's weights in G's step.

    R1 and R2 need the gradient of each sample's logit by the data, through the first layer too, and
    its derivative: the tangents times the weights of all layers but the last. One product a layer
    then is the weights' gradient by loss and penalty, both of which go back by the logit (see
    :func:`npgan.ops.chain_double_backward`); who takes the two ways apart makes more.
    """

    def forward(w: list[int]) -> int:
        return sum(w)

    def backward(w: list[int]) -> int:
        return sum(w) + sum(w[1:])

    def penalized_backward(w: list[int]) -> int:
        return sum(w) + sum(w[:-1]) + sum(w)

    w = {name: products(specs) for name, specs in config.networks.items()}
    if config.model == "gan":
        g, d = w["generator"], w["discriminator"]
        back = penalized_backward if config.settings.get("penalties") else backward
        d_step = forward(g) + 2 * (forward(d) + back(d))
        g_step = forward(g) + forward(d) + sum(d) + backward(g)
        total = d_step + g_step
    else:
        both = w["encoder"] + w["decoder"]
        total = forward(both) + backward(both)
    return 2 * config.batch_size * total


def given(config: Config, model: Model) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """Return the batches, and each step's noise (D's and G's), that losses are compared on."""
    rng = np.random.default_rng(0)
    data = Batches(load(config.data).train, config.batch_size, rng, model.value_range)
    batches = [data.next() for _ in range(CHECKED_STEPS)]
    if config.model != "gan":
        return batches, [[] for _ in batches]
    shape = config.batch_size, model.latent_dim
    noise = [[rng.standard_normal(shape, np.float32) for _ in range(2)] for _ in batches]
    return batches, noise


# Contestants.


def use(name: str) -> None:
    """Let npgan run on a backend; one that cannot be used is an error, not NumPy."""
    backend.use(name)
    if backend.run.name != name:
        raise RuntimeError(f"{name} cannot be used here")


class Contestant(Protocol):
    """What a worker runs."""

    def losses(
        self, batches: Sequence[np.ndarray], noise: Sequence[Sequence[np.ndarray]]
    ) -> list[list[float]]:
        """Return the losses of steps on given batches and noise, from the first weights."""

    def run(self, steps: int) -> int:
        """Train for at least so many steps, data feeding included; return how many they were."""


class Npgan:
    """npgan on one of its backends, as its training loop calls it."""

    def __init__(self, config: Config, name: str) -> None:
        use(name)
        data = load(config.data).train
        self.build = lambda: config.build(len(data))
        self.model = self.build()
        order, self.noise = np.random.default_rng(0).spawn(2)
        data = self.model.check_data(data)
        batches = Batches(data, config.batch_size, order, self.model.value_range)
        self.step = Steps(self.model, batches, self.noise)

    def losses(
        self, batches: Sequence[np.ndarray], noise: Sequence[Sequence[np.ndarray]]
    ) -> list[list[float]]:
        """Return the losses of steps on given batches and noise."""
        model, found = self.build(), []
        draws = iter([z for zs in noise for z in zs])
        model.latent = lambda n, rng: next(draws)
        for batch in batches:
            metrics = model.train_step(batch, self.noise)
            found.append([float(value) for name, value in metrics.items() if name.endswith("loss")])
        return found

    def run(self, steps: int) -> int:
        """Train for so many steps."""
        for _ in range(steps):
            with np.errstate(all="ignore"):
                self.step()
        return steps


class Product:
    """A square matrix product, NumPy's or a backend's: what this machine could do."""

    def __init__(self, name: str) -> None:
        rng = np.random.default_rng(0)
        a, b = rng.standard_normal((2, CUBE, CUBE), np.float32)
        out, bias = np.empty_like(a), np.zeros(CUBE, np.float32)
        use(name)
        dense = backend.run.dense_forward
        self.multiply = (
            (lambda: np.matmul(a, b, out)) if name == "numpy" else (lambda: dense(a, b, bias))
        )

    def run(self, steps: int) -> int:
        """Multiply so many times."""
        for _ in range(steps):
            self.multiply()
        return steps


def torch_peer(config: Config, model: Model, threads: int, **settings: Any) -> Contestant:
    """Return PyTorch's contestant."""
    from peers_torch import Peer

    data = load(config.data).train
    return Peer(config, model.weights(), data, model.value_range, threads=threads, **settings)


def jax_peer(config: Config, model: Model, threads: int, **settings: Any) -> Contestant:
    """Return JAX's contestant; its threads are set by :func:`environment`."""
    from peers_jax import Peer

    return Peer(config, model.weights(), load(config.data).train, model.value_range, **settings)


Maker = Callable[[Config, Model, int], Contestant]

OURS: dict[str, Maker] = {
    f"npgan {name}": lambda config, *_, name=name: Npgan(config, name) for name in backend.BACKENDS
}
RATES: dict[str, Maker] = {
    f"product {name}": lambda *_, name=name: Product(name) for name in backend.BACKENDS
}
PEERS: dict[str, dict[str, Maker]] = {
    "torch": {"torch": torch_peer},
    "torch-compile": {"torch-compile": lambda *a: torch_peer(*a, compiled=True)},
    "jax": {"jax-step": jax_peer, "jax-scan": lambda *a: jax_peer(*a, scan=SCAN)},
}
MAKERS = OURS | RATES | {name: make for makers in PEERS.values() for name, make in makers.items()}
REFERENCE = next(iter(OURS))


# A worker: it answers each line, the seconds to run for, with the seconds of a step.


def work(name: str, preset_name: str, threads: int) -> None:
    """Set up a contestant, report its losses, then run whenever told."""
    reply = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints is no answer

    def say(**answer: Any) -> None:
        print(json.dumps(answer), file=reply, flush=True)

    try:
        config = config_of(preset_name)
        model = config.build(len(load(config.data).train))
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


class Worker:
    """A contestant's process, seen from outside."""

    def __init__(self, name: str, preset_name: str, threads: int) -> None:
        command = [sys.executable, __file__, "--worker", name, preset_name, str(threads)]
        with cores(threads):
            self.process = subprocess.Popen(
                command,
                env=environment(threads),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                bufsize=1,
            )

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


# Measurement.


def same(losses: list[list[float]], reference: list[list[float]]) -> bool:
    """Return whether losses are the reference's, to the tolerance."""
    shapes = np.shape(losses), np.shape(reference)
    return shapes[0] == shapes[1] and np.allclose(losses, reference, rtol=TOLERANCE, atol=0)


def admitted(workers: dict[str, Worker]) -> tuple[dict[str, Worker], dict[str, str]]:
    """Wait until all are set up; return those to be timed, and why others are not."""
    answers = {name: worker.answer() for name, worker in workers.items()}
    reference = answers[REFERENCE].get("losses")
    reasons = {}
    for name, answer in answers.items():
        if "error" in answer:
            reasons[name] = answer["error"]
        elif name not in RATES and not same(answer["losses"], reference):
            reasons[name] = f"its losses are {answer['losses']}, the reference's {reference}"
    return {name: worker for name, worker in workers.items() if name not in reasons}, reasons


def measure(preset_name: str, threads: int, names: Sequence[str], seconds: float) -> dict[str, Any]:
    """Time the contestants in turns; return all rounds, and who was left out."""
    workers = {name: Worker(name, preset_name, threads) for name in names}
    try:
        chosen, left_out = admitted(workers)
        if REFERENCE in left_out:
            raise RuntimeError(f"{REFERENCE}: {left_out[REFERENCE]}")
        rounds: dict[str, list[float]] = {name: [] for name in chosen}
        order = list(chosen)
        for _ in range(max(3, round(seconds / SLICE))):
            for name in order:
                time.sleep(PAUSE)
                rounds[name].append(chosen[name].slice(SLICE))
            order = order[1:] + order[:1]
    finally:
        for worker in workers.values():
            worker.close()
    return {"preset": preset_name, "threads": threads, "rounds": rounds, "left_out": left_out}


def ratio(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the median of the rounds' ratios a / b."""
    return median(x / y for x, y in zip(a, b, strict=True))


def summarize(result: dict[str, Any]) -> dict[str, Any]:
    """Add medians, ratios and shares to the rounds; of JAX's two forms keep the faster as "jax"."""
    rounds = dict(result["rounds"])
    rates = {name: 2 * CUBE**3 / min(rounds.pop(name)) for name in RATES if name in rounds}
    forms = [name for name in PEERS["jax"] if name in rounds]
    best_form = min(forms, key=lambda name: median(rounds[name]), default=None)
    if best_form:
        rounds["jax"] = rounds[best_form]
    compared = {name: rounds[name] for name in rounds if name not in forms}
    peers = {name: times for name, times in compared.items() if name not in OURS}
    best_peer = min(peers, key=lambda name: median(peers[name]), default=None)
    count = operations(config_of(result["preset"]))
    contestants = {
        name: {
            "ms": 1e3 * median(times),
            "quartiles_ms": [1e3 * q for q in quantiles(times, n=4)[::2]],
            "over_npgan": {o: ratio(times, rounds[o]) for o in OURS if o in rounds},
            "best_peer_over_it": ratio(peers[best_peer], times) if best_peer else None,
            "gflops": count / median(times) / 1e9,
            "share": count / median(times) / max(rates.values()),
        }
        for name, times in compared.items()
    }
    return result | {
        "operations": count,
        "rates_gflops": {name: rate / 1e9 for name, rate in rates.items()},
        "jax_is": best_form,
        "best_peer": best_peer,
        "contestants": contestants,
    }


# Reports.


def print_result(result: dict[str, Any]) -> None:
    """Print a block: a preset at a number of threads."""
    threads, rates = result["threads"], result["rates_gflops"]
    best = max(rates, key=rates.get)
    print(
        f"\n{result['preset']}, {threads} thread{'s' * (threads > 1)}: "
        f"{result['operations'] / 1e6:.0f} million operations a step; "
        f"best rate {rates[best]:.0f} GFLOP/s ({best})"
    )
    ours = [name for name in OURS if name in result["contestants"]]
    over = "".join(f"  {'/ ' + name:>13}" for name in ours)
    print(f"{'':14} ms a step   (quartiles)   {over}  best peer / it  of best rate")
    for name, row in result["contestants"].items():
        low, high = row["quartiles_ms"]
        shown = f"jax ({result['jax_is'].removeprefix('jax-')})" if name == "jax" else name
        over = "".join(f"  {row['over_npgan'][o]:13.2f}" for o in ours)
        best = row["best_peer_over_it"]
        best = f"{best:14.2f}" if best else f"{'-':>14}"
        print(
            f"{shown:14} {row['ms']:9.3f}  {low:6.3f} to {high:6.3f}{over}  {best}"
            f"  {row['share']:12.0%}"
        )
    for name, reason in result["left_out"].items():
        print(f"{name}: left out: {reason}")
    sys.stdout.flush()


def machine() -> dict[str, Any]:
    """Return what the numbers depend on."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {}
    for name in ("npgan", "numpy", "numba", "torch", "jax"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    about = {"python": platform.python_version(), "system": platform.system()}
    return about | {"architecture": platform.machine(), "cores": os.cpu_count()} | versions


def chosen_peers(names: Sequence[str]) -> list[str]:
    """Return the contestants of those peers that are installed; tell of the others."""
    found = []
    for name in names:
        if find_spec(name.partition("-")[0]):
            found += PEERS[name]
        else:
            print(f"{name}: not installed")
    return found


def listed(text: str) -> list[str]:
    """Split at commas."""
    return [word for word in text.split(",") if word]


def main() -> int:
    if sys.argv[1:2] == ["--worker"]:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return 0
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--peers", type=listed, default=list(PEERS), help=f"of {','.join(PEERS)}; default: all"
    )
    parser.add_argument("--threads", type=listed, default=["1"], help="such as 1,2; default: 1")
    parser.add_argument(
        "--presets", type=listed, default=list(PRESETS), help=f"default: {','.join(PRESETS)}"
    )
    parser.add_argument(
        "--seconds", type=float, default=4.0, help="for each contestant and preset; default: 4"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all rounds there")
    arguments = parser.parse_args()
    for kind, known in (("peers", PEERS), ("presets", PRESETS)):
        for name in set(getattr(arguments, kind)) - set(known):
            parser.error(f"unknown in --{kind}: {name!r}; known are {', '.join(known)}")
    if not arguments.threads or not all(t.isdecimal() and int(t) for t in arguments.threads):
        parser.error("--threads must be numbers such as 1,2")

    if hasattr(os, "getloadavg") and (load_before := os.getloadavg()[0]) > 0.5:
        print(f"the machine is busy (load {load_before:.1f}): helper threads will wait in vain")
    names = [*OURS, *chosen_peers(arguments.peers), *RATES]
    results = []
    for name in arguments.presets:
        for threads in map(int, arguments.threads):
            results.append(summarize(measure(name, threads, names, arguments.seconds)))
            print_result(results[-1])
    if arguments.json:
        report = {"machine": machine(), "slice_seconds": SLICE, "results": results}
        arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
