"""A preset stays what it was when its figures were measured (docs/measured.md)."""

import json

import golden
import pytest

from npgan.models.presets import PRESETS

RECORDED = json.loads(golden.PRESETS.read_text())


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_what_was_measured(name):
    assert json.loads(json.dumps(golden.trained_by(PRESETS[name]))) == RECORDED[name]


def test_no_preset_has_gone():
    assert RECORDED.keys() == PRESETS.keys()
