"""Slow and obvious versions of the mathematics: loops over Python floats, formulas as in a book.

Nothing here is shared with npgan: the formulas are the textbooks' (sums and definitions, where
npgan has recursions and stable forms), so that a mistake would have to be made twice.
"""

from math import copysign, cos, cosh, erf, exp, expm1, log, log1p, pi, prod, sin, sinh, sqrt, tanh

import numpy as np


def bend(x):
    return sqrt(2 / pi) * (x + 0.044715 * x**3)


def bend_slope(x):
    return sqrt(2 / pi) * (1 + 3 * 0.044715 * x**2)


# name -> (f, f'), of one number; `softmax`, which acts on rows, follows below
ACTIVATIONS = {
    "identity": (lambda x: x, lambda x: 1.0),
    "relu": (lambda x: max(x, 0.0), lambda x: 1.0 if x > 0 else 0.0),
    "leaky_relu": (lambda x: x if x > 0 else 0.2 * x, lambda x: 1.0 if x > 0 else 0.2),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), lambda x: 1 / (exp(x) + 2 + exp(-x))),
    "tanh": (tanh, lambda x: 4 / (exp(x) + exp(-x)) ** 2),
    "softplus": (lambda x: log1p(exp(x)), lambda x: 1 / (1 + exp(-x))),
    "elu": (lambda x: x if x > 0 else expm1(x), lambda x: 1.0 if x > 0 else exp(x)),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: (1 + abs(x)) ** -2),
    "silu": (
        lambda x: x / (1 + exp(-x)),
        lambda x: (1 + exp(-x) + x * exp(-x)) / (1 + exp(-x)) ** 2,
    ),
    "gelu": (
        lambda x: x * (1 + erf(x / sqrt(2))) / 2,
        lambda x: (1 + erf(x / sqrt(2))) / 2 + x * exp(-x * x / 2) / sqrt(2 * pi),
    ),
    "gelu_tanh": (
        lambda x: x / 2 * (1 + tanh(bend(x))),
        lambda x: (1 + tanh(bend(x))) / 2 + x / 2 * bend_slope(x) / cosh(bend(x)) ** 2,
    ),
    "mish": (
        lambda x: x * tanh(log1p(exp(x))),
        lambda x: tanh(log1p(exp(x))) + x / cosh(log1p(exp(x))) ** 2 / (1 + exp(-x)),
    ),
}

# name -> f'', of one number; 0 everywhere for those that are not named
CURVATURES = {
    "sigmoid": lambda x: (exp(-x) - 1) / (exp(x / 3) + exp(-2 * x / 3)) ** 3,
    "tanh": lambda x: -2 * tanh(x) / cosh(x) ** 2,
    "softplus": lambda x: 1 / (exp(x) + 2 + exp(-x)),
    "elu": lambda x: 0.0 if x > 0 else exp(x),
    "softsign": lambda x: -2 * copysign(1, x) * (1 + abs(x)) ** -3,
    "silu": lambda x: (2 + 2 * cosh(x) - x * sinh(x)) / (2 * (1 + cosh(x)) ** 2),
    "gelu": lambda x: (2 - x * x) * exp(-x * x / 2) / sqrt(2 * pi),
    "gelu_tanh": lambda x: (
        (bend_slope(x) + x / 2 * 6 * 0.044715 * sqrt(2 / pi) * x) / cosh(bend(x)) ** 2
        - x * tanh(bend(x)) * bend_slope(x) ** 2 / cosh(bend(x)) ** 2
    ),
    "mish": lambda x: (
        (2 + x / (1 + exp(x))) / cosh(log1p(exp(x))) ** 2 / (1 + exp(-x))
        - 2 * x * tanh(log1p(exp(x))) / cosh(log1p(exp(x))) ** 2 / (1 + exp(-x)) ** 2
    ),
}


def softmax(row):
    total = sum(exp(x) for x in row)
    return [exp(x) / total for x in row]


def softmax_backward(dy, row):
    """Multiply by the whole Jacobian, dy_j/dx_i = y_j ([i = j] - y_i)."""
    y = softmax(row)
    k = range(len(row))
    return [sum(dy[j] * y[j] * ((i == j) - y[i]) for j in k) for i in k]


