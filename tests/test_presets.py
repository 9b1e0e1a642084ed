"""A preset stays what it was when its figures were measured (docs/benchmarks.md)."""

import json
from dataclasses import replace

import golden
import pytest

from npgan.models.presets import PRESETS

RECORDED = json.loads(golden.PRESETS.read_text())


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_that_of_the_record(name):
    assert json.loads(json.dumps(golden.trained_by(PRESETS[name]))) == RECORDED[name]


def test_no_preset_has_gone():
    assert RECORDED.keys() == PRESETS.keys()


@pytest.mark.parametrize("length", [{"epochs": 3}, {"steps": 30}])
@pytest.mark.parametrize("n_critic", [1, 4])
def test_a_schedule_is_as_long_as_its_networks_updates(length, n_critic):
    config = PRESETS["cgan-mnist"].override(batch_size=100, **length)
    config = replace(config, settings={**config.settings, "n_critic": n_critic})
    model = config.build(1050)  # ten batches an epoch
    lengths = {name: rule.lr.steps for name, rule in model.optimizers.items()}
    assert lengths == {"generator": 30 // n_critic, "discriminator": 30}


def test_the_seed_is_0_unless_another_is_asked_for():
    assert {config.seed for config in PRESETS.values()} == {0}
    assert PRESETS["gan-small"].override(seed=7).seed == 7
