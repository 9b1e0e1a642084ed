"""PyTorch's layers of images, with npgan's words: rows become images whose channels lie side by side."""

from collections.abc import Callable

import torch
from torch import nn


class ToImages(nn.Module):
    """Rows as images whose channels lie side by side in memory, as npgan's do."""

    def __init__(self, *shape: str) -> None:
        super().__init__()
        self.shape = tuple(map(int, shape))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, channels, height, width)."""
        return x.reshape(-1, *self.shape).permute(0, 3, 1, 2)


class ToRows(nn.Module):
    """Images as rows, the channels of a pixel side by side."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, height * width * channels)."""
        return x.permute(0, 2, 3, 1).flatten(1)


class BatchNorm(nn.Module):
    """Batch normalisation of rows or images, without running moments."""

    def __init__(self, width: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(int(width)))
        self.bias = nn.Parameter(torch.zeros(int(width)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the normalised minibatch."""
        moments = None, None
        return nn.functional.batch_norm(x, *moments, self.weight, self.bias, training=True)


KINDS: dict[str, Callable[..., nn.Module]] = {
    "conv2d": lambda *sizes: nn.Conv2d(*map(int, sizes)),
    "conv_transpose2d": lambda *sizes: nn.ConvTranspose2d(*map(int, sizes)),
    "batch_norm": BatchNorm,
    "reshape": ToImages,
    "flatten": ToRows,
}
"""Name of a layer -> its module."""
