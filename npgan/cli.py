"""The command line: ``npgan train``, ``sample``, ``reconstruct``, ``evaluate``, and what helps them."""

import argparse
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import numpy as np

from npgan import signals, streams
from npgan.errors import InputError, NonFiniteError, count, one_line, positive
from npgan.training.interrupts import raised
from npgan.uses import USES

LARGEST = 2**30  # numbers that are sampled at once
EXAMPLES = {
    "npgan": """
  npgan train                               the recommended GAN on MNIST, into runs/
  npgan train autoencoder --epochs 5        a preset
  npgan sample runs/gan-mnist -n 64 --out digits.png
  npgan gradcheck                           check every gradient there is
""",
    "train": """
  npgan train                               the recommended GAN on MNIST
  npgan train gan-small --epochs 20 --out runs/mine
  npgan train grid100 --seed 1              a hundred modes in the plane
  npgan train autoencoder --data fashion-mnist
  npgan train --metrics-every 1             and precision, recall, ... in history.csv
  npgan train --data photos/                your own images: a folder of PNG or JPEG files of one size
  npgan train --resume runs/mine            go on where it stopped
  npgan train --resume runs/mine --epochs 40
  npgan train --resume runs/mine --data elsewhere/photos/   its data was moved
""",
    "sample": """
  npgan sample runs/gan-mnist -n 100 --out digits.png
  npgan sample runs/gan-mnist -n 10000 --seed 7 --out digits.npy   float32 (n, 784) in [0, 1]
  npgan sample runs/gan-mnist --spread 0.7 --out clean.png
  npgan sample runs/cgan-mnist --label 7 --out sevens.png
""",
    "reconstruct": """
  npgan reconstruct runs/autoencoder --out pairs.png   each row of digits above its reconstruction
""",
    "evaluate": """
  npgan evaluate runs/ring                  JSON on standard output
""",
    "gradcheck": """
  npgan gradcheck                           a table of every gradient; exit code 1 if one is wrong
""",
    "presets": """
  npgan presets                             the presets, their networks and settings
""",
    "data": """
  npgan data mnist --out digits.png         load a data set, say what it holds and draw it
  npgan data fashion-mnist                  downloads and verifies it first
""",
}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all of npgan's are."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Refuse ``--option=--``, which argparse takes for no value at all."""
        for word in sys.argv[1:] if args is None else args:
            if word.startswith("-") and word.endswith("=--"):
                self.error(f"argument {word[:-3]}: it must not be --")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what was wrong and exit with code 2."""
        self.exit(2, f"{self.prog}: error: {one_line(message)} (see {self.prog} --help)\n")


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code: 2 for what cannot be done as it was asked."""
    with streams.kept():
        try:
            with raised():
                return _main(argv)
        except KeyboardInterrupt as error:
            number = error.args[0] if error.args else signal.SIGINT
            words = "; ".join([signals.REASONS[number], *getattr(error, "__notes__", ())])
            print(f"npgan: {words}", file=sys.stderr)
            if signals.process.command and signals.process.compiles:
                signals.end(128 + number)
            return 128 + number


