"""Make small mistakes in the package, one at a time, and see whether the tests notice.

Nothing on disk is changed: the mistake is put in while its module is imported. A mutant is shown to the
test files of its module and room, in them first to the tests that speak of its function, and then, unless
--quick, to all other fast tests, until one fails. Results are written one by one, and a run that
was stopped goes on where it was.

Code that Numba compiles (kernels/ and program/replay.py) is looked at with --interpreted alone.
"""

import argparse
import importlib
import importlib.util
import inspect
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter, defaultdict
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EQUIVALENT = Path(__file__).with_name("mutants_equivalent.toml")
PLACE = "NPGAN_MUTANT"  # in the environment: the file and its source with the mistake
COMPILED = "npgan/kernels/", "npgan/program/replay.py"
QUICK = 30.0  # seconds for the near tests, and for those of the room
IMPORTED = "hypothesis", "matplotlib.pyplot", "numba", "PIL.Image", "pytest", "xdist"
LIMIT = 300.0  # seconds for a mutant's tests, before it counts as one that hangs

TESTS = {
    "check": "gradcheck gradcheck_attacks calls",
    "commands": "cli uses uses_images own_data cli_hostile calls",
    "data": "data_files data_images data_table data_toys data_hostile own_data calls",
    "layers": "layers second_order normalisation copies recorder fourier gradcheck",
    "metrics": "metrics_classes metrics_frechet metrics_images metrics_mixtures metrics_neighbours calls",
    "models": "models conditional players joined_models vae copies config_hostile runs",
    "objectives": "losses penalties reports regularisers gradcheck calls",
    "ops": "ops gradcheck second_order normalisation random saturation borders",
    "program": "recorder recorded_steps threads fourier",
    "kernels": "kernels recorded_steps threads",
    "study": "sample_metrics latent attacks evaluation uses_images calls",
    "training": "training interrupts work runs faults",
    "backend.py": "kernels recorder architecture signals",
    "errors.py": "borders calls models",
    "disk.py": "runs faults data_files",
    "environment.py": "cli_hostile data_files cli",
    "history.py": "training runs calls",
    "init.py": "init layers",
    "memory.py": "parameters kernels",
    "optim.py": "optim copies training",
    "plotting.py": "calls own_data uses uses_images",
    "runs.py": "runs own_data evaluation cli",
    "schedules.py": "optim penalties vae",
    "shapes.py": "shapes borders ops",
    "signals.py": "signals_early signals interrupts",
}
"""Room, or file of no room -> the test files that are run first, after those that bear the module's name."""

EXAMPLES = """
examples:
  python tests/mutants.py --number 200            200 mutants, chosen by the seed
  python tests/mutants.py --files 'npgan/ops/*'   of these files only
  python tests/mutants.py --interpreted           of the kernels, run by Python
  python tests/mutants.py --report                what has been found so far
"""


# The mistake, put in at import. A process that a test starts does it as well: see `main`.


class Importer(MetaPathFinder):
    """Import one file of the package from another source."""

    def __init__(self, path, source):
        self.path, self.source = path, source

    def find_spec(self, name, path=None, target=None):
        if not name.startswith("npgan"):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.origin != self.path:
            return None
        source = self.source

        class Loader(SourceFileLoader):
            def get_code(self, name):
                return compile(source, self.path, "exec")

        return importlib.util.spec_from_file_location(
            name, self.path, loader=Loader(name, self.path)
        )


def install():
    """Let the module that the environment names be imported with its mistake; return its name."""
    path, source = os.environ[PLACE].split(os.pathsep)
    sys.meta_path.insert(0, Importer(path, Path(source).read_bytes()))
    parts = Path(path).relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


# Tests, each set in a child of this process, which has imported what takes long, and nothing of npgan.


class First:
    """A plugin of pytest: tests that speak of a mutant come first; it keeps the first that fails."""

    def __init__(self, words, left_out, seconds):
        self.words, self.left_out, self.seconds, self.failed = words, left_out, seconds, ""

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.nodeid.split("[")[0] not in self.left_out]
        items.sort(key=self._silence)
        self.ends = time.monotonic() + self.seconds

    def pytest_runtest_teardown(self, item):
        if time.monotonic() > self.ends:
            item.session.shouldstop = "there was time for no more"

    def _silence(self, item):
        function = getattr(item, "function", None)
        text = item.nodeid + (inspect.getsource(function) if function else "")
        return -sum(word in text for word in self.words)

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_collectreport(self, report):
        self.pytest_runtest_logreport(report)


def run_pytest(files, words=(), left_out=(), seconds=LIMIT):
    """Return pytest's exit code, and the first test that fails; stop after so many seconds."""
    import pytest

    plugin = First(words, left_out, seconds)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow and not campaign"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what this process imported
    return [int(pytest.main([*options, *files], plugins=[plugin])), plugin.failed]


