"""Check every gradient there is."""

import argparse
import sys

SUMMARY = "check every gradient in npgan against numeric ones"
EXAMPLES = """
  npgan gradcheck                           a table of every gradient; exit code 1 if one is wrong
"""
OPTIONS = ()


def run(a: argparse.Namespace) -> int:
    """Print a row a check; return 1 if a gradient is wrong."""
    from tqdm import tqdm

    from npgan.check.catalogue.results import results
    from npgan.check.gradcheck import TOLERANCE

    total, found = results()
    failures, gradients = [], 0
    print(f"{total} checks, about half a minute on two cores\n", file=sys.stderr)
    print(f"{'':4}  {'what':46}  {'arrays':>6}  {'central':>8}  {'complex step':>12}")
    bar = tqdm(found, total=total, unit="check", leave=False, disable=not sys.stderr.isatty())
    for result in bar:
        failures += [f"{result.name}\n{report}" for report in result.failures]
        central, complex_step = [f"{error:.1e}" for error in result.errors] + [""] * (
            2 - len(result.errors)
        )
        gradients += result.arrays
        ok = "FAIL" if result.failures else "ok"
        row = f"{ok:4}  {result.name:46}  {result.arrays:6}  {central:>8}  {complex_step:>12}"
        bar.write(row.rstrip(), file=sys.stdout)
        sys.stdout.flush()
    limits = ", ".join(f"{method} {limit:.0e}" for method, limit in TOLERANCE.items())
    print(f"{gradients} gradients, {len(failures)} wrong; allowed relative errors: {limits}")
    for failure in failures:
        print(f"\n{failure}")
    return 1 if failures else 0
