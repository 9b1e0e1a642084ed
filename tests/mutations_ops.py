"""Deliberate mistakes in operations, layers, losses and penalties; see mutations.py."""

from mutations import Mutation


def activation(name, old, new, family="activation"):
    return Mutation(f"ops.{family}.{name}_backward", old, new, f"layer {name}")


def loss(name, old, new, parameter="x"):
    return Mutation(f"ops.loss.{name}_backward", old, new, f"{name} loss", parameter)


def slopes(old, new):
    return Mutation("ops.loss.cross_entropy_slopes", old, new, "bce_with_logits loss")


ACTIVATIONS = [
    activation("identity", "return dy", "return -dy"),
    activation("identity", "return dy", "return np.ones_like(dy)"),
    activation("relu", "y.real > 0", "y.real >= 0"),
    activation("relu", "dy * (", "("),
    activation("leaky_relu", "dy * dy.dtype.type(slope)", "0 * dy"),
    activation("leaky_relu", "y.real > 0", "y.real < 0"),
    activation("leaky_relu", "y.real > 0", "dy.real > 0"),
    activation("sigmoid", "y * (1 - y)", "y * (1 + y)"),
    activation("sigmoid", "return dy * ", "return "),
    activation("tanh", "1 - y * y", "1 - y"),
    activation("tanh", "1 - y * y", "1 - dy * dy"),
    activation("softplus", "-np.expm1(-y)", "np.exp(-y)"),
    activation("softplus", "np.expm1(-y)", "np.expm1(-dy)"),
    activation("elu", "y + y.dtype.type(alpha)", "y"),
    activation("elu", "y.dtype.type(1)", "y"),
    activation("softsign", "share * share", "share"),
    activation("silu", "x * s * r", "s * r", "gated"),
    activation("silu", "sigmoid(-x)", "sigmoid(x)", "gated"),
    activation("gelu", "x * _density(x)", "_density(x)", "gated"),
    activation("gelu", "_probability(x) +", "", "gated"),
    activation("gelu_tanh", "s * r * dv", "s * r", "gated"),
    activation("gelu_tanh", "(s + x * (", "(x * (", "gated"),
    activation("mish", "dt * sigmoid(x)", "dt", "gated"),
    activation("mish", "t + x * dt", "t - x * dt", "gated"),
    activation("softmax", " - (dy * y).sum(axis=-1, keepdims=True)", ""),
    activation("softmax", "axis=-1", "axis=0"),
    activation("softmax", "return y * ", "return "),
]

DENSE = [
    Mutation("ops.dense.dense_forward", "weight + bias", "weight - bias", "dense", "x2"),
    Mutation("ops.dense.dense_backward_input", "dy @", "-dy @", "dense", "x0"),
    Mutation(
        "ops.dense.dense_backward_input",
        "dy @ weight.T",
        "dy @ weight.reshape(weight.shape[::-1])",
        "dense",
        "x0",
    ),
    Mutation("ops.dense.dense_backward_input", "weight.T", "weight", "dense", "x0", raises=True),
    Mutation("ops.dense.dense_backward_input", "dy @", "np.sign(dy) @", "layer dense", "x"),
    Mutation(
        "ops.dense.dense_backward_parameters",
        "x.T @ dy",
        "x.reshape(x.shape[::-1]) @ dy",
        "dense",
        "x1",
    ),
    Mutation("ops.dense.dense_backward_parameters", "dweight +=", "dweight -=", "dense", "x1"),
    Mutation("ops.dense.dense_backward_parameters", "dy.sum(axis=0)", "dy[0]", "dense", "x2"),
    Mutation("ops.dense.dense_backward_parameters", "dy.sum(", "dy.mean(", "layer dense", "bias"),
    Mutation(
        "ops.dense.dense_backward_parameters",
        "dweight += ",
        "dweight[...] = ",
        "VAE-GAN, decoder step",
        "decoder.0.weight",
    ),
    Mutation(
        "ops.dense.dense_backward_parameters",
        "dbias += ",
        "dbias[...] = ",
        "VAE-GAN, decoder step",
        "decoder.2.bias",
    ),
]

