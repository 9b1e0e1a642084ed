"""What makes rows of tables: it is there before anything that only tables need is imported."""

import subprocess
import sys

import numpy as np

from npgan.study.generated import generate


def test_only_conditions_need_what_tables_need():
    code = "import sys, npgan.study.generated; print({'matplotlib', 'pyarrow'} & {*sys.modules})"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


class Drawn:
    """A model of rows of one number."""

    def sample(self, n, rng):
        return rng.random((n, 1))


def test_rows_without_conditions_are_the_models_own():
    for n in (1, 7, 10_000):
        expected = np.random.default_rng(3).random((n, 1))
        np.testing.assert_array_equal(generate(Drawn(), None, n, 3), expected)
    rng = np.random.default_rng(3)
    assert len(generate(Drawn(), None, 10_001, rng)) == 10_001
    again = np.random.default_rng(3)
    again.random(10_001)
    assert rng.random() == again.random()
