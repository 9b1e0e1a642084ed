"""The maker of mutants makes what it says, and leaves words and lines alone."""

import ast
import gc
import importlib
import inspect
import json
import subprocess
import sys
import tomllib
from functools import partial
from types import SimpleNamespace

import executed
import mutants
import mutators
import numpy as np
import pytest

from npgan.system import disk, memory

SOURCE = b'''"""Words, 1 + 1."""
def f(x: int = 1, *, y=True) -> list[int]:
    """Return x + 1."""
    if not x < 2 and y:
        raise ValueError("x is 3", 3)
    g(x, y,
      key=0.5)
    return table["a"] - 1
'''
CODE = b"""
def f(x=1):
    return x + 2
def g():
    return lambda: 5
"""
MADE = {
    ("constant", "1", "2"),
    ("constant", "True", "False"),
    ("logic", "not x < 2 and y", "not x < 2 or y"),
    ("sign", "not x < 2", "x < 2"),
    ("comparison", "x < 2", "x <= 2"),
    ("constant", "2", "3"),
    ("removed", "raise ValueError('x is 3', 3)", "pass"),
    ("removed", "g(x, y, key=0.5)", "pass"),
    ("arguments", "g(x, y, key=0.5)", "g(y, x, key=0.5)"),
    ("keyword", "g(x, y, key=0.5)", "g(x, y)"),
    ("constant", "0.5", "1.0"),
    ("arithmetic", "table['a'] - 1", "table['a'] + 1"),
    ("key", "table['a']", "table['a_']"),
}


def test_every_kind_of_mistake_is_made_and_no_words_are_changed():
    made = mutators.mutants("f.py", SOURCE)
    assert {(m.kind, m.old, m.new) for m in made} == MADE
    assert [m.number for m in made if (m.old, m.new) == ("1", "2")] == [0, 1]
    assert {m.where for m in made} == {"f"}
    for mutant in made:
        changed = mutant.applied(SOURCE)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(SOURCE))
        assert changed.count(b"\n") == SOURCE.count(b"\n")


def test_a_mutant_is_imported_in_place_of_its_file(monkeypatch):
    path = disk.__file__
    monkeypatch.setattr(sys, "meta_path", [mutants.Importer(path, b"changed = 1"), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "npgan.system.disk")
    monkeypatch.setattr("npgan.system.disk", disk)
    assert importlib.import_module("npgan.system.disk").changed == 1


def test_a_mistake_is_put_into_functions_that_are_there_and_not_into_what_runs_at_import():
    made = {}
    for mutant in mutators.mutants("f.py", CODE):
        space = {}
        exec(compile(CODE, "f.py", "exec"), space)
        changed = mutants.patch("f.py", CODE, mutant.applied(CODE))
        made[mutant.old] = (changed > 0, space["f"](), space["g"]()())
    assert made == {
        "1": (False, 3, 5), "2": (True, 4, 5), "x + 2": (True, -1, 5), "5": (True, 3, 6)
    }  # fmt: skip


def test_the_map_says_which_lines_a_test_executes_and_whether_it_starts_processes(tmp_path):
    start = partial(subprocess.run, [sys.executable, "-c", ""], check=True)
    work = {"lines": lambda: memory.index_of(np.ones(1)), "starts": start}
    plugin = SimpleNamespace(failed="", run=lambda item, *_: work[item.nodeid]())
    items, file = [SimpleNamespace(nodeid=name) for name in work], tmp_path / "map.json"
    mutants.in_child(lambda: executed.traced(plugin, items, file))
    tests = json.loads(file.read_text())
    assert [row["starts"] for row in tests.values()] == [False, True]
    lines, first = inspect.getsourcelines(memory.index_of)
    assert executed.executing(tests, "npgan/system/memory.py", {first + len(lines) - 1}) == [
        "lines"
    ]
    assert executed.executing(tests, "npgan/system/memory.py", {first + len(lines)}) == []


def test_known_equivalents_are_mutants_and_say_why():
    rows = tomllib.loads(mutants.EQUIVALENT.read_text())["mutant"]
    for path in {row["path"] for row in rows}:
        keys = {m.key for m in mutators.mutants(path, (mutants.ROOT / path).read_bytes())}
        known = [key for key in mutants.equivalent() if key[0] == path]
        assert keys.issuperset(known)
    assert all(row["why"].endswith(".") for row in rows)


@pytest.mark.parametrize("room", mutants.TESTS)
def test_the_tests_of_a_room_are_there(room):
    assert (mutants.ROOT / "npgan" / room).exists()
    for name in mutants.TESTS[room].split():
        assert (mutants.ROOT / "tests" / f"test_{name}.py").exists()


@pytest.mark.parametrize("path", mutants.INSTRUCTIONS)
def test_what_only_a_compiler_runs_is_there(path):
    found = {m.where for m in mutators.mutants(path, (mutants.ROOT / path).read_bytes())}
    for name in mutants.INSTRUCTIONS[path].split():
        assert any(f"{where}.".startswith(f"{name}.") for where in found), name


@pytest.mark.parametrize("in_python", [False, True])
def test_of_kernels_in_python_all_lines_of_a_called_function_count(
    in_python, tmp_path, monkeypatch
):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1") if in_python else None
    plugin = SimpleNamespace(failed="", run=lambda *_: memory.address_of(np.ones(1)))
    items, file = [SimpleNamespace(nodeid="a test")], tmp_path / "map.json"
    mutants.in_child(lambda: executed.traced(plugin, items, file))
    lines, first = inspect.getsourcelines(memory.address_of)
    last = first + len(lines) - 1  # which is executed where memory is read-only
    tests = json.loads(file.read_text())
    found = executed.executing(tests, "npgan/system/memory.py", {last})
    assert found == ["a test"] * in_python


def test_functions_are_found_that_the_garbage_collector_passes_over():
    source = "def f(): return 1"
    space = {}
    exec(compile(source, "frozen.py", "exec"), space)
    gc.freeze()
    assert mutants.patch("frozen.py", source, source.replace("1", "2")) == 1
    assert space["f"]() == 2
