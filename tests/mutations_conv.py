"""Deliberate mistakes in convolutions; see mutations.py."""

from mutations import Mutation, Silent

CONV, TRANSPOSED = "layer conv2d", "layer conv_transpose2d"
SECOND = "second derivative of conv2d"
SECOND_TRANSPOSED = "second derivative of conv_transpose2d"
SHARE = "_product(dy[tap.y], weight[tap.weight].T)"
SEEN = "inputs.T @ gradients"

MUTATIONS = [
    Mutation("ops.conv._back", f"dx[tap.x] += {SHARE}", f"dx[tap.x] = {SHARE}", CONV),
    Mutation("ops.conv._back", f"dx[tap.x] += {SHARE}", f"dx[tap.x] -= {SHARE}", CONV),
    Mutation(
        "ops.conv._add",
        f"dweight[tap.weight] += {SEEN}",
        f"dweight[tap.weight] += {SEEN} / len(x)",
        CONV,
        "weight",
    ),
    Mutation(
        "ops.conv.conv2d_backward_input",
        "_back(dy, weight, size, Geometry.of(stride, padding, dilation, groups))",
        "_back(dy, weight[::-1], size, Geometry.of(stride, padding, dilation, groups))",
        CONV,
    ),
    Mutation(
        "ops.conv.conv2d_backward_parameters",
        "dy.sum(axis=(0, 1, 2))",
        "dy.mean(axis=(0, 1, 2))",
        CONV,
        "bias",
    ),
    Mutation(
        "ops.conv.conv2d_double_backward",
        "_windows(ddx, weight, geometry)",
        "-_windows(ddx, weight, geometry)",
        SECOND,
        "x0",
    ),
    Mutation(
        "ops.conv.conv2d_double_backward",
        "_add(dweight, ddx, dy, geometry)",
        "_add(dweight, ddx, 2 * dy, geometry)",
        SECOND,
        "weight",
    ),
    Mutation(
        "ops.conv.conv_transpose2d_backward_input",
        "_windows(dy, weight, Geometry.of(stride, padding, dilation, groups))",
        "_windows(dy[:, ::-1], weight, Geometry.of(stride, padding, dilation, groups))",
        TRANSPOSED,
    ),
    Mutation(
        "ops.conv.conv_transpose2d_backward_parameters",
        "_add(dweight, dy, x, Geometry.of(stride, padding, dilation, groups))",
        "_add(dweight, dy, -x, Geometry.of(stride, padding, dilation, groups))",
        TRANSPOSED,
        "weight",
    ),
    Mutation(
        "ops.conv.conv_transpose2d_backward_parameters",
        "dbias += dy.sum(axis=(0, 1, 2))",
        "dbias += x.sum()",
        TRANSPOSED,
        "bias",
    ),
    Mutation(
        "ops.conv.conv_transpose2d_double_backward",
        "_back(ddx, weight, dy.shape[1:3], geometry)",
        "2 * _back(ddx, weight, dy.shape[1:3], geometry)",
        SECOND_TRANSPOSED,
        "x0",
    ),
    Mutation(
        "ops.conv.conv_transpose2d_double_backward",
        "_add(dweight, dy, ddx, geometry)",
        "pass",
        SECOND_TRANSPOSED,
        "weight",
    ),
    Mutation(
        "layers.conv.Conv2D.backward",
        "run.conv2d_backward_parameters(dy, x, *grads.values(), *self.geometry)",
        "run.conv2d_backward_parameters(dy, -x, *grads.values(), *self.geometry)",
        CONV,
        "weight",
    ),
    Mutation(
        "layers.reshape.Rearranged.backward",
        "_as(dy, cache)",
        "_as(dy[:, ::-1], cache)",
        "layer reshape",
    ),
]

MOVED = "test_conv.test_an_identity_moves_an_image"
SILENT = [
    Silent(
        "ops.windows.Geometry._seen",
        "tap * self.dilation[axis] - self.padding[axis]",
        "tap * self.dilation[axis] + self.padding[axis]",
        MOVED,
    ),
    Silent("ops.windows.Geometry._seen", "-(offset // stride)", "1 - offset // stride", MOVED),
    Silent(
        "layers.conv.Conv2D._fans",
        'math.prod(self.parameters["weight"].shape[:3]), self.out_channels',
        'self.out_channels, math.prod(self.parameters["weight"].shape[:3])',
        "test_conv.test_he_normal_keeps_the_size_of_a_signal",
        ("Conv2D",),
    ),
    Silent(
        "layers.conv.ConvTranspose2D._fans",
        "math.prod(self.geometry.stride)",
        "1",
        "test_conv.test_he_normal_keeps_the_size_of_a_signal",
        ("ConvTranspose2D",),
    ),
]