LOSSES = [
    loss("mse", "2 / x.size", "1 / x.size"),
    loss("mse", "2 / x.size", "2"),
    loss("mse", "2 / x.size", "2 / len(x)"),
    loss("mse", "return (x - target)", "return (target - x)"),
    loss("l1", " / x.dtype.type(x.size)", ""),
    loss("l1", "np.sign(x - target)", "np.sign(x)"),
    loss("l1", "np.sign(x - target)", "(x - target)"),
    slopes("sigmoid_forward(logits) - target", "sigmoid_forward(logits)"),
    slopes("(1 - target)", "target"),
    slopes("(-logits)", "(logits)"),
    slopes("sigmoid_forward(logits)", "logits"),
    loss("bce_with_logits", "logits.size", "len(logits)"),
    loss("softmax_cross_entropy", "= -dlogits", "= dlogits"),
    loss("softmax_cross_entropy", "    dlogits[right] = -dlogits.sum(axis=1)\n", ""),
    loss("softmax_cross_entropy", "    dlogits[right] = 0\n", ""),
    loss("softmax_cross_entropy", "labels)), labels)", "labels)), labels[::-1])"),
    loss("softmax_cross_entropy", " / dlogits.dtype.type(len(labels))", ""),
    loss("kl_standard_normal", "mean / n", "mean", "x0"),
    loss("kl_standard_normal", "mean / n", "-mean / n", "x0"),
    loss("kl_standard_normal", "np.expm1(log_var)", "np.exp(log_var)", "x1"),
    loss("kl_standard_normal", "(2 * n)", "n", "x1"),
    loss("kl_standard_normal", "np.expm1(log_var)", "np.expm1(log_var / 2)", "x1"),
]

SAMPLE, DROPOUT = "layer gaussian_sample", "layer dropout"
NOISE = [
    Mutation("ops.noise.dropout_backward", "return dy * mask", "return dy", DROPOUT),
    Mutation("ops.noise.dropout_backward", "dy * mask", "dy * (mask > 0)", DROPOUT),
    Mutation("ops.noise.dropout_backward", "dy * mask", "mask", DROPOUT),
    Mutation("ops.noise.gaussian_sample_forward", "log_var / 2", "log_var", SAMPLE),
    Mutation("ops.noise.gaussian_sample_backward", "/ 2) / 2", "/ 2)", SAMPLE),
    Mutation(
        "ops.noise.gaussian_sample_backward", "np.exp(log_var / 2)", "np.exp(log_var)", SAMPLE
    ),
    Mutation("ops.noise.gaussian_sample_backward", "dz * eps", "eps", SAMPLE),
    Mutation("ops.noise.gaussian_sample_backward", "dz * eps", "dz", SAMPLE),
    Mutation("ops.noise.gaussian_sample_backward", "return dz, ", "return 0 * dz, ", SAMPLE),
]

SEQUENTIAL = "layer sequential"
LAYERS = [
    Mutation("ops.fourier.fourier_backward", "ds * c - dc * s", "ds * c + dc * s", "layer fourier"),
    Mutation("ops.fourier.fourier_backward", "ds * c - dc * s", "ds * s - dc * c", "layer fourier"),
    Mutation("ops.fourier.fourier_backward", "TURN * freq", "freq", "layer fourier"),
    Mutation(
        "layers.fourier.FourierFeatures.backward", "(dy, cache", "(cache, dy", "layer fourier"
    ),
    Mutation("layers.scale.Scale.backward", "self.factor * dy", "dy", "layer scale"),
    Mutation("layers.residual.Residual.backward", "dy + dx", "dx", "layer residual"),
    Mutation("layers.residual.Residual.backward", "dy + dx", "dy", "layer residual"),
    Mutation("layers.residual.Residual.forward", "x + y", "y", "layer residual"),
    Mutation("layers.dense.Dense.backward", "(dy, x,", "(dy, 0 * x,", "layer dense", "weight"),
    Mutation("layers.activation.Activation.backward", "(dy, cache,", "(cache, dy,", "layer tanh"),
    Mutation(
        "layers.activation.Activation.backward", "(dy, cache,", "(dy, dy,", "layer leaky_relu"
    ),
    Mutation(
        "layers.noise.Dropout.forward",
        "(x, mask), mask",
        "(x, mask), run.dropout_mask(rng, x.shape, self.rate)",
        DROPOUT,
    ),
    Mutation(
        "layers.noise.Dropout.backward",
        "dy if cache is None else run.dropout_backward(dy, cache)",
        "dy",
        SEQUENTIAL,
        "0.weight",
    ),
    Mutation("layers.noise.GaussianSample.forward", "(log_var, eps)", "(mean, eps)", SAMPLE),
    Mutation(
        "layers.noise.GaussianSample.backward",
        "(dy, *unpacked(cache, 2))",
        "(dy, *unpacked(cache, 2))[::-1]",
        SAMPLE,
    ),
    Mutation(
        "layers.sequential.Sequential.backward",
        "range(len(parts))",
        "range(1, len(parts))",
        "GAN (minimax), discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "layers.sequential.Sequential.backward",
        "reversed(range(len(parts)))",
        "range(len(parts))",
        SEQUENTIAL,
        "0.weight",
        raises=True,
    ),
    Mutation(
        "layers.sequential.Sequential.backward",
        "layer.backward(dy, cache[i]",
        "layer.backward(np.ones_like(dy), cache[i]",
        SEQUENTIAL,
        "3.weight",
    ),
    Mutation(
        "ops.chain.chain_backward",
        "dense_backward_parameters(dy, source",
        "dense_backward_parameters(-dy, source",
        "chain",
        "x1",
    ),
    Mutation(
        "ops.chain.chain_backward",
        "dy = _activation(code",
        "_activation(code",
        "chain",
        "x0",
    ),
    Mutation(
        "ops.chain.chain_backward",
        "reversed(range(len(plan)))",
        "reversed(range(1, len(plan)))",
        "chain",
        "x0",
        raises=True,
    ),
]


