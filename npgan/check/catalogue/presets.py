"""The presets, whose networks are large."""

from collections.abc import Iterator
from zlib import crc32

import numpy as np

from npgan.check.catalogue.case import Case
from npgan.check.gradcheck import Report, gradcheck
from npgan.models.model import Model
from npgan.models.presets import PRESETS


class Preset(Case):
    """All steps of a preset's model, along a random direction for each array.

    The model is large, so it is built only when it is checked.
    """

    def made(self) -> tuple[Model, np.ndarray, np.ndarray]:
        """Return the model, a batch and its labels."""
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
        for j, width in enumerate(config.widths or ()):
            x[:, j] = np.floor(width * x[:, j]) if width > 1 else x[:, j]  # a category
        return model, x, np.arange(len(x)) % getattr(model, "classes", 1)

    def check(self, method: str = "central") -> Report:
        """Run the checker."""
        return gradcheck(*self.made(), method=method, directions=1)


def presets(_: np.random.Generator) -> Iterator[Case]:
    """Yield every preset, each of random numbers of its own."""
    for name, config in PRESETS.items():
        yield Preset(f"preset {name}", config)
