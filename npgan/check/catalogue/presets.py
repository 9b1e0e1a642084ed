"""The presets, whose networks are large."""

from collections.abc import Iterator
from zlib import crc32

import numpy as np

from npgan.check.catalogue.case import Case
from npgan.check.gradcheck import Report, gradcheck
from npgan.models.presets import PRESETS


class Preset(Case):
    """All steps of a preset's model, along random directions: it is large, and made when it is checked."""

    def check(self, method: str = "central") -> Report:
        """Run the checker."""
        rng = np.random.default_rng(crc32(self.name.encode()))
        config = self.target
        model = config.build(rows=config.batch_size)
        for network in model.networks.values():
            # Small first weights leave all near their corners; large ones bring probabilities so near 0
            # and 1 that their logarithms lose digits.
            widest = max(array.shape[0] for array in network.parameters.values())
            flat = network.parameters.flat
            flat += rng.standard_normal(flat.size) / max(10, np.sqrt(widest))
            flat *= 0.9
        x = rng.random((3, model.features))
        labels = np.arange(len(x)) % getattr(model, "classes", 1)
        return gradcheck(model, x, labels, method=method, directions=2)


def presets(_: np.random.Generator) -> Iterator[Case]:
    """Yield every preset, each of random numbers of its own."""
    for name, config in PRESETS.items():
        yield Preset(f"preset {name}", config)
