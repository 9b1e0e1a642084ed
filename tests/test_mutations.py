"""Mistakes made on purpose are caught: the gradient checker and the tests can fail.

`npgan gradcheck` runs every case of the catalogue and fails if one does: so it fails as well.
"""

import importlib
import inspect
import sys
import textwrap

import mutations_channels
import mutations_classifier
import mutations_conv
import mutations_images
import mutations_joined
import mutations_models
import mutations_normalisation
import mutations_ops
import mutations_regularisers
import mutations_resampled
import mutations_silent
import mutations_translator
import mutations_uses
import mutations_vae
import pytest
from diagnosed import blames, right_kinds, right_layer
from mutations import mutated

from npgan import backend
from npgan.check import catalogue, comparison
from npgan.check.differentiable import Differentiable
from npgan.models import multi
from npgan.objectives import losses, penalties

PARTS = (
    mutations_channels,
    mutations_classifier,
    mutations_conv,
    mutations_images,
    mutations_joined,
    mutations_models,
    mutations_normalisation,
    mutations_ops,
    mutations_regularisers,
    mutations_resampled,
    mutations_silent,
    mutations_translator,
    mutations_uses,
    mutations_vae,
)
MUTATIONS = [mutation for part in PARTS for mutation in part.MUTATIONS]
SILENT = [mutation for part in PARTS for mutation in part.SILENT]


def locate(where):
    """Return the module that defines a function or method, the object that holds it, its name."""
    *path, name = where.split(".")
    classes = [part for part in path if part[0].isupper()]
    module = importlib.import_module(".".join(["npgan", *path[: len(path) - len(classes)]]))
    owner = getattr(module, classes[0]) if classes else module
    return module, owner, name


def mutate(mutation, monkeypatch):
    """Put the mutated function wherever the original is."""
    module, owner, name = locate(mutation.where)
    original = getattr(owner, name)
    source = textwrap.dedent(inspect.getsource(original))
    namespace = {}
    code = compile(mutated(source, mutation.old, mutation.new), mutation.where, "exec")
    exec(code, vars(module), namespace)
    mutant = namespace[name]
    monkeypatch.setattr(owner, name, mutant)
    for other in [m for n, m in sys.modules.items() if n.split(".")[0] == "npgan"]:
        for attribute, value in list(vars(other).items()):
            if value is original:
                monkeypatch.setattr(other, attribute, mutant)
    if mutation.where.startswith("ops.") and hasattr(backend.run, name):
        monkeypatch.setattr(backend.run, name, mutant)

    def changed(row):
        return row._make(mutant if part is original else part for part in row)

    for key, objective in losses.OBJECTIVES.items():
        reports = {name: changed(report) for name, report in objective.reports.items()}
        monkeypatch.setitem(losses.OBJECTIVES, key, changed(objective)._replace(reports=reports))
    for key, penalty in penalties.PENALTIES.items():
        monkeypatch.setitem(penalties.PENALTIES, key, changed(penalty))
    for key, opinion in multi.AGAINST.items():
        monkeypatch.setitem(multi.AGAINST, key, mutant if opinion is original else opinion)
    for key, loss in losses.RECONSTRUCTIONS.items():
        monkeypatch.setitem(losses.RECONSTRUCTIONS, key, mutant if loss is original else loss)


FAMILY = {case.name: family for family in catalogue.FAMILIES for case in catalogue.members(family)}


def check(name):
    """Check a case made anew, of the mutated code; as it is it passes (test_gradcheck.py)."""
    return next(case for case in catalogue.members(FAMILY[name]) if case.name == name).check()


def ask_about(array, monkeypatch):
    """Let the checker compare one array's gradient, and none of the others'."""
    every = Differentiable.gradients

    def gradients(self, upstream):
        found = every(self, upstream)
        return (
            {name: g if name == array else None for name, g in found.items()}
            if array in found
            else found
        )

    monkeypatch.setattr(Differentiable, "gradients", gradients)


CHECKER = importlib.import_module("npgan.check.gradcheck")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_the_gradient_checker_catches(mutation, monkeypatch):
    monkeypatch.setattr(CHECKER, "mistakes", lambda *_: [])  # what they look like is tested below
    mutate(mutation, monkeypatch)
    ask_about(mutation.parameter.partition(",")[0], monkeypatch)
    monkeypatch.setattr(comparison, "FAILURES", 1)  # one wrong element of an array is enough
    if mutation.raises:
        with pytest.raises(ValueError, match=r"matmul|shape|takes"):
            check(mutation.case)
        return
    report = check(mutation.case)
    assert not report
    assert mutation.parameter in report.failed, report


SAMPLE = [m for m in MUTATIONS if not m.raises and right_kinds(m) != ["none"]][::30]


def test_the_gradient_checker_says_where_and_what_the_mistake_is(monkeypatch):
    """All of them: diagnosed.py, by which 8 in 10 are named; in this sample 8 of 12."""
    named = 0
    monkeypatch.setattr(comparison, "FAILURES", 1)
    for mutation in SAMPLE:
        with monkeypatch.context() as patch:
            mutate(mutation, patch)
            ask_about(mutation.parameter.partition(",")[0], patch)
            mistakes = check(mutation.case).mistakes
        assert all(blames(mistake, right_layer(mutation)) for mistake in mistakes), mistakes
        named += mistakes[0].kind in right_kinds(mutation)
    assert (named, len(SAMPLE)) == (8, 12)


def test_every_mistake_that_is_caught_has_a_kind_on_record():
    assert all(right_kinds(mutation) for mutation in MUTATIONS if not mutation.raises)


def named_test(name):
    module, function = name.split(".")
    return getattr(importlib.import_module(module), function)


PASSED = set()  # tests, and of which arguments, that pass on the code as it is


@pytest.mark.parametrize("mutation", SILENT, ids=str)
def test_a_test_catches(mutation, monkeypatch):
    test = named_test(mutation.test)
    unchanged = mutation.test, repr(mutation.arguments)
    if unchanged not in PASSED:
        test(*mutation.arguments)
        PASSED.add(unchanged)
    mutate(mutation, monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(*mutation.arguments)


def test_every_backward_operation_and_every_step_is_mutated():
    mutated = {mutation.where.split(".")[-1] for mutation in MUTATIONS}
    backward = {name for name in backend.TABLE if "_backward" in name}
    steps = {"discriminator_step", "generator_step", "reconstruction_step", "bound_step"}
    assert backward | steps <= mutated


def test_every_update_rule_and_sampler_is_mutated():
    mutated = {mutation.where.split(".")[-1] for mutation in SILENT}
    rules = {name for name in backend.TABLE if name.endswith("_update")}
    assert (
        rules | {"dropout_mask", "standard_normal", "gaussian_sample_forward", "gather"} <= mutated
    )
