"""What the tests of the commands that draw share."""

import json

import numpy as np
from commands import run

SHAPE = 14, 12
CLASSES = 5, 7, 9


def answer(capsys, *words):
    """Return what a command says, which is nothing but JSON where nobody looks on."""
    code, out, err = run(capsys, *words)
    assert (code, err) == (0, "")
    return json.loads(out) if out else None


def assert_drawn(picture, rows, shape=SHAPE):
    """See whether rows of images were drawn, the first 12 of each."""
    assert list(picture.rows) == list(rows)
    assert picture.shape == (*shape, 1)
    for name, images in rows.items():
        expected = np.clip(images[:12], 0, 1)
        np.testing.assert_allclose(picture.rows[name], expected, atol=1e-5, err_msg=name)
