"""The map of mutants.py: which lines of the package each test executes, and how long it takes.

It is kept in a file for each test file, whose name is a digest of the sources. Where Python runs the kernels,
which takes long, all lines of a function count as executed as soon as it is called.
"""

import hashlib
import json
import os
import re
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = str(ROOT / "npgan" / "_")[:-1]  # with the separator
STARTS = "subprocess.Popen", "os.fork", "os.posix_spawn"  # events of which a map cannot see more
CALLS = 20  # of a function in a test: what it executes then is looked at
HOUR = 3600.0  # seconds: the limit of a file's tests


def written_in(path):
    """Return a test file's source, and the sources of those helpers in tests/ that it imports."""
    source = path.read_bytes()
    names = re.findall(rb"^(?:import|from) (\w+)", source, re.MULTILINE)
    helpers = [path.parent / f"{name.decode()}.py" for name in names]
    return source + b"".join(written_in(p) for p in helpers if p.exists() and "tests" in p.parts)


def interpreted():
    """Return whether Python runs the kernels."""
    return "NUMBA_DISABLE_JIT" in os.environ


def traced(plugin, items, file):
    """Run tests; write down what each that passes executes."""
    lines, calls, processes, rows = set(), Counter(), [], {}

    def trace(frame, event, argument):
        path = frame.f_code.co_filename
        if not path.startswith(PACKAGE):
            return None
        if event == "call":
            calls[id(frame.f_code)] += 1
            if calls[id(frame.f_code)] > CALLS:
                return None
        lines.add((path, frame.f_lineno))
        return trace

    def trace_calls(frame, event, argument):
        code = frame.f_code
        if code.co_filename.startswith(PACKAGE) and not calls[id(code)]:
            calls[id(code)] = 1
            lines.update((code.co_filename, line) for *_, line in code.co_lines())

    sys.addaudithook(lambda event, _: event in STARTS and processes.append(event))
    trace = trace_calls if interpreted() else trace
    threading.settrace(trace)
    for item, following in zip(items, [*items[1:], None], strict=False):
        lines.clear(), calls.clear(), processes.clear()
        plugin.failed, begun = "", time.monotonic()
        sys.settrace(trace)
        plugin.run(item, following, 0.0 if interpreted() else HOUR)
        sys.settrace(None)
        if not plugin.failed:
            of_file = defaultdict(list)
            for path, line in lines.copy():  # a thread that a test left may still add to them
                of_file[Path(path).relative_to(ROOT).as_posix()].append(line)
            seconds = time.monotonic() - begun
            rows[item.nodeid] = {"seconds": seconds, "starts": bool(processes), "lines": of_file}
        file.write_text(json.dumps(rows))  # the next test may hang
    return ""


def of_tests(plugin, items, folder, in_child, say):
    """Return the map, test -> what is known of it; make what is not in the folder."""
    folder.mkdir(exist_ok=True)
    package = b"".join(p.read_bytes() for p in sorted(ROOT.joinpath("npgan").rglob("*.py")))
    package += ROOT.joinpath("tests", "conftest.py").read_bytes() + bytes([interpreted()])
    of_file = defaultdict(list)
    for item in items:
        of_file[item.nodeid.split("::")[0]].append(item)
    tests = {}
    for name, group in of_file.items():
        digest = hashlib.sha256(package + name.encode() + written_in(ROOT / name)).hexdigest()
        file = folder / f"{digest[:20]}.json"
        if not file.exists():
            begun = time.monotonic()
            in_child(lambda group=group, file=file: traced(plugin, group, file), HOUR)
            say(f"{time.monotonic() - begun:.0f} s for the lines of {name}")
        if file.exists():
            tests |= json.loads(file.read_text())
    return tests


def executing(tests, path, lines):
    """Return the names of those tests that execute one of these lines of a file, quickest first."""
    names = [n for n, row in tests.items() if not lines.isdisjoint(row["lines"].get(path, ()))]
    return sorted(names, key=lambda name: tests[name]["seconds"])
