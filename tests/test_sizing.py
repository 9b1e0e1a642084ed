"""Presets are fitted to small data, and made wider and narrower."""

import math

import numpy as np
import pandas as pd
import pytest

from npgan import InputError
from npgan.data import Dataset, load_table
from npgan.models.presets import PRESETS, preset
from npgan.models.refit import in_numbers
from npgan.models.sizing import sized, widened


def data(rows, features):
    return Dataset("own", np.zeros((rows, features), np.float32))


@pytest.mark.parametrize(
    ("rows", "batch"), [(60_000, 128), (1024, 128), (1023, 127), (160, 20), (64, 8), (9, 8), (3, 3)]
)
def test_a_minibatch_has_at_most_an_eighth_of_the_rows(rows, batch):
    assert sized(preset("vae"), data(rows, 784)).batch_size == batch


@pytest.mark.parametrize(("features", "latent"), [(784, 20), (80, 20), (79, 19), (13, 3), (4, 2)])
def test_a_code_is_at_most_a_quarter_as_long_as_a_row(features, latent):
    assert sized(preset("vae"), data(9000, features)).latent == latent
    assert sized(preset("gan-small"), data(9000, features)).latent == 100


def test_hidden_layers_are_at_most_8_times_as_wide_as_a_row_is_long():
    widths = [layer.split()[2] for layer in PRESETS["gan-mnist"].networks["generator"][::2]]
    assert widths == ["256", "256", "476", "data"]
    for features, expected in (13, "128 128 128"), (40, "256 256 320"), (60, "256 256 476"):
        small = sized(preset("gan-mnist"), data(9000, features)).networks["generator"]
        assert [layer.split()[2] for layer in small[::2]] == [*expected.split(), "data"]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_can_be_narrower_or_wider_and_still_fits_together(name):
    config = preset(name)
    narrow, wide = (widened(config, factor) for factor in (0.25, 2.0))
    assert narrow.steps == config.steps
    assert narrow.build(1000).features == math.prod(config.shape)
    sizes = [sum(each.weights().values()) for each in (narrow, config, wide)]
    if name in ("sparse", "contractive", "tied"):  # these go from data to code at once
        assert len(set(sizes)) == 1
    else:
        assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(("rows", "batch"), [(20, 32), (600, 37), (5000, 128)])
def test_a_minibatch_of_a_table_has_a_sixteenth_of_the_rows_but_32_to_128(rows, batch):
    table = load_table(pd.DataFrame({"a": np.linspace(0, 1, rows)}))
    assert sized(preset("table"), table).batch_size == batch
    assert sized(preset("table-vae"), table).latent == 16
    fitted = sized(preset("table"), table).for_data(table)
    assert fitted.batch_size == min(batch, len(table.train))


@pytest.mark.parametrize("name", ["table", "table-vae"])
def test_a_preset_of_tables_is_fitted_to_the_widths_of_ones_own_columns(name):
    kinds = [word for word in "abc" for _ in range(20)]
    table = load_table(pd.DataFrame({"a": np.linspace(0, 1, 60), "kind": kinds}))
    widths = list(table.table.widths)
    assert preset(name).widths != widths
    fitted = preset(name).for_data(table)
    assert (fitted.widths, fitted.settings["widths"]) == (widths, widths)
    assert preset("ring").for_data(data(9, 2)).widths is None


NUMBERS = {"height": 28, "width": 20, "latent": 3, "widths": "1,4"}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ("dense latent 5", "dense 3 5"), ("dense height/4*width/5*2+latent 1", "dense 59 1"),
        ("relu", "relu"), ("gumbel_softmax widths", "gumbel_softmax 1,4"), ("dense 2*latent 007*latent", "dense 6 21"),
        (["dense latent 1", {"a": "latent"}, 7], ["dense 3 1", {"a": "3"}, 7]), ("dense width/20 1", "dense 1 1"),
    ],
)  # fmt: skip
def test_named_sizes_and_their_parts_become_numbers(spec, found):
    assert in_numbers(spec, NUMBERS) == found


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("height/5", "a height that is a multiple of 5, not 28: --size brings"),
        ("latent/2", "a latent that is a multiple of 2, not 3$"),
        ("data", "does not say how large data is"), ("latent/0", "must be a number, not 'latent/0'"),
        ("latent+x", "must be a number, not 'x'"),
    ],
)  # fmt: skip
def test_sizes_that_are_not_known_or_have_no_such_part_are_refused(word, message):
    with pytest.raises(InputError, match=message):
        in_numbers(f"dense {word} 1", NUMBERS)
