"""The command line: its parser, its errors in one line, its exit codes."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from npgan.commands import COMMANDS, streams
from npgan.errors import DivergedError, InputError, NonFiniteError, one_line
from npgan.system import signals
from npgan.training.interrupts import raised

EXAMPLES = """
  npgan train                               the recommended GAN on MNIST, into runs/
  npgan train autoencoder --epochs 5        a preset
  npgan sample runs/gan-conv -n 64 --out digits.png
  npgan gradcheck                           check every gradient there is
"""


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
            result = arguments.run(arguments)
            if isinstance(result, dict):
                print(streams.as_json(result))
            sys.stdout.flush()
            return result if isinstance(result, int) else 0
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (InputError, NonFiniteError, DivergedError, OSError, MemoryError) as error:
        print(f"npgan: error: {_one_line(error)}", file=sys.stderr)
        return 1 if isinstance(error, NonFiniteError | DivergedError) else 2


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return one_line(f"{error.filename or 'the disk'}: {error.strerror}")
    return one_line(" ".join(str(error).split())) or type(error).__name__


def _parser() -> Parser:
    def described(examples: str, description: str) -> dict[str, Any]:
        return {
            "description": description,
            "epilog": f"examples:{examples}",
            "formatter_class": argparse.RawDescriptionHelpFormatter,
        }

    about = "GANs and autoencoders from scratch in NumPy, trained on a CPU."
    parser = Parser(prog="npgan", **described(EXAMPLES, about))
    parser.set_defaults(threads=None)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        summary = f"{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}."
        command = commands.add_parser(
            name, help=module.SUMMARY, **described(module.EXAMPLES, summary)
        )
        command.set_defaults(run=module.run)
        for option in module.OPTIONS:
            option(command)
    return parser


@contextmanager
def _threads(arguments: argparse.Namespace) -> Iterator[None]:
    if arguments.threads is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    from npgan import backend

    backend.set_threads(arguments.threads)
    with threadpool_limits(arguments.threads):
        yield
