"""Files of checkpoints: read back whole, or refused."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from npgan import InputError
from npgan.training import checkpoint


def test_a_failing_write_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"w": np.ones(3)}, {"step": 1})

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        checkpoint.save(path, {"w": np.zeros(3)}, {"step": 2})
    arrays, numbers = checkpoint.load(path)
    assert arrays["w"].sum() == 3
    assert numbers == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


@given(cut=st.integers(0, 200), change=st.binary(max_size=8))
@settings(deadline=None, max_examples=60)
def test_damaged_files_are_refused_or_whole(tmp_path_factory, cut, change):
    path = tmp_path_factory.mktemp("damaged") / "c.safetensors"
    checkpoint.save(path, {"w": np.arange(6.0).reshape(2, 3)}, {"step": 1})
    content = path.read_bytes()
    path.write_bytes(
        content[:cut] + change + content[cut + len(change) :] if change else content[:cut]
    )
    try:
        arrays, numbers = checkpoint.load(path)
    except InputError as error:
        assert str(path) in str(error)
    else:
        assert isinstance(numbers, dict)
        assert sum(array.nbytes for array in arrays.values()) <= len(content)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        checkpoint.load(tmp_path / "none.safetensors")


def test_a_change_of_any_byte_is_found(tmp_path):
    """But in the header's spaces, there is none that leaves the content as it was."""
    path = tmp_path / "c.safetensors"
    content = {"w": np.arange(3.0), "n": np.ones(2, np.int32)}, {"step": 1, "nested": {"a": [0.5]}}
    checkpoint.save(path, *content)
    whole = path.read_bytes()
    for i in range(len(whole)):
        for bit in (1, 32):
            damaged = bytearray(whole)
            damaged[i] ^= bit
            path.write_bytes(damaged)
            try:
                arrays, numbers = checkpoint.load(path)
            except InputError:
                continue
            assert numbers == content[1], (i, whole[i : i + 1])
            for name, array in content[0].items():
                np.testing.assert_array_equal(arrays[name], array, strict=True)


def test_a_file_without_a_digest_is_one_of_an_earlier_version(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(2)}, tmp_path / "old", {"npgan": '{"step": 3}'})
    assert checkpoint.load(tmp_path / "old")[1] == {"step": 3}
    save_file({"w": np.ones(2)}, tmp_path / "old", {"npgan": '{"step": NaN}'})
    with pytest.raises(InputError, match="NaN among its numbers"):
        checkpoint.load(tmp_path / "old")


def test_a_file_may_have_as_many_bytes_as_are_allowed(tmp_path):
    path = tmp_path / "c.safetensors"
    checkpoint.save(path, {"w": np.ones(3), "none": np.zeros((0, 2))}, {"step": 1})
    size = path.stat().st_size
    assert checkpoint.load(path, size)[0]["none"].shape == (0, 2)
    with pytest.raises(InputError, match=f"at most {size - 1:,} belong there"):
        checkpoint.load(path, size - 1)


def test_a_number_that_json_does_not_have_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        checkpoint.save(tmp_path / "c", {}, {"loss": np.nan})
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("text", ["[1]", "5", "null"])
def test_a_checkpoints_numbers_must_be_a_table(tmp_path, text):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(2)}, tmp_path / "c", {"npgan": text})
    with pytest.raises(InputError, match=r"c is damaged"):
        checkpoint.load(tmp_path / "c")


def test_a_file_without_metadata_is_not_one_of_npgans(tmp_path):
    from safetensors.numpy import save_file

    save_file({"w": np.ones(2)}, tmp_path / "c")
    with pytest.raises(InputError, match="not a file of npgan's"):
        checkpoint.load(tmp_path / "c")


def test_a_checkpoint_that_does_not_name_its_settings_is_refused():
    checkpoint.check_same({"seed": 1, "step": 3}, {"seed": 1})
    with pytest.raises(InputError, match="does not say its seed"):
        checkpoint.check_same({"step": 3}, {"seed": 1})


def test_a_digest_is_that_of_the_files_that_are_there(tmp_path):
    """A file of an earlier version is read only as long as its digest is found again."""
    path = tmp_path / "c.safetensors"
    words = {"npgan": '385d43927ebfd879a2cc4b2a64e3f26a {"step": 1}'}
    save_file({"a": np.arange(3, dtype=np.float32)}, path, words)
    arrays, numbers = checkpoint.load(path)
    assert (arrays["a"].tolist(), numbers) == ([0, 1, 2], {"step": 1})