def second(where, old, new, case, parameter, raises=False):
    return Mutation(where, old, new, f"second derivative of {case}", parameter, raises)


def curvature(name, old, new, parameter="x1", family="activation"):
    """A mistake in an activation's second derivative: x0 is ``dy``, x1 the layer's input."""
    return second(f"ops.{family}.{name}_double_backward", old, new, name, parameter)


CHAIN2, SEQUENTIAL2 = "ops.chain.chain_double_backward", "layers.sequential.Sequential"
SECOND = [
    curvature("identity", "(ddx, y)", "(dy, y)", "x0"),
    curvature("relu", "(ddx, y)", "(ddx, ddx)", "x0"),
    curvature("leaky_relu", "(ddx, y, slope)", "(ddx, y, 1 - slope)", "x0"),
    *(
        curvature(name, "return ddy, ddy * dy", "return ddy, 0 * ddy * dy")
        for name in ("sigmoid", "tanh", "softplus", "elu")
    ),
    curvature("sigmoid", "1 - 2 * y)", "2 * y - 1)"),
    curvature("sigmoid", "1 - 2 * y)", "1 - y)"),
    curvature("tanh", "-2 * y)", "2 * y)"),
    curvature("tanh", "ddy * dy *", "dy *"),
    curvature("softplus", "np.exp(-y)", "np.exp(y)"),
    curvature("softplus", "ddy * dy *", "ddy *"),
    curvature("elu", "y.real <= 0", "y.real > 0"),
    curvature("elu", "(ddx, y, alpha)", "(dy, y, alpha)", "x0"),
    curvature("softsign", "(-2 *", "(2 *"),
    curvature("silu", "x * (r - s)", "x * (s - r)", family="gated"),
    curvature("silu", "silu_backward(ddx, x)", "silu_backward(dy, x)", "x0", "gated"),
    curvature("gelu", "2 - x * x", "1 - x * x", family="gated"),
    curvature("gelu_tanh", "ddv + ", "", family="gated"),
    curvature("gelu_tanh", "(2 * dv)", "dv", family="gated"),
    curvature("mish", "2 * t * s", "t * s", family="gated"),
    curvature("softmax", " - dy * t", ""),
    curvature("softmax", " - dy * t", " + dy * t"),
    curvature(
        "softmax", "return softmax_backward(ddx, y),", "return softmax_backward(dy, y),", "x0"
    ),
    second("ops.noise.dropout_double_backward", "ddx * mask", "ddx", "dropout", "x0"),
    second("ops.dense.dense_double_backward", "ddx.T @ dy", "-ddx.T @ dy", "dense", "weight"),
    second(
        "ops.dense.dense_double_backward",
        "ddx.T @ dy",
        "(dy.T @ ddx).reshape(dweight.shape)",
        "dense",
        "weight",
    ),
    second(
        "ops.dense.dense_double_backward",
        "ddx @ weight",
        "ddx @ weight.T",
        "dense",
        "x0",
        raises=True,
    ),
    second(
        "layers.dense.Dense.double_backward",
        "(ddx, record,",
        "(ddx, 0 * record,",
        "dense",
        "weight",
    ),
    second(
        "layers.activation.Activation.double_backward",
        "(ddx, record, cache",
        "(ddx, ddx, cache",
        "tanh",
        "x1",
    ),
    second(
        "layers.noise.Dropout.double_backward",
        "ddx if cache is None else run.dropout_double_backward(ddx, cache)",
        "ddx",
        "sequential",
        "x0",
    ),
    second(f"{SEQUENTIAL2}.input_gradient", "records[::-1]", "records", "sequential", "x1", True),
    second(f"{SEQUENTIAL2}.double_backward", "total(dx, shares[i])", "dx", "sequential", "x1"),
    second(
        f"{SEQUENTIAL2}.double_backward", "total(dx, shares[i])", "shares[i]", "sequential", "x1"
    ),
    second(
        f"{SEQUENTIAL2}.double_backward",
        "total(dx, shares[i])",
        "dx if shares[i] is None else shares[i]",
        "sequential",
        "x1",
    ),
    second("ops.fourier.fourier_double_backward", "-t * s", "t * s", "fourier", "x0"),
    second("ops.fourier.fourier_double_backward", "omega * omega", "omega", "fourier", "x1"),
    second("ops.fourier.fourier_double_backward", "-ddx * (", "ddx * (", "fourier", "x1"),
    second(
        "layers.fourier.FourierFeatures.double_backward",
        "(ddx, record,",
        "(ddx, cache,",
        "fourier",
        "x1",
    ),
    second("layers.scale.Scale.double_backward", "self.factor * ddx", "ddx", "scale", "x0"),
    second("layers.residual.Residual.double_backward", "ddx + ddy", "ddy", "residual", "x0"),
    second("layers.residual.Residual.input_gradient", "dy + dx", "dx", "residual", "x0"),
    second(CHAIN2, "h.append(injected)", "h.append(None)", "chain", "x2"),
    second(CHAIN2, "else dy\n", "else -dy\n", "chain", "x2"),
    second(CHAIN2, "u, delta[s], outputs[s]", "u, e[s], outputs[s]", "chain", "x1"),
    second(CHAIN2, "total(r, h[s])", "r", "chain", "x2"),
    second(
        CHAIN2,
        "(t, e[s], weights[s], dweight)",
        "(t, delta[s], weights[s], dweight)",
        "chain",
        "x2",
    ),
    second(CHAIN2, "outputs[s - 1] if s else x", "outputs[s - 1] if s else 0 * x", "chain", "x2"),
]


