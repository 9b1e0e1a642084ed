"""Deliberate mistakes in normalisation and in what compares samples; see mutations.py."""

from mutations import Mutation, Silent

LAYER, BATCH, FROZEN = "layer layer_norm", "layer batch_norm", "layer batch_norm, evaluated"
SECOND = "second derivative of layer_norm"


def norm(name, old, new, case, parameter="x"):
    return Mutation(f"ops.normalisation.{name}", old, new, case, parameter)


NORMALISATION = [
    norm("_project", "g - g.mean(axis=axis, keepdims=True)", "g", LAYER),
    norm("_project", "- normal * along", "", BATCH),
    norm("_project", "(g * normal)", "(g * g)", LAYER),
    norm("_normalize", "+ eps", "+ 2 * eps * x[:1, :1]", LAYER),
    norm("_unscale", "return dy * weight", "return dy", LAYER),
    norm("_unscale", "(dy * normal)", "dy", BATCH, "weight"),
    norm("_unscale", "dbias += dy.sum(axis=0)", "dbias += dy[0]", BATCH, "bias"),
    norm("layer_norm_forward", "normal * weight", "normal / weight", LAYER, "weight"),
    norm("layer_norm_backward", "return inverse *", "return", LAYER),
    norm("layer_norm_backward", "normal, 1)", "normal, 0)", LAYER),
    norm("batch_norm_forward", "+ bias", "- bias", BATCH, "bias"),
    norm("batch_norm_backward", "normal, 0)", "normal, 1)", BATCH),
    norm("batch_norm_backward", "return inverse *", "return inverse**2 *", BATCH),
    norm("frozen_batch_norm_backward", "return inverse *", "return", FROZEN),
    norm("frozen_batch_norm_forward", "(x - mean)", "(x - x.mean(axis=0))", FROZEN),
    norm("layer_norm_double_backward", "inverse * _project(ddx, normal, 1)", "ddx", SECOND, "x0"),
    norm("layer_norm_double_backward", "return q * weight,", "return q,", SECOND, "x0"),
    norm("layer_norm_double_backward", "(q * dy)", "(q * g)", SECOND, "weight"),
    norm("layer_norm_double_backward", " + by_size", "", SECOND, "x1"),
    norm("layer_norm_double_backward", "ddx * gain + g * change", "ddx * gain", SECOND, "x1"),
    norm("layer_norm_double_backward", "ddx * gain + g * change", "g * change", SECOND, "x1"),
    norm("layer_norm_double_backward", ", -inverse * (", ", inverse * (", SECOND, "x1"),
    norm("layer_norm_double_backward", "(ddx * first)", "(ddx * g)", SECOND, "x1"),
    Mutation(
        "layers.normalisation.BatchNorm.backward",
        "run.batch_norm_backward if training else run.frozen",
        "run.frozen_batch_norm_backward if training else run.frozen",
        BATCH,
        raises=True,
    ),
]

STDDEV, CLOSE = "layer minibatch_stddev", "layer minibatch_discrimination"
STDDEV2, CLOSE2 = f"second derivative of {STDDEV[6:]}", f"second derivative of {CLOSE[6:]}"
STDDEV_GRADIENT, CLOSE_GRADIENT = (
    f"minibatch_{name}_double_backward" for name in ("stddev", "discrimination")
)


def compared(name, old, new, case, parameter="x"):
    return Mutation(f"ops.minibatch.{name}", old, new, case, parameter)


COMPARED = [
    compared("minibatch_stddev_backward", "dy[:, -1].sum()", "dy[:, -1:]", STDDEV),
    compared("minibatch_stddev_backward", "/ normal.size", "/ len(normal)", STDDEV),
    compared("minibatch_stddev_backward", "dy[:, :-1] + ", "", STDDEV),
    compared("minibatch_stddev_forward", "(1 / inverse", "(inverse", STDDEV),
    compared(STDDEV_GRADIENT, "(ddx * normal).sum()", "normal.sum()", STDDEV2, "x0"),
    compared(STDDEV_GRADIENT, "scale * inverse", "scale", STDDEV2, "x1"),
    compared(STDDEV_GRADIENT, "_project(ddx, normal, 0)", "ddx", STDDEV2, "x1"),
    compared(STDDEV_GRADIENT, "dy[:, -1].sum()", "dy[0, -1]", STDDEV2, "x1"),
    compared("minibatch_discrimination_backward", "+ dm @", "- dm @", CLOSE),
    compared("minibatch_discrimination_backward", "+= x.T @ dm", "-= x.T @ dm", CLOSE, "weight"),
    compared("_closeness_backward", "do[:, None] + do[None]", "do[:, None]", CLOSE, "weight"),
    compared("_closeness_backward", " * closeness", "", CLOSE),
    compared("_closeness_backward", "return -_over", "return _over", CLOSE),
    compared("_compare", "np.abs(difference)", "np.square(difference)", CLOSE),
    compared(CLOSE_GRADIENT, "-weighed.sum", "weighed.sum", CLOSE2, "x0"),
    compared(CLOSE_GRADIENT, "a[:, None] - a[None]", "a[:, None]", CLOSE2, "x1"),
    compared(CLOSE_GRADIENT, "closeness * e", "closeness", CLOSE2, "x1"),
    compared(CLOSE_GRADIENT, "ddx.T @ _closeness_backward(do, m) + ", "", CLOSE2, "weight"),
    compared(CLOSE_GRADIENT, " + x.T @ ddm", "", CLOSE2, "weight"),
    compared(CLOSE_GRADIENT, "do[:, None] + do[None]", "do[:, None]", CLOSE2, "x1"),
    Mutation(
        "layers.apart.Apart.backward",
        "_parts(dy)",
        "_parts(dy[::-1])",
        "GAN (batch_norm), discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "layers.apart.Apart.penalized_backward",
        "(*part, grads)",
        "(*part)",
        "GAN (layers that bear a penalty), discriminator step",
        "discriminator.0.weight",
    ),
]