def in_child(mutant, *arguments):
    """Run tests in a child, on a mutant or None; return what `run_pytest` does, or None after the limit."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()  # what tests start is ended with it
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        answer = [1, "it cannot be imported"]
        try:
            if mutant:
                os.environ[PLACE] = mutant
                importlib.import_module(install())  # pytest has a way of its own to import files
            answer = run_pytest(*arguments)
        finally:
            os.write(write, json.dumps(answer).encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb", buffering=0) as pipe:
        in_time = select.select([pipe], [], [], LIMIT)[0]
        answer = pipe.read(1 << 16) if in_time else b"null"
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return json.loads(answer or b'[1, "the process dies"]')


@cache
def fails_anyway(test):
    """Return whether a test fails without any mistake."""
    answer = in_child(None, [test])
    return answer is None or bool(answer[1])


def files_of(mutant):
    """Return the files to be run: the module's own examples and its nearest tests, its room's, the others."""
    path = Path(mutant.path)
    named = [p.stem for p in sorted((ROOT / "tests").glob(f"test_*{path.stem}*.py"))]
    of_room = [f"test_{name}" for name in TESTS.get(path.parts[1], "").split()]
    first = list(dict.fromkeys([*named, *of_room]))
    first.insert(2, "test_defaults")
    rest = [p.stem for p in sorted((ROOT / "tests").glob("test_*.py")) if p.stem not in first]
    near, far, rest = ([f"tests/{n}.py" for n in part] for part in (first[:2], first[2:], rest))
    return [mutant.path, *near], far, rest


def judge(mutant, place, quick):
    """Return "killed", "survived" or "hung", and the test that fails."""
    path = ROOT / mutant.path
    file = place / "mutant.py"
    file.write_bytes(mutant.applied(path.read_bytes()))
    words = {word.strip("_") for word in mutant.where.split(".")} - {""} | {path.stem}
    left_out = []
    seconds = QUICK if quick else LIMIT
    for part in files_of(mutant)[: 2 if quick else 3]:
        while True:
            answer = in_child(f"{path}{os.pathsep}{file}", part, words, left_out, seconds)
            if answer is None:
                return "hung", ""
            code, failed = answer
            test = failed.split("[")[0]
            if "::" not in test or not fails_anyway(test):
                break
            left_out.append(test)
        if failed:
            return "killed", failed
        if code not in (0, 2, 5):  # 2: there was no more time, 5: there was no test
            raise SystemExit(f"pytest ends with {code} without a test that fails: {part}")
    return "survived", ""


# Results.


def equivalent():
    """Return the keys of those mutants that are known to be as right as the original."""
    rows = tomllib.loads(EQUIVALENT.read_text())["mutant"] if EQUIVALENT.exists() else []
    return {(r["path"], r["where"], r["old"], r["new"], r.get("number", 0)) for r in rows}


def results(path):
    """Return what has been written, by key."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {tuple(row["key"]): row for row in map(json.loads, lines)}


def report(done):
    """Print the rate by room, and who survived."""
    known = equivalent()
    counts = defaultdict(Counter)
    for key, row in done.items():
        result = "equivalent" if key in known and row["result"] == "survived" else row["result"]
        room = "/".join(key[0].split("/")[1:2])
        counts[room][result] += 1
        counts["all"][result] += 1
        if result == "survived":
            print(f"survived: {row['mutant']}")
    for room, count in counts.items():
        caught, alive = count["killed"] + count["hung"], count["survived"]
        share = f"{caught / (caught + alive):6.1%}" if caught + alive else "     -"
        print(f"{room:16} {share} of {caught + alive:4}, {count['equivalent']} equivalent")


def chosen(arguments):
    """Return the mutants of the files that are asked for, in a random order that the seed says."""
    found = []
    for path in sorted((ROOT / "npgan").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(COMPILED) == arguments.interpreted and path.match(arguments.files):
            found += mutators.mutants(name, path.read_bytes())
    random.Random(arguments.seed).shuffle(found)
    return found


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=100, help="of mutants (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="says which (default: 0)")
    parser.add_argument("--files", default="*", help="a pattern of paths (default: all)")
    parser.add_argument("--interpreted", action="store_true", help="only the kernels, by Python")
    parser.add_argument(
        "--folder", type=Path, default=Path("mutants"), help="of the results (default: mutants)"
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"{QUICK:.0f} seconds of the nearest tests"
    )
    parser.add_argument(
        "--again", action="store_true", help="show survivors to the tests once more"
    )
    parser.add_argument("--report", action="store_true", help="only print what has been found")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    suffix = "-interpreted" if arguments.interpreted else ""
    file = arguments.folder.absolute() / f"results{suffix}.jsonl"
    if not arguments.report:
        run(arguments, file)
    report(results(file))


def run(arguments, file):
    """Show mutants to the tests until there are as many results as were asked for."""
    os.chdir(ROOT)
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    if arguments.interpreted:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        here = Path(__file__).parent
        hook = f"import os, sys\nif {PLACE!r} in os.environ:\n    sys.path.append({str(here)!r})\n"
        hook += "    import mutants\n    mutants.install()\n"
        (place / "sitecustomize.py").write_text(hook)
        paths = [folder, str(ROOT), os.environ.get("PYTHONPATH", "")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        sys.path[:0] = [str(ROOT), str(here)]
        for module in IMPORTED:
            importlib.import_module(module)
        done = results(file)
        again = {k for k, row in done.items() if arguments.again and row["result"] == "survived"}
        for i, mutant in enumerate(chosen(arguments)[: arguments.number], 1):
            if mutant.key in done and mutant.key not in again:
                continue
            begun = time.monotonic()
            result, test = judge(mutant, place, arguments.quick)
            row = {"key": mutant.key, "mutant": str(mutant), "result": result, "test": test}
            with file.open("a") as out:
                out.write(json.dumps(row) + "\n")
            seconds = time.monotonic() - begun
            print(f"{i}/{arguments.number} {result} ({seconds:.0f} s) {mutant} {test}", flush=True)


if __name__ == "__main__":
    import mutators

    main()
