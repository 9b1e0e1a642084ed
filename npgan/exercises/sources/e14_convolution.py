"""A convolution of images (chapter 14).

x (n, h, w, c) are images, weight (k, l, c, o). Stride 1, no padding, no bias: y (n, h - k + 1, w -
l + 1, o). At each place of y the weight lies on a window of x, and all products are summed. (It is
not turned round.)

1. Let a and b run over the k l entries of the kernel. x[:, a : a + height, b : b + width] is what
   this entry meets.
2. For one entry it is a product of the channels: (n, height, width, c) and (c, o). Sum over the
   entries.
3. Backwards each entry adds to what it was multiplied with: dx[:, a : a + height, b : b + width] +=
   dy @ weight[a, b].T. np.einsum("nhwc,nhwo->co", ...) sums over all places at once.
"""

import numpy as np


def forward(x, weight):
    """Return y."""
    # write
    rows, columns = weight.shape[:2]
    height, width = x.shape[1] - rows + 1, x.shape[2] - columns + 1
    y = np.zeros((len(x), height, width, weight.shape[3]))
    for a in range(rows):
        for b in range(columns):
            y += x[:, a : a + height, b : b + width] @ weight[a, b]
    return y
    # end


def backward(dy, x, weight):
    """Return dx and dweight."""
    # write
    dx, dweight = np.zeros_like(x), np.zeros_like(weight)
    height, width = dy.shape[1:3]
    for a in range(weight.shape[0]):
        for b in range(weight.shape[1]):
            window = np.s_[:, a : a + height, b : b + width]
            dx[window] += dy @ weight[a, b].T
            dweight[a, b] = np.einsum("nhwc,nhwo->co", x[window], dy)
    return dx, dweight
    # end
