"""Make small mistakes in the package, one at a time, and see whether the tests notice.

Nothing on disk is changed. First a map is made of which lines each fast test executes; it is kept in the
folder of the results for as long as the sources are the same. Then each mutant is shown

1. to the tests that execute its line, quickest first, until one fails. The mistake is put into functions
   that are imported already, in a child of a process that has collected all tests;
2. if none fails, to the tests of its module and room, for a mistake may lie in what runs while tests are
   collected, or in processes that they start. Here it is put in while its module is imported.

Results are written one by one, and a run that was stopped goes on where it was.

Code that Numba compiles (`COMPILED`) is looked at with --interpreted alone, in the second way.
"""

import argparse
import faulthandler
import gc
import importlib
import importlib.util
import json
import os
import random
import select
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter, defaultdict
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType

ROOT = Path(__file__).resolve().parents[1]
EQUIVALENT = Path(__file__).with_name("mutants_equivalent.toml")
PLACE = "NPGAN_MUTANT"  # in the environment: the file and its source with the mistake
COMPILED = "npgan/kernels/", "npgan/program/replay.py"
PLAIN = "npgan/kernels/cache.py", "npgan/kernels/jit.py"  # run by Python as they are
INSTRUCTIONS = {
    "npgan/kernels/batch.py": "_prefetch _prefetch_compiled",
    "npgan/kernels/combine.py": "combinations.combine _loop _sum",
    "npgan/kernels/dots.py": "_dots",
    "npgan/kernels/elementary.py": (
        "_float_of_bits _bits_of_float _rint _polynomial singles single _split _exp _expm1 _tanh _log _log1p "
        "_normal _turn _sine"
    ),
    "npgan/kernels/jit.py": "_fma_compiled",
    "npgan/kernels/memory.py": (
        "_everything _view _seen_as _place _atomic.operation _load _call _rewrite own _named.operation"
    ),
    "npgan/kernels/random.py": "_fraction",
    "npgan/kernels/row.py": "_read",
    "npgan/kernels/tile.py": "_jump _loop after _tiles _tile _compile",
    "npgan/kernels/transpose.py": "_transpose_tile",
    "npgan/kernels/vectors.py": "fetch multiply_add Vectors",
    "npgan/kernels/window.py": "_signature _jump _Sum _loops _tiles _windows _compile",
    "npgan/program/threads.py": "_serve _call",
}
"""File -> what builds instructions, or is run by the compiler alone: Python does not run what it makes."""
IMPORTED = "hypothesis", "matplotlib.pyplot", "numba", "PIL.Image", "pytest", "xdist"
SECONDS = 8.0  # for each of the two parts: what a slower test catches counts as surviving
IN_PYTHON = 60.0  # seconds for kernels' tests, whose loops take long
HANGS = 30.0  # seconds, and ten times what it takes without a mistake: then a test hangs
LIMIT = 300.0  # seconds for a part, whatever happens
NEAR = 20  # of the tests that execute a line that runs at import: their files are looked at, too
NOTHING, AT_IMPORT = "it dies or hangs", "at import"  # in place of the name of a test that fails
OPEN = {"result": "open", "test": AT_IMPORT}  # of a mutant that has not been shown to any test

