"""Deliberate mistakes in pooling, upsampling and pixel shuffle; see mutations.py."""

from mutations import Mutation, Silent

SHARE = "dx[tap.x] += dy[tap.y] * (chosen[tap.y] == number)"
CHOSEN = "test_resize.test_of_equal_numbers_the_first_is_chosen_and_nan_is_the_largest"
PADDING = "test_resize.test_a_padding_is_never_the_largest_but_counts_in_a_mean"

MUTATIONS = [
    Mutation(
        "ops.pooling.avg_pool2d_backward",
        "dx[tap.x] += dy[tap.y]",
        "dx[tap.x] = dy[tap.y]",
        "layer avg_pool2d",
    ),
    Mutation(
        "ops.pooling.avg_pool2d_backward",
        "kernel[0] * kernel[1]",
        "kernel[0] + kernel[1] + 1",
        "layer avg_pool2d",
    ),
    Mutation(
        "ops.pooling.max_pool2d_backward", SHARE, SHARE.replace("+=", "="), "layer max_pool2d"
    ),
    Mutation(
        "ops.pooling.max_pool2d_double_backward",
        "ddx[tap.x] * (chosen[tap.y] == number)",
        "ddx[tap.x] / 4",
        "second derivative of max_pool2d",
        "x0",
    ),
    Mutation(
        "ops.pooling.global_avg_pool2d_backward",
        "height * width",
        "height + width",
        "layer global_avg_pool2d",
    ),
    Mutation(
        "ops.resize.upsample_nearest_backward",
        "_cells(dy, factor).sum(axis=(2, 4))",
        "_cells(dy, factor).mean(axis=(2, 4))",
        "layer upsample_nearest",
    ),
    Mutation(
        "ops.resize.upsample_bilinear_backward",
        "interpolation(size, factor, dy.dtype)",
        "interpolation(size, factor, dy.dtype)[::-1]",
        "layer upsample_bilinear",
    ),
    Mutation(
        "ops.resize.pixel_shuffle_backward",
        "cells.transpose(0, 1, 3, 5, 2, 4)",
        "cells.transpose(0, 1, 3, 5, 4, 2)",
        "layer pixel_shuffle",
    ),
    Mutation(
        "layers.pooling.AvgPool2D.double_backward",
        "run.avg_pool2d_forward(ddx, *self._windows)",
        "-run.avg_pool2d_forward(ddx, *self._windows)",
        "second derivative of avg_pool2d",
        "x0",
    ),
    Mutation(
        "layers.resize.Larger.double_backward",
        'getattr(run, f"{self.name}_forward")(ddx, self.factor)',
        '2 * getattr(run, f"{self.name}_forward")(ddx, self.factor)',
        "second derivative of pixel_shuffle",
        "x0",
    ),
]

SILENT = [
    Silent(
        "ops.pooling.max_pool2d_forward",
        "seen.real > y[tap.y].real",
        "seen.real >= y[tap.y].real",
        CHOSEN,
    ),
    Silent("ops.pooling.max_pool2d_forward", "-np.inf", "0", PADDING),
    Silent("ops.pooling.max_pool2d_forward", "np.isnan(seen)", "False", CHOSEN),
]
