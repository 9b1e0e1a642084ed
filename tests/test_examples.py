import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))
SHORT = {"autoencoder_vs_pca": "1", "collapse_and_cure": "100", "first_gan": "1", "ring": "80"}
"""How long the tests let examples train that take longer."""
SLOW = {"autoencoder_vs_pca", "collapse_and_cure", "first_gan", "ring"}


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * (path.stem in SLOW))
        for path in EXAMPLES
    ],
)
def test_example_runs_without_warnings_and_saves_its_picture(example, tmp_path):
    picture = f"{example.stem}.png"
    short = [picture, SHORT[example.stem]] if example.stem in SHORT else []
    command = [sys.executable, "-W", "error", str(example), *short]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    assert run.stdout
    if "matplotlib" in example.read_text() or "plotting" in example.read_text():
        assert (tmp_path / picture).read_bytes().startswith(b"\x89PNG")


def test_there_are_examples():
    assert EXAMPLES
