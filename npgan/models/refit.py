"""Networks for other data: the widths at their ends that follow from the data's."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from npgan import layers
from npgan.errors import InputError, count

Widths = dict[str, tuple[int, int]]


class Sizes(NamedTuple):
    """What widths follow from.

    Attributes
    ----------
    networks, settings : as a configuration has them
    d : the width of the new data
    classes : and how many classes it has, for a model that learns from labels
    """

    networks: Mapping[str, Any]
    settings: Mapping[str, Any]
    d: int
    classes: int

    @property
    def packing(self) -> int:
        """How many rows a discriminator is shown together."""
        return count("packing", self.settings.get("packing", 1), 1)

    def told(self, name: str) -> int:
        """Return a network's input with the label of this data instead of its own."""
        now = layers.build(self.networks[name]).in_width
        return now - self.settings.get("classes", 0) + self.classes

    @property
    def coders(self) -> Widths:
        """What an encoder and a decoder take and make."""
        return {"encoder": (self.d, 0), "decoder": (0, self.d)}


def _autoencoder(s: Sizes) -> Widths:
    return s.coders


def _gan(s: Sizes) -> Widths:
    return {"generator": (0, s.d), "discriminator": (s.packing * s.d, 0)}


def _bigan(s: Sizes) -> Widths:
    code = layers.build(s.networks["encoder"]).out_width
    return {**s.coders, "discriminator": (s.d + code, 0)}


WIDTHS: dict[str, Callable[[Sizes], Widths]] = {
    "gan": _gan,
    "multi-gan": _gan,
    "conditional-gan": lambda s: {
        "generator": (s.told("generator"), s.d),
        "discriminator": (s.packing * (s.d + s.classes), 0),
    },
    "autoencoder": _autoencoder,
    "vae": _autoencoder,
    "iwae": _autoencoder,
    "conditional-vae": lambda s: {
        "encoder": (s.d + s.classes, 0),
        "decoder": (s.told("decoder"), s.d),
    },
    "vae-gan": lambda s: {**s.coders, "discriminator": (s.d, 0)},
    "adversarial-autoencoder": _autoencoder,
    "bigan": _bigan,
    "translator": lambda s: {  # a row is what is given and, as wide, what belongs to it
        "generator": (s.d // 2, s.d - s.d // 2),
        "discriminator": (s.d, 0),
    },
    "classifier": lambda s: {"classifier": (s.d, s.classes)},
}
"""Model -> what each role's network takes and makes of the data; 0: what it does now."""


SPOILING = {name for name, kind in layers.LAYERS.items() if issubclass(kind, layers.Corruption)}
"""Layers that spoil square images."""
NOISY = SPOILING | {layers.GaussianNoise.name, layers.Dropout.name}
"""All layers that spoil what they are given."""


def spoilers(specs: Any, names: Collection[str] = SPOILING) -> list[str]:
    """Return a network's own layers of these names.

    >>> spoilers(["random_shift 1", "dense 3 4"])
    ['random_shift 1']
    """
    return [spec for spec in specs if isinstance(spec, str) and {*spec.split()[:1]} & {*names}]


def for_images(specs: Any, shape: tuple[int, int] | None) -> Any:
    """Return a network whose layers that spoil square images fit images of a shape.

    They are left out where there are no square images. A block that would hide all of an image becomes half as
    wide as the image.

    >>> for_images(["random_block 14", "dense 3 4"], (12, 12))
    ['random_block 6', 'dense 3 4']
    >>> for_images(["random_block 14", "dense 3 4"], (12, 10))
    ['dense 3 4']

    Raises
    ------
    InputError
        If cells of so many pixels do not fit the images.
    """
    found = spoilers(specs)
    if shape is None or shape[0] != shape[1]:
        return [spec for spec in specs if spec not in found]
    return [_fitted(spec, shape[0]) if spec in found else spec for spec in specs]


def _fitted(spec: str, side: int) -> str:
    layer: Any = layers.build([spec]).layers[0]
    name, size = layer.name, layer.size
    if name == layers.Pixelate.name and side % size:
        raise InputError(
            f"cells of {size} x {size} pixels ({spec}) do not fit images of {side} x {side}: their side must be "
            f"a multiple of {size}"
        )
    return (
        f"{name} {max(1, side // 2)}" if name == layers.RandomBlock.name and size >= side else spec
    )


def refit(specs: Any, end: str, width: int) -> Any:
    """Return a network whose input, or output, has another width.

    The layers from that end on change up to the first dense one; a residual block keeps its width.

    >>> refit(["fourier 2 8 0.5 32.0", "dense 34 9"], "input", 3)
    ['fourier 3 8 0.5 32.0', 'dense 51 9']
    >>> refit([["dense 2 9", "relu", "dense 9 2"], "scale 5.0"], "output", 3)
    [['dense 3 9', 'relu', 'dense 9 3'], 'scale 5.0']
    """
    result, place = list(specs), 1 if end == "input" else 2
    order = range(len(result)) if end == "input" else reversed(range(len(result)))
    for i in order:
        if isinstance(result[i], list):
            result[i] = refit(refit(result[i], "input", width), "output", width)
            continue
        words = result[i].split()
        if words[:1] in (["dense"], ["spectral_dense"]):
            result[i] = " ".join([*words[:place], str(width), *words[place + 1 :]])
            break
        if words[:1] == ["fourier"] and end == "input":
            result[i] = " ".join([words[0], str(width), *words[2:]])
            width *= 1 + 2 * int(words[2])
    return result
