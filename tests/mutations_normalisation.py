"""Deliberate mistakes in normalisation and in what compares samples; see mutations.py."""

from mutations import Mutation, Silent

LAYER, BATCH, FROZEN = "layer layer_norm", "layer batch_norm", "layer batch_norm, evaluated"
SECOND = "second derivative of layer_norm"


def norm(name, old, new, case, parameter="x"):
    return Mutation(f"ops.normalisation.{name}", old, new, case, parameter)


NORMALISATION = [
    norm(
        "_project",
        "_keep_size(g, normal, axis) - g.mean(axis=axis, keepdims=True)",
        "_keep_size(g, normal, axis)",
        LAYER,
    ),
    norm("_project", "_keep_size(g, normal, axis)", "g", BATCH),
    norm("_keep_size", "(g * normal)", "(g * g)", LAYER),
    norm("_normalize", "variance + eps", "variance + 2 * eps * x[:1, :1]", LAYER),
    norm("_unscale", "return dy * weight", "return dy", LAYER),
    norm("_unscale", "(dy * normal)", "dy", BATCH, "weight"),
    norm("_unscale", "dbias += dy.sum(axis=others)", "dbias += dy[0]", BATCH, "bias"),
    norm("layer_norm_forward", "normal * weight", "normal / weight", LAYER, "weight"),
    norm(
        "layer_norm_backward",
        "inverse * _project(_unscale(dy, normal, weight, dweight, dbias), normal, 1)",
        "_project(_unscale(dy, normal, weight, dweight, dbias), normal, 1)",
        LAYER,
    ),
    norm(
        "layer_norm_backward",
        "_project(_unscale(dy, normal, weight, dweight, dbias), normal, 1)",
        "_project(_unscale(dy, normal, weight, dweight, dbias), normal, 0)",
        LAYER,
    ),
    norm("batch_norm_forward", "normal * weight + bias", "normal * weight - bias", BATCH, "bias"),
    norm(
        "batch_norm_backward",
        "_project(_unscale(dy, normal, weight, dweight, dbias), normal, 0)",
        "_project(_unscale(dy, normal, weight, dweight, dbias), normal, 1)",
        BATCH,
    ),
    norm(
        "batch_norm_backward",
        "inverse * _project(_unscale(dy, normal, weight, dweight, dbias), normal, 0)",
        "inverse**2 * _project(_unscale(dy, normal, weight, dweight, dbias), normal, 0)",
        BATCH,
    ),
    norm(
        "frozen_batch_norm_backward",
        "inverse * _unscale(dy, normal, weight, dweight, dbias)",
        "_unscale(dy, normal, weight, dweight, dbias)",
        FROZEN,
        "x, without rng",
    ),
    norm(
        "frozen_batch_norm_forward", "(x - mean)", "(x - x.mean(axis=0))", FROZEN, "x, without rng"
    ),
    norm("layer_norm_double_backward", "q * weight", "q", SECOND, "x0"),
    norm("layer_norm_double_backward", "(q * dy)", "(q * dy * weight)", SECOND, "weight"),
    norm(
        "_differentiate",
        "inverse * project(a, normal, axis)",
        "project(a, normal, axis)",
        SECOND,
        "x0",
    ),
    norm(
        "_differentiate",
        "project(h, normal, axis) + by_size",
        "project(h, normal, axis)",
        SECOND,
        "x1",
    ),
    norm("_differentiate", "ddx * gain + g * change", "ddx * gain", SECOND, "x1"),
    norm("_differentiate", "ddx * gain + g * change", "g * change", SECOND, "x1"),
    norm(
        "_differentiate",
        "-inverse * (project(h, normal, axis) + by_size)",
        "inverse * (project(h, normal, axis) + by_size)",
        SECOND,
        "x1",
    ),
    norm("_differentiate", "(ddx * first)", "(ddx * g)", SECOND, "x1"),
    Mutation(
        "layers.normalisation.BatchNorm.backward",
        "run.batch_norm_backward",
        "run.frozen_batch_norm_backward",
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
    compared("minibatch_stddev_backward", "dy[..., -1].sum()", "dy[..., -1:]", STDDEV),
    compared("minibatch_stddev_backward", "normal.size", "len(normal)", STDDEV),
    compared(
        "minibatch_stddev_backward",
        "dy[..., :-1] + dy[..., -1].sum() / normal.size * normal",
        "dy[..., -1].sum() / normal.size * normal",
        STDDEV,
    ),
    compared("minibatch_stddev_forward", "1 / inverse", "inverse", STDDEV),
    compared(STDDEV_GRADIENT, "(ddx * normal).sum()", "normal.sum()", STDDEV2, "x0"),
    compared(STDDEV_GRADIENT, "scale * inverse", "scale", STDDEV2, "x1"),
    compared(STDDEV_GRADIENT, "_project(ddx, normal, 0)", "ddx", STDDEV2, "x1"),
    compared(STDDEV_GRADIENT, "dy[..., -1].sum()", "dy[0, -1]", STDDEV2, "x1"),
    compared(
        "minibatch_discrimination_backward",
        "dy[:, : x.shape[1]] + dm @ weight.T",
        "dy[:, : x.shape[1]] - dm @ weight.T",
        CLOSE,
    ),
    compared(
        "minibatch_discrimination_backward",
        "dweight += x.T @ dm",
        "dweight -= x.T @ dm",
        CLOSE,
        "weight",
    ),
    compared("_closeness_backward", "do[:, None] + do[None]", "do[:, None]", CLOSE, "weight"),
    compared(
        "_closeness_backward",
        "(do[:, None] + do[None]) * closeness",
        "do[:, None] + do[None]",
        CLOSE,
    ),
    compared(
        "_closeness_backward",
        "-_over_pairs((do[:, None] + do[None]) * closeness, sign)",
        "_over_pairs((do[:, None] + do[None]) * closeness, sign)",
        CLOSE,
    ),
    compared("_compare", "np.abs(difference)", "np.square(difference)", CLOSE),
    compared(CLOSE_GRADIENT, "-weighed.sum(axis=1)", "weighed.sum(axis=1)", CLOSE2, "x0"),
    compared(CLOSE_GRADIENT, "a[:, None] - a[None]", "a[:, None]", CLOSE2, "x1"),
    compared(CLOSE_GRADIENT, "closeness * e", "closeness", CLOSE2, "x1"),
    compared(
        CLOSE_GRADIENT,
        "ddx.T @ _closeness_backward(do, m) + x.T @ ddm",
        "x.T @ ddm",
        CLOSE2,
        "weight",
    ),
    compared(
        CLOSE_GRADIENT,
        "ddx.T @ _closeness_backward(do, m) + x.T @ ddm",
        "ddx.T @ _closeness_backward(do, m)",
        CLOSE2,
        "weight",
    ),
    compared(CLOSE_GRADIENT, "do[:, None] + do[None]", "do[:, None]", CLOSE2, "x1"),
    Mutation(
        "layers.two_batches.TwoBatches.backward",
        "self._parts(dy)",
        "self._parts(dy[::-1])",
        "GAN (batch_norm), discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "layers.two_batches.TwoBatches.penalized_backward",
        "self.network.penalized_backward(*part, grads)",
        "self.network.penalized_backward(*part)",
        "GAN (layers that bear a penalty), discriminator step",
        "discriminator.0.weight",
    ),
]

SPECTRAL, SPECTRAL2 = "layer spectral_dense", "second derivative of spectral_dense"


def spectral(name, old, new, case=SPECTRAL, parameter="weight"):
    return Mutation(f"layers.spectral.Spectral.{name}", old, new, case, parameter)


SPECTRAL_NORM = [
    Mutation(
        "ops.spectral.spectral_norm_backward",
        "(dnormal - (dnormal * normal).sum() * np.outer(u, v)) / sigma",
        "(dnormal - (dnormal * normal).sum() * np.outer(u, v)) * sigma",
        "spectral_norm",
    ),
    Mutation("ops.spectral.spectral_norm_backward", "np.outer(u, v)", "0", "spectral_norm"),
    Mutation(
        "ops.spectral.spectral_norm_backward", "(dnormal * normal)", "dnormal", SPECTRAL, "weight"
    ),
    Mutation(
        "ops.spectral.spectral_norm_forward",
        "u @ weight @ v",
        "(u @ weight @ v) ** 2",
        "spectral_norm",
    ),
    spectral(
        "_add",
        "run.spectral_norm_backward(matrix(dnormal), matrix(normal), *rest)",
        "matrix(dnormal)",
    ),
    spectral(
        "_add",
        "run.spectral_norm_backward(matrix(dnormal), matrix(normal), *rest)",
        "matrix(dnormal)",
        "layer spectral_conv2d",
    ),
    spectral(
        "backward",
        'self._run("backward_input", dy, normal, *size)',
        'self._run("backward_input", dy, self.parameters["weight"], *size)',
        SPECTRAL,
        "x",
    ),
    spectral(
        "_add",
        'grads["weight"] += dweight.reshape(normal.shape)',
        'grads["weight"] -= dweight.reshape(normal.shape)',
    ),
    spectral(
        "double_backward",
        'self._run("double_backward", ddx, record, normal, dnormal)',
        'self._run("double_backward", ddx, ddx[:, :3], normal, dnormal)',
        SPECTRAL2,
    ),
    spectral("double_backward", "self._add(grads, dnormal, normal, *rest)", "None", SPECTRAL2),
    spectral(
        "double_backward",
        "self._add(grads, dnormal, normal, *rest)",
        "None",
        "second derivative of spectral_conv2d",
    ),
    spectral("double_backward", "ddy, None", "0 * ddy, None", SPECTRAL2, "x0"),
]

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
    Silent("ops.normalisation.batch_norm_forward", "batches += 1", "batches += 2", FIRST),
    Silent(
        "ops.normalisation.batch_norm_forward",
        "(1 - momentum) ** float(batches[0].real)",
        "0 * (1 - momentum) ** float(batches[0].real)",
        FIRST,
    ),
    Silent("ops.normalisation.batch_norm_forward", "mean[0] - running_mean", "mean[0]", MOMENTS),
    Silent(
        "ops.normalisation.batch_norm_forward",
        "variance[0] * (len(x) / (len(x) - 1)) - running_var",
        "variance[0] * (len(x) / (len(x) - 1))",
        MOMENTS,
    ),
    Silent("layers.normalisation.BatchNorm.forward", "rng is None", "rng is not None", STILL),
    Silent(
        "ops.minibatch.minibatch_stddev_forward",
        "(variance / (1 / inverse + np.sqrt(x.dtype.type(EPS)))).mean()",
        "(variance / (1 / inverse + np.sqrt(x.dtype.type(EPS)))).mean() + 1",
        COLLAPSED,
        (float,),
    ),
    Silent("ops.normalisation.centre", "centred -= rest", "pass", FAR, ("layer_norm",)),
    Silent("ops.spectral.power_iteration", "u[...] = unit(weight @ v)", "pass", ONE, ((7, 4),)),
    Silent(
        "ops.spectral.power_iteration", "unit(u @ weight)", "unit(abs(u @ weight))", ONE, ((4, 7),)
    ),
    Silent("layers.spectral.Spectral.forward", "rng is not None", "rng is None", STILL),
    Silent(
        "layers.spectral.Spectral.forward",
        "run.call(unit, buffer)",
        "buffer",
        KEPT,
    ),
    Silent(
        "layers.spectral.Spectral.forward",
        "run.call(unit, buffer)",
        "buffer.copy()",
        SHORTER,
    ),
    Silent(
        "models.gan.GAN._update_average",
        "run.ema_update(self.average.buffers.flat, self.generator.buffers.flat, decay)",
        "None",
        AVERAGED,
    ),
    Silent(
        "layers.two_batches.as_two_batches",
        "network.couples_samples",
        "False",
        LIKE_TWO,
        ("batch_norm",),
    ),
]
