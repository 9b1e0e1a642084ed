"""Deliberate mistakes in the normalisation of images, and in shortcuts; see mutations.py."""

from mutations import Mutation, Silent
from mutations_normalisation import STDDEV, STDDEV2, STDDEV_GRADIENT, compared

GROUPS, GROUPS2 = "layer group_norm", "second derivative of group_norm"
PIXELS, PIXELS2 = "layer pixel_norm, images", "second derivative of pixel_norm, images"


def channels(name, old, new, case, parameter="x"):
    return Mutation(f"ops.channels.{name}", old, new, case, parameter)


MUTATIONS = [
    channels("group_norm_forward", "normal * weight + bias", "normal * weight", GROUPS, "bias"),
    channels(
        "group_norm_backward",
        "inverse[:, None, :, None] * _project(g, normal, GROUP)",
        "inverse[:, None, :, None] * _project(g, normal, 1)",
        GROUPS,
    ),
    channels(
        "group_norm_backward",
        "inverse[:, None, :, None] * _project(g, normal, GROUP)",
        "inverse[:, None, ::-1, None] * _project(g, normal, GROUP)",
        GROUPS,
    ),
    channels(
        "group_norm_backward",
        "_unscale(dy, normal, weight, dweight, dbias)",
        "_unscale(dy, normal, weight, dbias, dweight)",
        GROUPS,
        "weight",
    ),
    channels("group_norm_double_backward", "q * weight", "q", GROUPS2, "x0"),
    channels("group_norm_double_backward", "dy * weight", "dy", GROUPS2, "x1"),
    channels(
        "group_norm_double_backward",
        "(q * dy)",
        "(q * normal.reshape(dy.shape))",
        GROUPS2,
        "weight",
    ),
    channels("pixel_norm_forward", "inverse * x", "inverse * (x - x.mean())", PIXELS),
    channels("pixel_norm_backward", "_keep_size(dy, y, -1)", "_keep_size(dy, y, 1)", PIXELS),
    channels("pixel_norm_backward", "inverse * _keep_size(dy, y, -1)", "inverse * dy", PIXELS),
    channels(
        "pixel_norm_double_backward",
        "_differentiate(ddx, dy, y, inverse, -1, _keep_size)",
        "_differentiate(ddx, dy, y, inverse, -1)",
        PIXELS2,
        "x0",
    ),
    channels(
        "pixel_norm_double_backward",
        "_differentiate(ddx, dy, y, inverse, -1, _keep_size)",
        "_differentiate(ddx, dy, y, inverse, (1, 2, 3), _keep_size)",
        PIXELS2,
        "x1",
    ),
    compared(
        "minibatch_stddev_backward",
        "dy[..., -1].sum()",
        "dy[:, 0, 0, -1].sum()",
        f"{STDDEV}, images",
    ),
    compared(
        STDDEV_GRADIENT,
        "dy[..., -1].sum() / normal.size",
        "dy[..., -1].mean() / ddx[0].size",
        f"{STDDEV2}, images",
        "x1",
    ),
]

SILENT = [
    Silent(
        "ops.channels._grouped",
        "x.reshape(n, math.prod(size), groups, channels // groups)",
        "x.reshape(n, math.prod(size), channels // groups, groups).swapaxes(2, 3)",
        "test_channels.test_group_norm_is_its_sums",
    ),
    Silent(
        "ops.channels.pixel_norm_forward",
        "np.square(x).mean(axis=-1, keepdims=True) + EPS",
        "np.square(x).mean(axis=-1, keepdims=True) + 2 * EPS",
        "test_channels.test_pixel_norm_of_nothing_is_nothing",
    ),
    Silent(
        "layers.normalisation.BatchNorm.forward",
        "self._checked(x).reshape(-1, self.width)",
        "self._checked(x).reshape(self.width, -1).T",
        "test_channels.test_a_batch_of_images_is_normalised_as_its_pixels",
    ),
    Silent(
        "ops.minibatch.minibatch_stddev_forward",
        "_normalize(x, 0, EPS)",
        "_normalize(x, tuple(range(x.ndim - 1)), EPS)",
        "test_channels.test_the_deviation_of_images_is_one_more_channel",
    ),
    Silent(
        "layers.spectral.Spectral.forward",
        "run.power_iteration(matrix(weight), *self.buffers.values())",
        "None",
        "test_channels.test_a_convolutions_windows_tend_to_a_matrix_of_spectral_norm_1",
        (1,),
    ),
    Silent(
        "layers.sequential.Sequential.initialize",
        "self.named().values()",
        "self.layers",
        "test_residual.test_its_words_build_it_again_and_its_weights_have_names",
        ("rows",),
    ),
    Silent(
        "layers.residual.Residual.in_shape",
        "super().in_shape(out_shape) or self.shortcut.in_shape(out_shape)",
        "None",
        "test_residual.test_either_way_fixes_the_shape_of_the_input",
    ),
    Silent(
        "layers.words._words",
        '{"residual": words(layer), "shortcut": past} if past else words(layer)',
        "words(layer)",
        "test_residual.test_its_words_build_it_again_and_its_weights_have_names",
        ("images",),
    ),
    Silent(
        "models.recorded._layers",
        "network.named().values()",
        "network.layers",
        "test_residual.test_a_recorded_step_looks_into_both_ways",
    ),
]