PENALIZED = [
    Mutation("ops.chain.chain_penalized_backward", old, new, "loss and penalty of chain", "x")
    for old, new in [(".sum() / 2", ".sum()"), ("up(c * g)", "up(g)"), ("(dy, x", "(ones, x")]
]


def penalty(where, old, new, case="wgan-gp, tanh", parameter="0.weight"):
    return Mutation(where, old, new, f"penalty {case}", parameter)


PENALTIES = [
    penalty("objectives.penalties.squared_norm", "2 * len(g)", "len(g)", "r1, relu"),
    penalty("objectives.penalties.squared_norm", "g / g.dtype.type(len(g))", "g", "r2, tanh"),
    penalty("ops.normalisation.polar", "sum(axis=1, keepdims=True)", "sum(keepdims=True)"),
    penalty("objectives.penalties.distance_from_one", "(norm - 1) * (2", "(1 - norm) * (2"),
    penalty("objectives.penalties.distance_from_one", "(norm - 1) * (2", "norm * (2"),
    penalty("ops.normalisation.polar", "np.where(length > 0, length, 1)", "1.0", "dragan, elu"),
    penalty("objectives.penalties.gradient_penalty", "coefficient * dg", "dg"),
    penalty(
        "objectives.penalties.gradient_penalty", "coefficient * value", "value", "r1, leaky_relu"
    ),
    penalty("ops.activation.tanh_double_backward", "(-2 * y)", "(2 * y)", "r1, tanh"),
    penalty("ops.activation.softplus_double_backward", "ddy * dy", "0 * dy", "r2, softplus"),
    penalty("ops.dense.dense_double_backward", "ddx.T @ dy", "-ddx.T @ dy", "dragan, relu"),
    penalty("layers.sequential.Sequential.double_backward", "total(dx, shares[i])", "dx"),
    Mutation(
        "models.gan.GAN.discriminator_step",
        "sum(paid, loss.value)",
        "loss.value",
        "GAN (all penalties, instance noise), discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "objectives.penalties.penalized_backward",
        "c, cache, grads",
        "c, cache, None",
        "GAN (all penalties, instance noise), discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "objectives.penalties.penalized_backward",
        "penalties[name], grads, rng",
        "penalties[name], None, rng",
        "GAN (all penalties, instance noise), discriminator step",
        "discriminator.0.weight",
    ),
]


