"""What the tests of the command line and of runs share."""

from pathlib import Path

import numpy as np
from PIL import Image

from npgan.commands.cli import main


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
