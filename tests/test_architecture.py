"""The house: arrows run one way, every operation has its place in the table, nothing unsafe."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import naive
import pytest

import npgan
from npgan import backend, ops
from npgan.kernels import KERNELS
from npgan.layers import LAYERS, Activation
from npgan.ops.kinds import KINDS

ROOT = Path(npgan.__file__).parent
REPOSITORY = ROOT.parent


def test_imports_run_one_way():
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


def test_every_operation_is_in_the_table():
    modules = [value for value in vars(ops).values() if inspect.ismodule(value)]
    defined = {
        name for module in modules for name, f in vars(module).items() if hasattr(f, "border")
    }
    exported = {name for module in modules for name in module.__all__}
    assert defined == exported == set(backend.TABLE)


@pytest.mark.parametrize("name", [n for n in backend.TABLE if n.endswith("_forward")])
def test_every_forward_has_a_backward(name):
    stem = name.removesuffix("_forward")
    assert any(other.startswith(f"{stem}_backward") for other in backend.TABLE)


@pytest.mark.parametrize("name", backend.TABLE)
def test_every_operation_is_documented_with_an_example(name):
    assert ">>>" in inspect.getdoc(getattr(ops, name))


def test_an_activation_has_all_its_places():
    places = {
        "a layer": {name for name, kind in LAYERS.items() if issubclass(kind, Activation)},
        "a formula in naive.py": {*naive.ACTIVATIONS, "softmax"},
        "a kernel": {name for name in KINDS if f"{name}_backward" in KERNELS} | {"softmax"},
    }
    for place, names in places.items():
        assert names == {*KINDS, "softmax"}, f"{names ^ {*KINDS, 'softmax'}}: not {place}"


UNSAFE = [r"import pickle", r"allow_pickle=True", r"\beval\(", r"\bexec\(", r"fastmath=True"]


@pytest.mark.parametrize("pattern", UNSAFE)
def test_nothing_in_the_package_can_run_what_a_file_says(pattern):
    assert [path.name for path in ROOT.rglob("*.py") if re.search(pattern, path.read_text())] == []