def gumbel_softmax(row, noise, widths, temperature):
    """Draw each category softly: a softmax of its own numbers."""
    y, start = [], 0
    for width in widths:
        x = row[start : start + width]
        g = noise[start : start + width]
        y += softmax([(a + b) / temperature for a, b in zip(x, g, strict=True)]) if width > 1 else x
        start += width
    return y


def log_table(output, row, widths):
    """Add up the logarithms of a row's densities and probabilities."""
    total, start, variances = 0.0, 0, output[len(row) :]
    for width in widths:
        x, described = row[start : start + width], output[start : start + width]
        if width == 1:
            variance, variances = exp(variances[0]), variances[1:]
            total += log(
                exp(-((x[0] - described[0]) ** 2) / (2 * variance)) / sqrt(2 * pi * variance)
            )
        else:
            total += log(softmax(described)[x.index(1.0)])
        start += width
    return total


def gather_table(data, rows, conditions, widths, c):
    batch = []
    for i, condition in zip(rows, conditions, strict=True):
        row = []
        for number, width in zip(data[i], widths, strict=True):
            row += [number] if width == 1 else [float(k == number) for k in range(width)]
        batch.append(row + [float(k == condition) for k in range(c)])
    return batch


# name -> (loss of one element, its derivative by x), both of (x, target); the loss is their mean
LOSSES = {
    "mse": (lambda x, t: (x - t) ** 2, lambda x, t: 2 * (x - t)),
    "l1": (lambda x, t: abs(x - t), lambda x, t: float(x > t) - float(x < t)),
    "bce_with_logits": (
        lambda x, t: t * log(1 + exp(-x)) + (1 - t) * log(1 + exp(x)),
        lambda x, t: 1 / (1 + exp(-x)) - t,
    ),
}


def softmax_cross_entropy(logits, labels):
    value = sum(-log(softmax(row)[c]) for row, c in zip(logits, labels, strict=True))
    gradient = [
        [(y - (j == c)) / len(logits) for j, y in enumerate(softmax(row))]
        for row, c in zip(logits, labels, strict=True)
    ]
    return value / len(logits), gradient


def kl_standard_normal(mean, log_var):
    """Kingma and Welling 2014, appendix B: minus half the sum of 1 + log s2 - m2 - s2."""
    total = 0.0
    for means, log_vars in zip(mean, log_var, strict=True):
        for m, s in zip(means, log_vars, strict=True):
            total -= (1 + s - m * m - exp(s)) / 2
    return total / len(mean)


def dense(x, weight, bias):
    return [
        [b + sum(row[i] * weight[i][o] for i in range(len(row))) for o, b in enumerate(bias)]
        for row in x
    ]


# Normalisation, of numbers that belong together, and what compares the samples of a batch.


def columns(x):
    return [list(column) for column in zip(*x, strict=True)]


def deviation(values, eps):
    mean = sum(values) / len(values)
    return sqrt(sum((x - mean) ** 2 for x in values) / len(values) + eps)


def normalized(values, eps):
    mean = sum(values) / len(values)
    return [(x - mean) / deviation(values, eps) for x in values]


def normalized_backward(g, values, eps):
    """Multiply by the whole Jacobian, ([i = j] - 1/m - y_i y_j / m) / deviation."""
    y, m = normalized(values, eps), len(values)
    return [
        sum(g[j] * ((i == j) - 1 / m - y[i] * y[j] / m) for j in range(m)) / deviation(values, eps)
        for i in range(m)
    ]


def layer_norm(x, weight, bias, eps):
    return [
        [w * y + b for w, y, b in zip(weight, normalized(row, eps), bias, strict=True)] for row in x
    ]


def group_norm(image, weight, bias, groups, eps):
    """One image, rows of pixels of channels: each group's numbers in one list, and back."""
    height, width, share = len(image), len(image[0]), len(weight) // groups
    y = [[list(pixel) for pixel in row] for row in image]
    for first in range(0, len(weight), share):
        places = [
            (i, j, c)
            for i in range(height)
            for j in range(width)
            for c in range(first, first + share)
        ]
        numbers = normalized([image[i][j][c] for i, j, c in places], eps)
        for (i, j, c), number in zip(places, numbers, strict=True):
            y[i][j][c] = weight[c] * number + bias[c]
    return y


