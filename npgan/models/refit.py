"""Networks for other data: the widths at their ends that follow from the data's."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from npgan import layers
from npgan.errors import count

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


def without_images(specs: Any) -> Any:
    """Return a network without the layers that need square images; they only spoil its input.

    >>> without_images(["random_shift 1", "dense 3 4"])
    ['dense 3 4']
    """
    names = {name for name, kind in layers.LAYERS.items() if issubclass(kind, layers.Corruption)}
    return [spec for spec in specs if not (isinstance(spec, str) and names & set(spec.split()[:1]))]


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