TESTS = {
    "check": (
        "gradcheck gradcheck_wrong gradcheck_right gradcheck_refused gradcheck_models gradcheck_mistakes trace calls"
    ),
    "commands": (
        "commands_common cli cli_options cli_training cli_program pictures uses uses_drawn uses_repaired "
        "uses_defended uses_anomalies uses_tables uses_codes uses_images streams own_data own_pictures "
        "cli_hostile evaluation table_runs calls own_classifier commands_lists"
    ),
    "data": (
        "data data_arrays data_files data_images data_colours data_table data_toys data_hostile own_data own_pictures "
        "calls batches categories table_runs"
    ),
    "layers": (
        "layers layers_memory layers_random layers_built second_order normalisation copies "
        "recorder recorder_traced fourier gradcheck"
    ),
    "metrics": (
        "metrics_classes metrics_copies metrics_frechet metrics_images metrics_mixtures "
        "metrics_neighbours intervals table_measures table_report calls"
    ),
    "models": (
        "presets sizing recorded_steps recorded_singly recorded_changes models models_settings models_data "
        "models_state labels conditional players joined_models vae copies config_hostile runs "
        "runs_resumed runs_damaged runs_used categories table_runs table_models"
    ),
    "objectives": "losses penalties reports regularisers gradcheck calls book",
    "ops": "windows ops gradcheck second_order normalisation random saturation borders categories",
    "program": (
        "recorder recorder_rows recorder_traced recorded_steps recorded_singly "
        "recorded_changes threads replay fourier"
    ),
    "kernels": (
        "fourier recorder recorder_rows recorder_traced kernels dense_kernels conv_kernels winograd_kernels "
        "pooling_kernels normalisation_kernels categories recorded_steps recorded_singly recorded_changes threads"
    ),
    "study": (
        "sample_metrics latent anomaly attacks evaluation evaluation_parts generated_rows intervals imputation "
        "pictures_of_rows table_measures table_prediction table_report table_report_parts table_runs "
        "uses_tables uses_images trivial calls"
    ),
    "training": (
        "training watch training_callbacks training_resumed training_checkpoints interrupts work "
        "runs runs_resumed runs_damaged runs_used faults checkpoint_files batches history "
        "lock pace"
    ),
    "backend.py": "backend trace kernels recorder recorder_traced signals interrupts",
    "errors.py": "borders calls models models_settings models_data",
    "init.py": "init layers layers_random layers_built",
    "optim": "optim copies training training_resumed penalties vae",
    "plotting.py": "pictures calls own_data uses uses_images",
    "plotting_tables.py": "plotting_tables pictures table_report series",
    "runs": (
        "runs runs_resumed runs_damaged runs_used own_data evaluation cli cli_options cli_training "
        "cli_program own_classifier runs_folder"
    ),
    "shapes.py": "shapes borders ops",
    "system": (
        "runs runs_resumed runs_damaged faults data_files checkpoint_files cli_hostile cli cli_options "
        "cli_program parameters kernels signals_early signals interrupts"
    ),
    "tables": (
        "table_values table_kinds table_files tables_read tables_schema tables_encode table_runs "
        "table_report series categories table_edges"
    ),
}
"""Room, or file of no room -> its test files, besides those that bear the module's name."""

EXAMPLES = """
examples:
  python tests/mutants.py --number 200            200 mutants, chosen by the seed
  python tests/mutants.py --files 'npgan/ops/*'   of these files only
  python tests/mutants.py --interpreted           of the kernels, run by Python
  python tests/mutants.py --again                 show survivors to the tests once more
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


# The mistake, put into functions that are there.


def codes(code):
    """Yield a code object and those inside it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes(inner)


def patch(path, old, new):
    """Give each function of a file the code that it has in the new source; return how many changed."""
    before, after = (list(codes(compile(source, path, "exec"))) for source in (old, new))
    if len(before) != len(after):
        return 0
    pairs = zip(before, after, strict=True)
    changed = {a: b for a, b in pairs if a != b and a.co_freevars == b.co_freevars}
    gc.unfreeze()  # those of conftest.py's imports, which are passed over otherwise
    functions = [f for f in gc.get_objects() if type(f) is FunctionType]
    found = [f for f in functions if f.__code__.co_filename == path and f.__code__ in changed]
    for function in found:
        function.__code__ = changed[function.__code__]
    return len(found)


# Tests. Each set runs in a child of this process, which has imported what takes long.


class Plugin:
    """A plugin of pytest that collects tests and leaves it to a function what is done with them."""

    def __init__(self, loop):
        self.loop, self.failed, self.error = loop, "", ""

    def pytest_runtestloop(self, session):
        if not self.failed:
            self.loop(self, session.items)
        return True

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_collectreport(self, report):
        self.pytest_runtest_logreport(report)

    def pytest_internalerror(self, excrepr):
        self.error = str(excrepr)

    def run(self, item, following=None, seconds=0.0):
        """Run a test, and end the process if it takes too long."""
        faulthandler.dump_traceback_later(HANGS + 10 * seconds, exit=True, file=2)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        faulthandler.cancel_dump_traceback_later()

    def until_one_fails(self, items, times):
        """Run tests until one fails or the time is over; return the name of the one that fails."""
        ends = time.monotonic() + (IN_PYTHON if executed.interpreted() else SECONDS)
        for item, following in zip(items, [*items[1:], None], strict=False):
            if self.failed or time.monotonic() > ends:
                break
            self.run(item, following, times.get(item.nodeid, 0.0))
        return self.failed


