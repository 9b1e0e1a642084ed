"""Deliberate mistakes in pooled, enlarged and shuffled images; see mutations.py."""

from mutations import Mutation, Silent

FIRST = "test_resampled.test_a_pooling_takes_the_first_of_the_largest_of_each_window"
LARGEST = "test_resampled.test_where_a_window_has_a_nan_it_is_the_largest"
SHAPES = "test_resampled.test_windows_lie_side_by_side_if_there_is_no_stride"

MUTATIONS = [
    Mutation(
        "ops.pooling.avg_pool2d_backward",
        "dx[tap.x] += dy[tap.y]",
        "dx[tap.x] = dy[tap.y]",
        "layer avg_pool2d",
    ),
    Mutation(
        "ops.pooling.avg_pool2d_backward",
        "dx / math.prod(kernel)",
        "dx / sum(kernel)",
        "layer avg_pool2d",
    ),
    Mutation(
        "ops.pooling.max_pool2d_backward",
        "dx[tap.x] += np.where(taken, dy[tap.y], 0)",
        "dx[tap.x] = np.where(taken, dy[tap.y], dx[tap.x])",
        "layer max_pool2d",
    ),
    Mutation(
        "ops.pooling.max_pool2d_double_backward",
        "ddx[tap.x]",
        "ddx[tap.x][:, ::-1]",
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
        "dy.reshape(n, height, factor, width, factor, c).sum(axis=(2, 4))",
        "dy.reshape(n, height, factor, width, factor, c).mean(axis=(2, 4))",
        "layer upsample_nearest",
    ),
    Mutation(
        "ops.resize.upsample_bilinear_backward",
        "columns.swapaxes(1, 2)",
        "columns.swapaxes(1, 2)[:, ::-1]",
        "layer upsample_bilinear",
    ),
    Mutation(
        "ops.resize._gathered",
        "dx[:, 0] += bordered[:, 0]",
        "pass",
        "layer upsample_bilinear",
    ),
    Mutation(
        "ops.resize._gathered",
        "dx[:, -1] += bordered[:, -1]",
        "pass",
        "layer upsample_bilinear",
    ),
    Mutation(
        "ops.resize._gathered",
        "(1 - weight) * dy[:, pixels]",
        "weight * dy[:, pixels]",
        "layer upsample_bilinear",
    ),
    Mutation(
        "ops.shuffle.pixel_shuffle_backward",
        "dy.reshape(n, h, factor, w, factor, c).transpose(0, 1, 3, 5, 2, 4)",
        "dy.reshape(n, h, factor, w, factor, c).transpose(0, 1, 3, 5, 4, 2)",
        "layer pixel_shuffle",
    ),
    Mutation(
        "layers.resampled.FixedLinear.double_backward",
        "self.forward(ddx)[0], None",
        "-self.forward(ddx)[0], None",
        "second derivative of avg_pool2d",
        "x0",
    ),
    Mutation(
        "layers.resampled.FixedLinear.backward",
        'getattr(run, f"{self.operation}_backward")(dy, cache, *self.settings)',
        'getattr(run, f"{self.operation}_backward")(-dy, cache, *self.settings)',
        "layer global_avg_pool2d",
    ),
    Mutation(
        "layers.resize.Enlarged.backward",
        'getattr(run, f"{self.operation}_backward")(dy, self.factor)',
        'getattr(run, f"{self.operation}_backward")(dy[::-1], self.factor)',
        "layer pixel_shuffle",
    ),
    Mutation(
        "layers.pooling.MaxPool2D.backward",
        "run.max_pool2d_backward(dy, x, y, *self.settings)",
        "2 * run.max_pool2d_backward(dy, x, y, *self.settings)",
        "layer max_pool2d",
    ),
    Mutation(
        "layers.pooling.MaxPool2D.double_backward",
        "run.max_pool2d_double_backward(ddx, x, y, *self.settings)",
        "run.max_pool2d_forward(ddx, *self.settings)",
        "second derivative of max_pool2d",
        "x0",
    ),
]

SILENT = [
    Silent(
        "ops.pooling._taken",
        "searched[tap.y] &= ~taken",
        "pass",
        FIRST,
    ),
    Silent("ops.pooling.max_pool2d_forward", "-np.inf", "0", FIRST),
    Silent("ops.pooling._taken", "np.isnan(seen)", "False", LARGEST),
    Silent("ops.pooling.pool", "kernel if stride is None else stride", "stride or 1", SHAPES),
    Silent(
        "ops.pooling.avg_pool2d_forward",
        "y / math.prod(kernel)",
        "y / sum(kernel)",
        "test_resampled.test_a_pooling_is_the_mean_of_each_window",
    ),
    Silent(
        "ops.resize._between",
        "(first + 0.5) / factor + 0.5",
        "first / factor + 1",
        "test_resampled.test_an_enlarged_image_is_its_formula",
        ("upsample_bilinear",),
    ),
    Silent(
        "ops.shuffle.pixel_shuffle_forward",
        "x.reshape(n, h, w, c, factor, factor).transpose(0, 1, 4, 2, 5, 3)",
        "x.reshape(n, h, w, c, factor, factor).transpose(0, 1, 5, 2, 4, 3)",
        "test_resampled.test_a_shuffled_image_has_the_order_of_channels_that_torch_has",
    ),
]
