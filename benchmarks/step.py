"""Time one full training step of npgan and of its peers, side by side.

A step is all that training does with a batch: rows gathered from the data (MNIST as bytes) and
scaled, fresh noise, losses, gradients, Adam. Before a contestant is timed, its losses on three
given batches must be npgan's to 1e-3 in float32; who computes something else is left out.

Each contestant is a process of its own, which has its number of threads from the start (with one
thread also only one core) and sleeps while another is timed. They take turns: many short slices,
so that whatever else the machine does meets all of them. A time is the median over the rounds; a
ratio is the median of the rounds' ratios.

Beside the times, the share of the best rate: the operations that a step's matrix products need, divided
by its time and by the best rate of the faster matrix product, NumPy's or npgan's own, of 1024 x 1024
float32; and the median of its shares of that product's rate in the same round. The two differ where a
virtual machine's cores are at times one core of the host, or far from each other.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
from contestants import CUBE, OURS, PEERS, PRESETS, RATES, REFERENCE, config_of, operations
from workers import Worker

TOLERANCE = 1e-3
SLICE = 0.2
PAUSE = 0.05  # helper threads spin a moment after their work: let them fall asleep

EXAMPLES = """
examples:
  python benchmarks/step.py
  python benchmarks/step.py --peers torch,torch-compile,jax --threads 1,2 --json step.json
  python benchmarks/step.py --presets gan-small,ring --peers jax --threads 1 --seconds 20
"""


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
    products = {name: rounds.pop(name) for name in RATES if name in rounds}
    rates = {name: 2 * CUBE**3 / min(times) for name, times in products.items()}
    product = products[max(rates, key=rates.__getitem__)]
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
            "share_of_round": count / (2 * CUBE**3) * ratio(product, times),
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
    print(f"{'':14} ms a step   (quartiles)   {over}  best peer / it  of best rate  of its round's")
    for name, row in result["contestants"].items():
        low, high = row["quartiles_ms"]
        shown = f"jax ({result['jax_is'].removeprefix('jax-')})" if name == "jax" else name
        over = "".join(f"  {row['over_npgan'][o]:13.2f}" for o in ours)
        best = row["best_peer_over_it"]
        best = f"{best:14.2f}" if best else f"{'-':>14}"
        print(
            f"{shown:14} {row['ms']:9.3f}  {low:6.3f} to {high:6.3f}{over}  {best}"
            f"  {row['share']:12.0%}  {row['share_of_round']:14.0%}"
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