def collected(files, loop, place):
    """Collect the tests of files, hand them to a function, and return the name of one that fails."""
    import pytest

    plugin = Plugin(loop)
    options = ["-qq", "-s", "-p", "no:cacheprovider", "-m", "not slow and not campaign"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what this process imported
    options += ["--basetemp", str(place / "tests")]
    pytest.main([*options, *files], plugins=[plugin])
    if plugin.error:
        raise RuntimeError(plugin.error)
    return plugin.failed


def in_child(work, limit=LIMIT):
    """Return what a function returns in a child of this process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()  # what tests start is ended with it
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nothing, stream)
        answer = NOTHING
        try:
            answer = work()
        except Exception:
            answer = [traceback.format_exc()]
        finally:
            os.write(write, json.dumps(answer).encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb", buffering=0) as pipe:
        in_time = select.select([pipe], [], [], limit)[0]
        answer = pipe.read(1 << 16) if in_time else b""
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    answer = json.loads(answer or json.dumps(NOTHING))
    if isinstance(answer, list):
        raise SystemExit(answer[0])
    return answer


def first_failure(show, sound):
    """Return the first test that fails with a mistake, but not without it."""
    while True:
        failed = in_child(lambda: show(True, lambda name: sound.get(name, True)))
        if "::" not in failed:
            return failed
        if failed not in sound:
            sound[failed] = not in_child(partial(show, False, failed.__eq__))
        if sound[failed]:
            return failed


# The two parts of a mutant's tests.


def in_place(mutant, source, tests, items, sound, plugin):
    """Return the first test that fails, of those that execute the line; AT_IMPORT, if it is no function's."""
    times = {name: row["seconds"] for name, row in tests.items()}
    names = executed.executing(tests, mutant.path, set(mutant.lines))

    def show(mistake, wanted):
        if mistake and not patch(str(ROOT / mutant.path), source, mutant.applied(source)):
            return AT_IMPORT
        return plugin.until_one_fails([items[n] for n in names if wanted(n)], times)

    return first_failure(show, sound)


def imported(mutant, source, tests, sound, place, at_import):
    """Return the first test of the room that fails."""
    path, file, interpreted = ROOT / mutant.path, place / "mutant.py", executed.interpreted()
    file.write_bytes(mutant.applied(source))
    times = {name: row["seconds"] for name, row in tests.items()}
    executing = executed.executing(tests, mutant.path, set(mutant.lines))
    first = executing if at_import or interpreted else []
    files = dict.fromkeys([*(name.split("::")[0] for name in first[:NEAR]), *files_of(mutant)])
    of_file = {name for name, row in tests.items() if mutant.path in row["lines"]}

    def far(item):
        name = item.nodeid
        on_record = "of_the_record" in name  # constants, defaults, help
        named = name in of_file if interpreted else path.stem in name.split("::")[0]
        unknown = LIMIT if interpreted else 0.0
        return not on_record, name not in first, not named, times.get(name, unknown)

    def show(mistake, wanted):
        def loop(plugin, items):
            kept = sorted((item for item in items if wanted(item.nodeid)), key=far)
            plugin.until_one_fails(kept, times)

        if mistake:
            os.environ[PLACE] = f"{path}{os.pathsep}{file}"
            try:
                importlib.import_module(install())  # pytest has a way of its own to import files
            except Exception:
                return "it cannot be imported"
        return collected(files, loop, place)

    return first_failure(show, sound)


def files_of(mutant):
    """Return the module, for its examples, and the test files of its name and its room."""
    path = Path(mutant.path)
    named = [p.stem for p in sorted((ROOT / "tests").glob(f"test_*{path.stem}*.py"))]
    of_room = [f"test_{name}" for name in TESTS.get(path.parts[1], "").split()]
    names = dict.fromkeys(["test_defaults", *named, *of_room, "test_architecture"])
    return [mutant.path, *(f"tests/{name}.py" for name in names)]


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
        result = (
            "equivalent"
            if key in known and row["result"] in ("open", "survived")
            else row["result"]
        )
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
    """Return mutants of the files that are asked for, each with its source, by a seed's random choice."""
    found = []
    for path in sorted((ROOT / "npgan").rglob("*.py")):
        name, source = path.relative_to(ROOT).as_posix(), path.read_bytes()
        compiled = name.startswith(COMPILED) and name not in PLAIN
        if compiled == arguments.interpreted and path.match(arguments.files):
            found += [(mutant, source) for mutant in mutators.mutants(name, source)]
    random.Random(arguments.seed).shuffle(found)
    kept = [(m, s) for m, s in found if not builds_instructions(m)]
    print(f"{len(kept):,} mutants, and {len(found) - len(kept):,} that only compiled code can show")
    return kept[: arguments.number]


def builds_instructions(mutant):
    """Return whether only compiled code does, or reads, what a mutant changes."""
    if mutant.path.endswith("elementary.py") and not mutant.where:
        return "." in mutant.old  # a polynomial's coefficient
    names = INSTRUCTIONS.get(mutant.path, "").split()
    return any(f"{mutant.where}.".startswith(f"{name}.") for name in names)


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
        show_all(arguments, file, place)


def show_all(arguments, file, place):
    """Show each mutant to the first part of its tests, then those that are still alive to the second."""
    done = results(file)
    again = {key for key, row in done.items() if arguments.again and row["result"] == "survived"}
    todo = [(m, source) for m, source in chosen(arguments) if m.key not in done or m.key in again]
    progress = os.fdopen(os.dup(sys.stdout.fileno()), "w")

    def say(text):
        print(text, file=progress, flush=True)

    def warn(sound):
        for name in (name for name, holds in sound.items() if not holds):
            say(f"it fails without a mistake too, and counts for nothing: {name}")

    def show(mutant, left, otherwise, work):
        begun = time.monotonic()
        failed = work()
        result = {"": otherwise, AT_IMPORT: "open", NOTHING: "hung"}.get(failed, "killed")
        row = {"key": mutant.key, "mutant": str(mutant), "result": result, "test": failed}
        with file.open("a") as out:
            out.write(json.dumps(row) + "\n")
        say(f"{left} left: {result} ({time.monotonic() - begun:.0f} s) {mutant} {failed}")

    def first_part(plugin, items):
        lines = arguments.folder.absolute() / "lines"
        tests, sound = executed.of_tests(plugin, items, lines, in_child, say), {}
        (place / "tests.json").write_text(json.dumps(tests))
        by_name = {item.nodeid: item for item in items}
        for i, (mutant, source) in enumerate([] if arguments.interpreted else todo, 1):
            work = partial(in_place, mutant, source, tests, by_name, sound, plugin)
            show(mutant, len(todo) - i, "open", work)
        warn(sound)

    of_kernels = dict.fromkeys(f"{TESTS['kernels']} {TESTS['program']}".split())
    files = [f"tests/test_{name}.py" for name in of_kernels]
    files = files if arguments.interpreted else ["tests", "npgan"]
    in_child(lambda: collected(files, first_part, place), None)
    tests = json.loads((place / "tests.json").read_text())
    done, sound, known = results(file), {}, equivalent()
    still = {key for key, row in done.items() if row["result"] == "open"}
    if arguments.interpreted:  # there is no first part, which leaves survivors open
        still |= again
    todo = [(m, s) for m, s in chosen(arguments) if m.key in still or m.key not in done]
    todo = [(mutant, source) for mutant, source in todo if mutant.key not in known]
    todo.sort(key=lambda pair: done.get(pair[0].key, OPEN)["test"] != AT_IMPORT)
    for i, (mutant, source) in enumerate(todo, 1):
        at_import = done.get(mutant.key, OPEN)["test"] == AT_IMPORT
        work = partial(imported, mutant, source, tests, sound, place, at_import)
        show(mutant, len(todo) - i, "survived", work)
    warn(sound)


if __name__ == "__main__":
    import executed
    import mutators

    main()
