"""The benchmarks count, compare and start as they should; nothing here looks at a time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import step
from contestants import CHECKED_STEPS, MAKERS, config_of, given, operations

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
MILLIONS = {
    "gan-small": 104,
    "gan-medium": 164,
    "gan-large": 1541,
    "gan-large-r1r2": 2036,
    "ring": 103,
    "autoencoder": 135,
}


@pytest.mark.parametrize("name", MILLIONS)
def test_operations_of_a_step(name):
    assert round(operations(config_of(name)) / 1e6) == MILLIONS[name]


@pytest.mark.parametrize(
    "script",
    [
        "step",
        "startup",
        "scaling",
        "matmul",
        "train_classifier",
        "quality",
        "iwae",
        "anomaly",
        "conv",
        "winograd",
        "same_time",
        "own_data",
    ],
)
def test_help_shows_examples(script):
    command = [sys.executable, str(BENCHMARKS / f"{script}.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "examples" in done.stdout


def test_unknown_names_are_refused():
    command = [sys.executable, str(BENCHMARKS / "step.py"), "--presets", "gan-tiny"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "gan-tiny" in done.stderr


MEASURES = {"modes": 8, "modes_of_half_a_share": 8, "high_quality": 0.98, "reverse_kl": 0.001}
MEASURES |= {"total_variation": 0.02, "spread": 1.1}


def test_quality_trains_only_what_is_not_there_and_shows_the_median_and_the_worst(tmp_path):
    ring = {str(seed): {"seconds": 9.0 + seed, "measures": {**MEASURES}} for seed in range(3)}
    ring["2"]["measures"]["modes"] = 7
    (tmp_path / "results.json").write_text(json.dumps({"ring": ring}))
    command = [sys.executable, str(BENCHMARKS / "quality.py"), "--only", "ring", "--seeds", "3"]
    np.save(tmp_path / "ring-0.npy", np.zeros((5, 2)))
    done = subprocess.run(
        [*command, "--out", str(tmp_path)], capture_output=True, text=True, check=True
    )
    row = next(line for line in done.stdout.splitlines() if line.startswith("| ring"))
    assert row.startswith("| ring | 3 | 8 (7) | 8 (8) | 98.0% (98.0%) | 0.0010 (0.0010) |")
    assert row.endswith("| 10 s (11 s) |")
    assert (tmp_path / "quality.md").read_text().strip() == done.stdout.strip()
    assert (tmp_path / "mixtures.png").stat().st_size > 1000
    assert "seed" not in done.stderr


def losses(name, config):
    model = config.build(60_000)
    return MAKERS[name](config, model, 1).losses(*given(config, model))


@pytest.mark.parametrize("name", MILLIONS)
def test_torch_computes_the_same_losses(name):
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    config = config_of(name)
    try:
        ours, theirs = losses("npgan numpy", config), losses("torch", config)
    finally:
        torch.set_num_threads(threads)
    assert np.shape(ours) == (CHECKED_STEPS, 2 if config.model == "gan" else 1)
    assert step.same(theirs, ours)


def test_other_losses_are_not_the_same():
    ours = losses("npgan numpy", config_of("autoencoder"))
    assert not step.same((np.array(ours) * 1.01).tolist(), ours)
    assert not step.same(ours[:2], ours)
    assert not step.same([[float("nan")]] * 3, ours)


def test_ratios_are_medians_of_the_rounds():
    assert step.ratio([2.0, 30.0, 8.0], [1.0, 10.0, 2.0]) == 3.0


@pytest.mark.parametrize("peer", [True, False])
def test_a_summary_without_a_peer_has_no_best_one(peer):
    rounds = {"npgan numpy": [2e-3, 3e-3], "product numpy": [0.02, 0.04]}
    rounds |= {"jax-step": [1e-3, 1e-3], "jax-scan": [5e-4, 5e-4]} if peer else {}
    base = {"preset": "gan-small", "threads": 1, "rounds": rounds, "left_out": {}}
    summary = step.summarize(base)
    row = summary["contestants"]["npgan numpy"]
    assert summary["best_peer"] == ("jax" if peer else None)
    assert summary["jax_is"] == ("jax-scan" if peer else None)
    assert (row["best_peer_over_it"] is not None) == peer
    assert row["over_npgan"]["npgan numpy"] == 1
    count, product = summary["operations"], 2 * step.CUBE**3
    assert row["share"] == pytest.approx(count / 2.5e-3 / (product / 0.02))
    assert row["share_of_round"] == pytest.approx(count / product * (0.02 / 2e-3 + 0.04 / 3e-3) / 2)
    step.print_result(summary)


def own_data(tmp_path, *words):
    """Try one table of numbers as the benchmark tries its sets."""
    folder = tmp_path / "sklearn" / "datasets" / "data"
    folder.mkdir(parents=True)
    (tmp_path / "sklearn" / "__init__.py").touch()
    rows = np.random.default_rng(0).normal(size=(40, 2)).round(2)
    (folder / "wine_data.csv").write_text(
        "".join(f"{a},{b},{i % 2}\n" for i, (a, b) in enumerate(rows))
    )
    command = [
        sys.executable,
        str(BENCHMARKS / "own_data.py"),
        "--out",
        str(tmp_path / "out"),
        *words,
    ]
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )


def test_own_data_tries_a_set_and_shows_what_came_of_it(tmp_path):
    done = own_data(tmp_path, "--sets", "wine", "--steps", "2")
    row = next(line for line in done.stdout.splitlines() if line.startswith("| wine"))
    assert (done.returncode, row.split(" | ")[1:3]) == (0, ["36", "rows of 3 columns"])
    assert row.endswith(" | 0, 0 |")
    found = json.loads((tmp_path / "out" / "results.json").read_text())["wine"]
    assert (found["steps"], found["pictures"] > 0, "shapes " in row) == (2, True, True)
    assert "c1 to c3" in found["said"]


def test_own_data_names_what_is_missing_and_what_fails(tmp_path):
    done = own_data(tmp_path, "--sets", "cancer,wine", "--steps", "-1")
    assert done.returncode == 1
    assert "| cancer | | not here: pip install --no-deps scikit-learn" in done.stderr
    assert done.stdout.splitlines()[-1].endswith(" | 2 |")