def pixel_norm(pixel):
    size = sqrt(sum(x * x for x in pixel) / len(pixel) + 1e-8)
    return [x / size for x in pixel]


def batch_norm(x, weight, bias, eps):
    each = zip(columns(x), weight, bias, strict=True)
    return columns([w * y + b for y in normalized(column, eps)] for column, w, b in each)


def minibatch_stddev(x):
    deviations = [deviation(column, 1e-8) - 1e-4 for column in columns(x)]
    return [[*row, sum(deviations) / len(deviations)] for row in x]


def minibatch_discrimination(x, weight, kernels):
    dim = len(weight[0]) // kernels

    def seen(row, kernel):
        return [
            sum(a * w[kernel * dim + c] for a, w in zip(row, weight, strict=True))
            for c in range(dim)
        ]

    def close(a, b, kernel):
        both = zip(seen(a, kernel), seen(b, kernel), strict=True)
        return exp(-sum(abs(p - q) for p, q in both))

    return [[*row, *(sum(close(row, o, b) for o in x) for b in range(kernels))] for row in x]


def shift(image, down, right):
    """Every pixel at its new place, if that is in the image, a list of rows."""
    height, width = len(image), len(image[0])
    nothing = [0] * len(image[0][0])
    result = [[nothing] * width for _ in range(height)]
    for i in range(height):
        for j in range(width):
            if 0 <= i + down < height and 0 <= j + right < width:
                result[i + down][j + right] = image[i][j]
    return result


def flip(image):
    """Every row of pixels from its end."""
    return [row[::-1] for row in image]


def pixelate(image, factor):
    """The mean of all pixels in the same cell, each channel by itself."""
    places = [(i, j) for i in range(len(image)) for j in range(len(image[0]))]

    def mean(i, j, c):
        cell = [
            (a, b) for a, b in places if (a // factor, b // factor) == (i // factor, j // factor)
        ]
        return sum(image[a][b][c] for a, b in cell) / len(cell)

    return [
        [[mean(i, j, c) for c in range(len(pixel))] for j, pixel in enumerate(row)]
        for i, row in enumerate(image)
    ]


def saturation(image, factor):
    """Each pixel's channels, so many times as far from their mean."""
    return [[contrast_of(pixel, pixel, factor) for pixel in row] for row in image]


def contrast(image, factor):
    """All numbers of an image, so many times as far from their mean."""
    numbers = [number for row in image for pixel in row for number in pixel]
    return [[contrast_of(pixel, numbers, factor) for pixel in row] for row in image]


def contrast_of(pixel, numbers, factor):
    """A pixel's channels, so many times as far from the mean of these numbers."""
    mean = sum(numbers) / len(numbers)
    return [mean + factor * (channel - mean) for channel in pixel]


def fourier(row, frequencies):
    """x, then sin 2 pi f x for every x and f, then the cosines."""
    waves = [2 * pi * f * x for x in row for f in frequencies]
    return [*row, *map(sin, waves), *map(cos, waves)]


def fourier_backward(dy, row, frequencies):
    """Each number's own gradient, and those of its waves by the chain rule."""
    waves, result = len(row) * len(frequencies), []
    for i, x in enumerate(row):
        dx = dy[i]
        for k, f in enumerate(frequencies):
            at = len(row) + i * len(frequencies) + k
            dx += dy[at] * 2 * pi * f * cos(2 * pi * f * x)
            dx -= dy[at + waves] * 2 * pi * f * sin(2 * pi * f * x)
        result.append(dx)
    return result


# Update rules, of one weight: (w, the gradients of all steps so far) -> w after those steps.
# Running averages are written out as the sums that they are.


def average(values, decay):
    """Return the sum of (1 - decay) decay^age value: the running average that started at 0."""
    return sum((1 - decay) * decay**age * value for age, value in enumerate(reversed(values)))


def sgd(w, gradients, lr):
    return w - lr * sum(gradients)


def momentum(w, gradients, lr, momentum):
    for t in range(1, len(gradients) + 1):
        w -= lr * sum(momentum ** (t - i) * gradients[i - 1] for i in range(1, t + 1))
    return w


def rmsprop(w, gradients, lr, decay, eps):
    for t in range(1, len(gradients) + 1):
        v = average([g * g for g in gradients[:t]], decay)
        w -= lr * gradients[t - 1] / (sqrt(v) + eps)
    return w


def adam(w, gradients, lr, beta1, beta2, eps, weight_decay=0.0):
    for t in range(1, len(gradients) + 1):
        m = average(gradients[:t], beta1) / (1 - beta1**t)
        v = average([g * g for g in gradients[:t]], beta2) / (1 - beta2**t)
        w = w - lr * weight_decay * w - lr * m / (sqrt(v) + eps)
    return w


RULES = {"sgd": sgd, "momentum": momentum, "rmsprop": rmsprop, "adam": adam, "adamw": adam}


def projected_ascent(x, g, low, high, alpha):
    return min(max(x + alpha * (float(g > 0) - float(g < 0)), low), high)


def ema(weights, limit):
    decays = [min(limit, (t - 1) / (t + 8)) for t in range(1, len(weights) + 1)]
    return sum(w * (1 - decays[i]) * prod(decays[i + 1 :]) for i, w in enumerate(weights))


def elementwise(function, *arrays):
    """Apply a function of numbers to arrays, element by element, in float64."""
    arrays = np.broadcast_arrays(*arrays)
    results = [
        function(*map(float, values)) for values in zip(*(a.flat for a in arrays), strict=True)
    ]
    return np.array(results, np.float64).reshape(arrays[0].shape)


# Measures of samples.


def kl(p, q):
    return sum(a * log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


def total_variation(p, q):
    return sum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2


def class_shares(probabilities):
    classes = [list(row).index(max(row)) for row in probabilities]
    return [classes.count(c) / len(classes) for c in range(len(probabilities[0]))]


def classifier_score(probabilities):
    n = len(probabilities)
    marginal = [sum(column) / n for column in zip(*probabilities, strict=True)]
    return exp(sum(kl(row, marginal) for row in probabilities) / n)


def distance(a, b):
    return sqrt(sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True)))


