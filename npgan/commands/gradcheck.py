"""Check every gradient there is."""

import argparse
import json
import sys

SUMMARY = "check every gradient in npgan against numeric ones"
EXAMPLES = """
  npgan gradcheck                           a table of every gradient; exit code 1 if one is wrong
  npgan gradcheck --json                    all that was found, for programs
"""


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="print all reports as JSON at the end, no table"
    )


OPTIONS = (_json,)


def run(a: argparse.Namespace) -> int:
    """Print a row a check, or all reports as JSON; return 1 if a gradient is wrong."""
    from tqdm import tqdm

    from npgan.check.catalogue.results import results
    from npgan.check.gradcheck import TOLERANCE

    total, found = results()
    failures, gradients, reports = [], 0, {}
    print(f"{total} checks, about half a minute on two cores\n", file=sys.stderr)
    if not a.json:
        print(f"{'':4}  {'what':46}  {'arrays':>6}  {'central':>8}  {'complex step':>12}")
    bar = tqdm(found, total=total, unit="check", leave=False, disable=not sys.stderr.isatty())
    for result in bar:
        failures += [f"{result.name}\n{report}" for report in result.failures]
        central, complex_step = [f"{error:.1e}" for error in result.errors] + [""] * (
            2 - len(result.errors)
        )
        gradients += result.arrays
        reports[result.name] = result.reports
        ok = "FAIL" if result.failures else "ok"
        row = f"{ok:4}  {result.name:46}  {result.arrays:6}  {central:>8}  {complex_step:>12}"
        if not a.json:
            bar.write(row.rstrip(), file=sys.stdout)
            sys.stdout.flush()
    if a.json:
        print(json.dumps({"gradients": gradients, "wrong": len(failures), "checks": reports}))
        return 1 if failures else 0
    limits = ", ".join(f"{method} {limit:.0e}" for method, limit in TOLERANCE.items())
    print(f"{gradients} gradients, {len(failures)} wrong; allowed relative errors: {limits}")
    for failure in failures:
        print(f"\n{failure}")
    return 1 if failures else 0