SPECTRAL, SPECTRAL2 = "layer spectral_dense", "second derivative of spectral_dense"


def spectral(name, old, new, case=SPECTRAL, parameter="weight"):
    return Mutation(f"layers.spectral.SpectralDense.{name}", old, new, case, parameter)


SPECTRAL_NORM = [
    Mutation("ops.spectral.spectral_norm_backward", "/ sigma", "* sigma", "spectral_norm"),
    Mutation("ops.spectral.spectral_norm_backward", "np.outer(u, v)", "0", "spectral_norm"),
    Mutation("ops.spectral.spectral_norm_backward", "(dnormal * normal)", "dnormal", SPECTRAL, "weight"),
    Mutation("ops.spectral.spectral_norm_forward", "u @ weight @ v", "(u @ weight @ v) ** 2", "spectral_norm"),
    spectral("backward", "run.spectral_norm_backward(dnormal, normal, *rest)", "dnormal"),
    spectral("backward", "(dy, normal)", '(dy, self.parameters["weight"])', SPECTRAL, "x"),
    spectral("backward", '+= run', '-= run'),
    spectral("double_backward", "record, normal, dnormal", "ddx[:, :3], normal, dnormal", SPECTRAL2),
    spectral("double_backward", "run.spectral_norm_backward(dnormal, normal, *rest)", "dnormal", SPECTRAL2),
    spectral("double_backward", "return ddy", "return 0 * ddy", SPECTRAL2, "x0"),
]  # fmt: skip

MUTATIONS = [*NORMALISATION, *COMPARED, *SPECTRAL_NORM]

MOMENTS = "test_normalisation.test_running_moments_converge_to_the_datas"
UNBIASED = "test_normalisation.test_the_running_variance_is_unbiased"
FIRST = "test_normalisation.test_the_first_batch_alone_makes_the_first_running_moments"
COLLAPSED = "test_normalisation.test_a_collapsed_batch_has_no_deviation_and_a_finite_gradient"
FAR = "test_normalisation.test_what_is_alike_far_from_0_is_0_normalised"
ONE = "test_normalisation.test_the_weight_that_multiplies_tends_to_spectral_norm_1"
KEPT = "test_normalisation.test_a_pass_keeps_the_vectors_that_it_was_made_with"
SHORTER = "test_normalisation.test_shorter_vectors_of_an_average_are_the_same_directions"
AVERAGED = "test_normalised_gans.test_the_averages_buffers_are_an_average_too"
LIKE_TWO = "test_normalised_gans.test_real_and_generated_data_are_batches_of_their_own"
STILL = "test_layers.test_without_rng_no_buffer_changes"

SILENT = [
    Silent("ops.normalisation.batch_norm_forward", "(len(x) - 1)", "len(x)", UNBIASED),
    Silent("ops.normalisation.batch_norm_forward", "    batches += 1\n", "    batches += 2\n", FIRST),
    Silent("ops.normalisation.batch_norm_forward", "(1 - (1 - momentum)", "(1 - 0 * (1 - momentum)",
           FIRST),
    Silent("ops.normalisation.batch_norm_forward", "- running_mean)", ")", MOMENTS),
    Silent("ops.normalisation.batch_norm_forward", "- running_var)", ")", MOMENTS),
    Silent("layers.normalisation.BatchNorm.forward", "if rng is None", "if rng is not None", STILL),
    Silent("ops.minibatch.minibatch_stddev_forward", ".mean()", ".mean() + 1", COLLAPSED, (float,)),
    Silent("ops.normalisation.centre", "    centred -= rest\n", "", FAR, ("layer_norm",)),
    Silent("ops.spectral.power_iteration", "    u[...] = unit(weight @ v)\n", "", ONE, ((7, 4),)),
    Silent("ops.spectral.power_iteration", "unit(u @ weight)", "unit(abs(u @ weight))", ONE, ((4, 7),)),
    Silent("layers.spectral.SpectralDense.forward", "if rng is not None", "if rng is None", STILL),
    Silent("layers.spectral.SpectralDense.forward", "map(unit, self.buffers.values())",
           "self.buffers.values()", KEPT),
    Silent("layers.spectral.SpectralDense.forward", "map(unit, self.buffers.values())",
           "(b.copy() for b in self.buffers.values())", SHORTER),
    Silent("models.gan.GAN._average", "if average.buffers", "if False", AVERAGED),
    Silent("layers.apart.halves", "if network.couples_samples", "if False", LIKE_TWO,
           ("batch_norm",)),
]  # fmt: skip