def radius(i, points, k):
    """Return the distance of a point from its k-th nearest neighbour among the others."""
    return sorted(distance(points[i], x) for j, x in enumerate(points) if j != i)[k - 1]


def neighbours(samples, real, k):
    real_radii = [radius(i, real, k) for i in range(len(real))]
    sample_radii = [radius(i, samples, k) for i in range(len(samples))]
    in_real_ball = [
        [distance(y, x) <= r for x, r in zip(real, real_radii, strict=True)] for y in samples
    ]
    in_sample_ball = [
        [distance(x, y) <= r for y, r in zip(samples, sample_radii, strict=True)] for x in real
    ]
    n, m = len(samples), len(real)
    return {
        "precision": sum(map(any, in_real_ball)) / n,
        "recall": sum(map(any, in_sample_ball)) / m,
        "density": sum(map(sum, in_real_ball)) / (k * n),
        "coverage": sum(map(any, zip(*in_real_ball, strict=True))) / m,
    }


def copies(samples, held_out, train):
    ours = [min(distance(y, x) for x in train) for y in samples]
    theirs = [min(distance(y, x) for x in train) for y in held_out]
    pairs = [(a, b) for a in ours for b in theirs]
    return {
        "nearest_train_row": float(np.median(ours)),
        "nearest_train_row_real": float(np.median(theirs)),
        "closer": sum((a < b) + (a == b) / 2 for a, b in pairs) / len(pairs),
    }


# --- convolutions --------------------------------------------------------------------------------


def seen(h, k, stride, padding, dilation):
    """Return, for each pixel of an output axis, the (tap, pixel) that its window sees of h pixels."""
    outputs = (h + 2 * padding - dilation * (k - 1) - 1) // stride + 1
    windows = [[(a, i * stride + a * dilation - padding) for a in range(k)] for i in range(outputs)]
    return [[(a, p) for a, p in window if 0 <= p < h] for window in windows]


def conv2d(x, weight, bias, stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1):
    """One image (height, width, channels), as lists: sum over the window, and the channels of the group."""
    taps, (i, o) = (len(weight), len(weight[0])), (len(weight[0][0]), len(weight[0][0][0]))
    size = len(x), len(x[0])
    rows, columns = (seen(*one) for one in zip(size, taps, stride, padding, dilation, strict=True))

    def pixel(row, column, out):
        first = out // (o // groups) * i
        products = [
            x[p][q][first + c] * weight[a][b][c][out]
            for a, p in row
            for b, q in column
            for c in range(i)
        ]
        return bias[out] + sum(products)

    return [[[pixel(r, c, out) for out in range(o)] for c in columns] for r in rows]


