"""What the tests of the command line and of runs share."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from npgan.commands.cli import main
from npgan.training import checkpoint

WORDS = ("train", "ring", "--backend", "numpy", "--quiet")


class Terminal(io.StringIO):
    """Standard error that somebody looks at."""

    def isatty(self):
        return True


def run(capsys, *words):
    try:
        code = main([str(word) for word in words])
    except SystemExit as end:  # argparse refuses an option so
        code = end.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def picture(path):
    with Image.open(path) as image:
        return np.asarray(image)


def rows(path):
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def exit_code(*words):
    """Return the exit code where argparse itself ends the program."""
    with pytest.raises(SystemExit) as info:
        main(list(words))
    return info.value.code


def as_before(folder):
    """Make a checkpoint as earlier versions wrote it: no digest, no history."""
    path = Path(folder, "checkpoint.safetensors")
    arrays, numbers = checkpoint.load(path)
    del arrays["history"], numbers["history"]
    save_file(arrays, path, {"npgan": json.dumps(numbers)})


def bytes_of(name, file="weights.safetensors"):
    return Path(name, file).read_bytes()