def _main(argv: list[str] | None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        with _threads(arguments):
            code = int(arguments.run(arguments) or 0)
            sys.stdout.flush()
            return code
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (InputError, NonFiniteError, OSError, MemoryError) as error:
        print(f"npgan: error: {_one_line(error)}", file=sys.stderr)
        return 1 if isinstance(error, NonFiniteError) else 2


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return one_line(f"{error.filename or 'the disk'}: {error.strerror}")
    return one_line(" ".join(str(error).split())) or type(error).__name__


def _text(argument: str) -> str:
    if not argument:
        raise argparse.ArgumentTypeError("it must not be empty")
    if "\0" in argument:
        raise argparse.ArgumentTypeError("it must not have a character 0")
    return argument


def _path(argument: str) -> Path:
    return Path(_text(argument))


def _parser() -> Parser:
    parser = Parser(
        prog="npgan",
        description="GANs and autoencoders from scratch in NumPy, trained on a CPU.",
        epilog=f"examples:{EXAMPLES['npgan']}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(threads=None)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(run: Any, summary: str, name: str = "", examples: str = "") -> Parser:
        name = name or run.__name__.removeprefix("_")
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            epilog=f"examples:{examples or EXAMPLES[name]}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        return sub

    train = command(_train, "train a model and keep everything in a folder")
    _train_arguments(train)

    sample = command(_sample, "generate samples from a run")
    sample.add_argument("run_folder", type=_path, metavar="RUN")
    sample.add_argument("-n", type=int, default=64, help="how many; default 64")
    sample.add_argument("--seed", type=int, default=0, metavar="S", help="default 0")
    sample.add_argument(
        "--spread",
        type=float,
        metavar="S",
        help="of a GAN's z: less is likelier, more is more varied",
    )
    sample.add_argument(
        "--label", type=int, metavar="C", help="of this class; by default all take turns, from 0 on"
    )
    sample.add_argument("--out", type=_path, required=True, metavar="FILE.png|FILE.npy")

    reconstruct = command(_reconstruct, "show test data and its reconstructions")
    reconstruct.add_argument("run_folder", type=_path, metavar="RUN")
    reconstruct.add_argument("--out", type=_path, required=True, metavar="FILE.png")

    evaluate = command(_evaluate, "measure a run on its test data, as JSON")
    evaluate.add_argument("run_folder", type=_path, metavar="RUN")
    evaluate.add_argument("--seed", type=int, default=0, metavar="S", help="default 0")
    evaluate.add_argument(
        "--samples", type=int, default=10_000, metavar="N", help="generate so many; default 10000"
    )

    for name, use in USES.items():
        sub = command(partial(_use, use), use.SUMMARY, name, use.EXAMPLES)
        sub.add_argument("run_folder", type=_path, metavar="RUN")
        use.arguments(sub)

    command(_gradcheck, "check every gradient in npgan against numeric ones")
    command(_presets, "list the presets")

    data = command(_data, "load a data set and say what it holds")
    data.add_argument("name", type=_text, metavar="NAME|PATH")
    data.add_argument("--out", type=_path, metavar="FILE.png", help="draw its first rows")
    return parser


def _train_arguments(train: Parser) -> None:
    train.add_argument("preset", type=_text, nargs="?", metavar="PRESET", help="see npgan presets")
    train.add_argument(
        "--data",
        type=_text,
        metavar="NAME|PATH",
        help="a data set, or files of your own; with --resume, where the run's data is now",
    )
    length = train.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, metavar="N", help="passes through the data")
    length.add_argument("--steps", type=int, metavar="N", help="batches")
    train.add_argument(
        "--validation",
        type=float,
        metavar="SHARE",
        help="of training rows that are kept back where the data has no test rows; default 0.1",
    )
    train.add_argument("--batch-size", type=int, metavar="N", help="rows a step")
    train.add_argument("--lr", type=float, metavar="RATE", help="learning rate of every network")
    train.add_argument("--seed", type=int, metavar="S", help="of all randomness; default 0")
    train.add_argument("--out", type=_path, metavar="DIR", help="default: runs/PRESET")
    train.add_argument("--resume", type=_path, metavar="DIR", help="go on with this run")
    train.add_argument("--threads", type=int, metavar="N", help="default: all cores")
    train.add_argument("--backend", metavar="NAME", help="numba (the default) or numpy")
    train.add_argument(
        "--metrics-every",
        type=int,
        metavar="N",
        help="measure 2000 samples after every N epochs and at the end, a fraction of a second each, into "
        "history.csv: Frechet distance, precision, recall, classes; or modes",
    )
    train.add_argument("--quiet", action="store_true", help="no progress")


@contextmanager
def _threads(arguments: argparse.Namespace) -> Iterator[None]:
    if arguments.threads is None:
        yield
        return
    if arguments.threads < 1:
        raise InputError(f"--threads must be at least 1, not {arguments.threads}")
    from threadpoolctl import threadpool_limits

    from npgan import backend

    backend.set_threads(arguments.threads)
    with threadpool_limits(arguments.threads):
        yield


def _train(a: argparse.Namespace) -> int:
    from npgan import runs
    from npgan.training import Progress, Work

    callbacks = [] if a.quiet else [Work(), Progress()]
    if a.resume:
        given = {"PRESET": a.preset, "--batch-size": a.batch_size, "--lr": a.lr}
        given |= {"--seed": a.seed, "--out": a.out, "--backend": a.backend}
        given |= {"--validation": a.validation}
        for option, value in given.items():
            if value is not None:
                raise InputError(f"--resume goes on as the run began: {option} cannot be changed")
        folder = a.resume
        changes = {"epochs": a.epochs, "steps": a.steps, "data": a.data}
        loop = runs.resume(folder, callbacks, **changes, metrics_every=a.metrics_every)
    else:
        folder, loop = _begin(a, callbacks)
    if loop.step < loop.total_steps:
        print(
            f"stopped at step {loop.step} of {loop.total_steps}; all is saved. Go on with:\n"
            f"  npgan train --resume {folder}",
            file=sys.stderr,
        )
        reasons = signals.REASONS.items()
        return 128 + next((n for n, reason in reasons if reason == loop.stop), signal.SIGINT)
    if not a.quiet:
        pictures = folder / runs.SAMPLES
        seen = f"{pictures} and " if any(pictures.iterdir()) else ""
        print(
            f"{loop.step} steps in {loop.seconds:.1f} s of training; "
            f"look at {seen}{folder / runs.CURVES}",
            file=sys.stderr,
        )
    return 0


def _begin(a: argparse.Namespace, callbacks: list[Any]) -> tuple[Path, Any]:
    """Start a run, and return its folder and its loop."""
    from npgan import backend, runs
    from npgan.models.presets import DEFAULT, preset

    config = preset(a.preset or DEFAULT).override(
        data=a.data,
        validation=a.validation,
        epochs=a.epochs,
        steps=a.steps,
        batch_size=a.batch_size,
        lr=a.lr,
        seed=a.seed,
        backend=a.backend or backend.choice(),
    )
    while True:
        folder = a.out or _new_folder(Path("runs"), config.preset)
        try:
            return folder, runs.start(config, folder, callbacks, metrics_every=a.metrics_every)
        except runs.Taken:  # by a run that began at the same time
            if a.out:
                raise


def _new_folder(parent: Path, name: str) -> Path:
    """Return a folder that does not exist: name, name-2, name-3, ..."""
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f"{name}-{number}"
    return folder


def _sample(a: argparse.Namespace) -> None:
    from npgan import pictures, plotting, runs
    from npgan.models import CONDITIONAL, GAN, GENERATORS
    from npgan.training import checkpoint

    if a.n < 1:
        raise InputError(f"-n must be at least 1, not {a.n}")
    _check_suffix(a.out, ".png", ".npy")
    _check_seed(a.seed)
    model, config = runs.load_for("sample", a.run_folder, GENERATORS)
    if a.spread is not None:
        if not isinstance(model, GAN):
            raise InputError(f"{a.run_folder} is a run of {config.model}, no GAN: no --spread")
        model.spread = positive("--spread", a.spread)
    if a.n * model.features > LARGEST:
        raise InputError(
            f"-n {a.n} is too many: at most {LARGEST // model.features} samples of "
            f"{model.features} numbers, 4 GiB"
        )
    if a.out.suffix == ".png" and not pictures.drawable(model, config):
        raise InputError(f"samples of {model.features} features are no picture: use --out FILE.npy")
    columns = int(np.ceil(np.sqrt(a.n)))
    if a.label is not None:
        if not isinstance(model, CONDITIONAL):
            raise InputError(
                f"{a.run_folder} is a run of {config.model}, without classes: no --label"
            )
        samples = model.sample(a.n, rng=a.seed, label=config.class_of(a.label))
    elif isinstance(model, CONDITIONAL):
        columns = model.classes
        samples = model.sample(a.n, rng=a.seed, label=np.arange(a.n) % columns)
    else:
        samples = model.sample(a.n, rng=a.seed)
    if config.image_shape and (a.out.suffix == ".png" or config.image_range is None):
        samples = pictures.to_unit(model, config, samples)
    if a.out.suffix == ".npy":
        content = io.BytesIO()
        np.save(content, samples.astype(np.float32), allow_pickle=False)
        checkpoint.write_atomically(a.out, content.getbuffer())
    elif config.image_shape:
        shape = (config.image_shape[0], config.image_shape[1])
        plotting.save_grid(a.out, samples, shape, columns)
    else:
        plotting.save_points(a.out, samples, runs.load_data(config, a.run_folder).train)


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise InputError(f"--seed must not be negative, as {seed} is")


def _check_suffix(path: Path, *suffixes: str) -> None:
    if path.suffix not in suffixes:
        raise InputError(f"--out {path}: the file's name must end in {' or '.join(suffixes)}")


def _reconstruct(a: argparse.Namespace) -> None:
    from npgan import pictures, runs
    from npgan.models import RECONSTRUCTORS

    _check_suffix(a.out, ".png")
    model, config = runs.load_for("reconstruct", a.run_folder, RECONSTRUCTORS)
    if not pictures.drawable(model, config):
        raise InputError(f"reconstructions of {model.features} features are no picture")
    dataset = runs.load_data(config, a.run_folder)
    pictures.draw_pairs(model, config, dataset.held_out[0], a.out)


def _evaluate(a: argparse.Namespace) -> None:
    from npgan import runs
    from npgan.evaluation import evaluate
    from npgan.metrics import NEIGHBOURS

    _check_seed(a.seed)
    count("--samples", a.samples, NEIGHBOURS + 1)
    model, config = runs.load(a.run_folder)
    count("--samples", a.samples, most=LARGEST // model.features)
    dataset = runs.load_data(config, a.run_folder)
    result = evaluate(model, dataset, np.random.default_rng(a.seed), a.samples)
    print(streams.as_json({"run": str(a.run_folder), "data": config.data, **result}))


def _use(use: ModuleType, a: argparse.Namespace) -> None:
    _check_seed(getattr(a, "seed", 0))
    print(streams.as_json(use.run(a)))


def _gradcheck(a: argparse.Namespace) -> int:
    from tqdm import tqdm

    from npgan.catalogue.results import results
    from npgan.gradcheck import TOLERANCE

    total, found = results()
    failures, gradients = [], 0
    print(f"{total} checks, about half a minute on two cores\n", file=sys.stderr, flush=True)
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
    print(
        f"{gradients} gradients, {len(failures)} wrong; largest relative errors, allowed: {limits}"
    )
    for failure in failures:
        print(f"\n{failure}")
    return 1 if failures else 0


def _presets(a: argparse.Namespace) -> None:
    from npgan.models.presets import DEFAULT, PRESETS

    for name, config in PRESETS.items():
        length = f"{config.epochs} epochs" if config.epochs else f"{config.steps} steps"
        default = " (the default)" if name == DEFAULT else ""
        print(
            f"{name}{default}: {config.model} on {config.data}, {length}, batch {config.batch_size}"
        )
        for network, layers in config.networks.items():
            settings = ", ".join(f"{k} {v}" for k, v in config.optimizers[network].items())
            print(f"  {network}: {_in_words(layers)}\n    {settings}")
        if config.settings:
            print(f"  {', '.join(f'{k} {v}' for k, v in config.settings.items())}")


def _in_words(layers: list) -> str:
    """Return a network as it is read; x is what a residual block is given."""
    return " -> ".join(
        layer if isinstance(layer, str) else f"x + ({_in_words(layer)})" for layer in layers
    )


def _data(a: argparse.Namespace) -> None:
    from npgan import data, plotting

    if a.out:
        _check_suffix(a.out, ".png")
    dataset = data.load(a.name)
    print(dataset)
    print(dataset.summary())
    if dataset.train_labels is not None:
        classes, counts = np.unique(dataset.given(dataset.train_labels), return_counts=True)
        print(
            "training rows a class: "
            + ", ".join(f"{c}: {n}" for c, n in zip(classes, counts, strict=True))
        )
    if a.out and dataset.image_shape:
        images = dataset.train[:64]
        limits = (0, 255) if images.dtype == np.uint8 else (images.min(), images.max())
        plotting.save_grid(a.out, plotting.to_unit(images, *limits), dataset.image_shape, columns=8)
    elif a.out and dataset.train.shape[1] == 2:
        plotting.save_points(a.out, dataset.train[:0], dataset.train)
    elif a.out:
        raise InputError(f"rows of {dataset.train.shape[1]} numbers are no picture")