def conv_transpose2d(
    x, weight, bias, stride=(1, 1), padding=(0, 0), more=(0, 0), dilation=(1, 1), groups=1
):
    """One image, as lists: paint each window into an image of zeros, then cut off the padding."""
    taps, (o, i) = (len(weight), len(weight[0])), (len(weight[0][0]), len(weight[0][0][0]))
    size = len(x), len(x[0])
    height, width = (
        (h - 1) * s + d * (k - 1) + 1 + m
        for h, s, d, k, m in zip(size, stride, dilation, taps, more, strict=True)
    )
    y = [[list(bias) for _ in range(width)] for _ in range(height)]
    for p, q in ((p, q) for p in range(size[0]) for q in range(size[1])):
        for a, b in ((a, b) for a in range(taps[0]) for b in range(taps[1])):
            for c, out in ((c, out) for c in range(i) for out in range(o)):
                group = c // (i // groups)
                place = y[p * stride[0] + a * dilation[0]][q * stride[1] + b * dilation[1]]
                place[group * o + out] += x[p][q][c] * weight[a][b][out][c]
    rows = y[padding[0] : height - padding[0]]
    return [row[padding[1] : width - padding[1]] for row in rows]


def pair_of_two_taps(d, g, times):
    """Two outputs of two taps and three pixels by three products; of rows if ``times`` makes a product of rows."""
    m1, m2, m3 = (
        times(minus(d[0], d[1]), g[0]),
        times(d[1], plus(g[0], g[1])),
        times(minus(d[1], d[2]), g[1]),
    )
    return [plus(m1, m2), minus(m2, m3)]


def plus(a, b):
    return [plus(x, y) for x, y in zip(a, b, strict=True)] if isinstance(a, list) else a + b


def minus(a, b):
    return [minus(x, y) for x, y in zip(a, b, strict=True)] if isinstance(a, list) else a - b


# --- images of another resolution, each one channel of one image, as a list of rows ----------------


def windows(x, kernel, stride, padding):
    """Return, for each pixel of the output, the (row, column) of x that its window sees."""
    axes = zip((len(x), len(x[0])), kernel, stride, padding, strict=True)
    rows, columns = (
        [[p for _, p in window] for window in seen(h, k, s, p, 1)] for h, k, s, p in axes
    )
    return [[[(i, j) for i in row for j in column] for column in columns] for row in rows]


def avg_pool2d(x, kernel, stride, padding):
    def mean(window):
        return sum(x[i][j] for i, j in window) / (kernel[0] * kernel[1])

    return [[mean(window) for window in row] for row in windows(x, kernel, stride, padding)]


def max_pool2d(x, kernel, stride, padding):
    """Return the places: min and max return the first of several that are equal."""

    def place(window):
        i, j = max(sorted(window), key=lambda at: x[at[0]][at[1]])
        return i * len(x[0]) + j

    return [[place(window) for window in row] for row in windows(x, kernel, stride, padding)]


def global_avg_pool2d(x):
    return sum(map(sum, x)) / (len(x) * len(x[0]))


def upsample_nearest(x, f):
    return [[x[u // f][v // f] for v in range(f * len(x[0]))] for u in range(f * len(x))]


def upsample_bilinear(x, f):
    """Every pixel of x within a pixel's distance counts, by how near it is; outside of x lies the border."""

    def along(values):
        h = len(values)
        apart = [[(u + 0.5) / f - 0.5 - q for q in range(-1, h + 1)] for u in range(f * h)]
        bordered = [values[0], *values, values[-1]]
        return [
            sum(max(0, 1 - abs(d)) * value for d, value in zip(row, bordered, strict=True))
            for row in apart
        ]

    return columns(along(column) for column in columns(along(row) for row in x))


def pixel_shuffle(x, f):
    """Here x is all f * f channels of one channel of y."""
    rows, width = range(f * len(x[0])), range(f * len(x[0][0]))
    return [[x[u % f * f + v % f][u // f][v // f] for v in width] for u in rows]
