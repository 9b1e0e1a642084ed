"""The house: arrows run one way, every operation has its place in the table, nothing unsafe."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import naive
import numpy as np
import pytest

import npgan
from npgan import InputError, backend, models, ops
from npgan.data import Dataset
from npgan.kernels.row import PERFORM
from npgan.layers import LAYERS, Activation, example, read
from npgan.models.config import Config
from npgan.ops.chain import ACTIVATIONS
from npgan.ops.kinds import KINDS
from npgan.program.eager import KERNELS

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


def _fits(kind):
    try:
        layer = example(kind.name)
        return layer(np.ones((5, *kind.example_shape), np.float32)).shape[1:] == layer.out_shape(
            kind.example_shape
        )
    except InputError:
        return False


def _is_in_words(kind):
    layer = example(kind.name)
    return len(layer.spec().split()) > len(kind.example.split())


def _says_its_shapes(kind):
    return kind.shapes(*read(example(kind.name).spec())[1]) == example(kind.name).parameters.shapes


LAYER_PLACES = {
    "an example of it takes the samples that it says, and makes the shape that it says": _fits,
    "it keeps its constructor's arguments under their names": _is_in_words,
    "it says its parameters' shapes before it is made": _says_its_shapes,
    "npgan hands it on": lambda kind: hasattr(npgan, kind.__name__),
    "it has a docstring": lambda kind: bool(kind.__doc__),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_has_all_its_places(name):
    for place, is_there in LAYER_PLACES.items():
        assert is_there(LAYERS[name]), f"{name}: not so that {place}"


WITHOUT_FORMULA = {  # operations that tests compare with something else than a formula in naive.py
    "all_finite", "block_mask", "chain", "chain_penalized", "clip_by_norm", "clip_by_value", "dropout",
    "dropout_mask", "frozen_batch_norm", "gaussian_sample", "gather", "gumbel", "log_bernoulli_with_logits",
    "log_gaussian", "log_mean_exp", "log_prior_ratio", "mean_heaviside", "mean_sigmoid",
    "power_iteration", "spectral_norm", "standard_normal", "uniform",
}  # fmt: skip


def stems(names):
    """Return operations without which way they go."""
    return {
        re.sub("_((double_)?backward(_input|_parameters)?|forward|update)$", "", n) for n in names
    }


def test_an_operation_has_all_its_places():
    formulas = {*vars(naive), *naive.ACTIVATIONS, *naive.LOSSES, *naive.RULES}
    missing = stems(backend.TABLE) - formulas - WITHOUT_FORMULA
    assert not missing, f"without a formula in tests/naive.py: {missing}"


def test_every_kind_of_row_is_written():
    files = [*(ROOT / "kernels").glob("*.py"), ROOT / "program" / "record.py"]
    code = "".join(file.read_text() for file in files)
    assert [
        kind
        for kind in PERFORM
        if not re.search(rf"(?<!class )(?<!performs\()\b{kind.__name__}\b", code)
    ] == []


def test_activations_have_the_same_numbers_in_chains_and_in_rows():
    assert list(KINDS)[: len(ACTIVATIONS)] == ACTIVATIONS


def test_models_inherit_from_one_model_each_two_levels_deep_as_drawn():
    def tree(kind, level=0):
        yield kind.__name__, level
        for inner in kind.__subclasses__():
            if inner.__module__.startswith("npgan."):
                assert [b for b in inner.__bases__ if issubclass(b, models.Model)] == [kind]
                yield from tree(inner, level + 1)

    drawn = re.findall(r"^    ([│├└─ ]*)(\w+)", models.__doc__, re.MULTILINE)
    assert sorted((name, len(indent) // 4) for indent, name in drawn) == sorted(tree(models.Model))
    assert max(level for _, level in tree(models.Model)) == 2


UNSAFE = [r"import pickle", r"allow_pickle=True", r"\beval\(", r"\bexec\(", r"fastmath=True"]


@pytest.mark.parametrize("pattern", UNSAFE)
def test_nothing_in_the_package_can_run_what_a_file_says(pattern):
    assert [path.name for path in ROOT.rglob("*.py") if re.search(pattern, path.read_text())] == []


def test_no_field_of_a_dataclass_can_be_set():
    names = [info.name for info in pkgutil.walk_packages(npgan.__path__, "npgan.")]
    modules = [importlib.import_module(name) for name in names if "__main__" not in name]
    found = {one for module in modules for one in vars(module).values() if inspect.isclass(one)}
    found = {one for one in found if "__dataclass_params__" in vars(one)}
    assert {Config, Dataset} <= found
    assert [one for one in found if not one.__dataclass_params__.frozen] == []