def objective(name, old, new, parameter):
    """A mistake in a discriminator's objective."""
    case = f"objective {name.replace('_', '-')}, discriminator"
    return Mutation(f"objectives.losses.{name}_discriminator", old, new, case, parameter)


D, G = "objective non-saturating, discriminator", "objective non-saturating, generator"
OBJECTIVES = [
    Mutation(
        "objectives.losses.cross_entropy_discriminator", "dreal, dfake)", "dfake, dreal)", D, "x0"
    ),
    Mutation(
        "objectives.losses.cross_entropy_discriminator", "real + fake", "real - fake", D, "x1"
    ),
    Mutation("objectives.losses.cross_entropy_discriminator", "real + fake", "fake", D, "x0"),
    Mutation(
        "objectives.losses.minimax_generator", "-dfake", "dfake", "objective minimax, generator"
    ),
    Mutation(
        "objectives.losses.minimax_generator",
        "-value",
        "value",
        "GAN (minimax), generator step",
        "generator.2.weight",
    ),
    Mutation(
        "objectives.losses.non_saturating_generator",
        "*run.bce_with_logits(fake_logits, 1.0)",
        "run.bce_with_logits(fake_logits, 1.0)[0], run.bce_with_logits(fake_logits, 0.0)[1]",
        G,
    ),
    objective("least_squares", "real + fake", "real - fake", "x1"),
    objective("least_squares", "dreal, dfake)", "-dreal, dfake)", "x0"),
    Mutation(
        "objectives.losses._half_squares",
        "dlogits / 2",
        "dlogits",
        "objective least-squares, generator",
    ),
    objective("wasserstein", "-dreal", "dreal", "x0"),
    objective("wasserstein", "1 / side.size", "1.0", "x1"),
    Mutation(
        "objectives.losses.wasserstein_generator", "-1 /", "1 /", "objective wasserstein, generator"
    ),
    objective("hinge", "1 + fake_logits", "1 - fake_logits", "x1"),
    objective("hinge", "np.sign(m)", "m", "x0"),
    objective("hinge", "-dreal", "dreal", "x0"),
    objective("relativistic", "dreal, -dreal", "dreal, dreal", "x1"),
    objective("relativistic", "real_logits - fake_logits", "fake_logits - real_logits", "x0"),
    Mutation(
        "objectives.losses.relativistic_generator",
        "fake_logits - real_logits",
        "real_logits - fake_logits",
        "objective relativistic, generator",
    ),
    objective("relativistic_average", "a - b.sum()", "a + b.sum()", "x0"),
    objective("relativistic_average", "b - a.sum() / number(b.size)", "b", "x1"),
    Mutation(
        "objectives.losses.relativistic_average_generator",
        "value, dfake, _",
        "value, _, dfake",
        "objective relativistic-average, generator",
    ),
    Mutation("ops.loss.mse", "backward(x, target)", "backward(target, x)", "reconstruction mse"),
    Mutation(
        "ops.loss.bce_with_logits",
        "backward(logits, target)",
        "backward(logits, 1 - target)",
        "reconstruction bce",
    ),
    Mutation("ops.loss.l1", "l1_backward(x", "mse_backward(x", "reconstruction l1"),
    Mutation("ops.loss.bce_with_logits", "ward(logits, target)\n", "ward(logits, 0)\n", G),
]

MUTATIONS = [
    *ACTIVATIONS,
    *DENSE,
    *LOSSES,
    *NOISE,
    *LAYERS,
    *SECOND,
    *PENALIZED,
    *PENALTIES,
    *OBJECTIVES,
]
SILENT: list = []
