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
    activation("relu", "dy * (y.real > 0)", "y.real > 0"),
    activation("leaky_relu", "dy * dy.dtype.type(slope)", "0 * dy"),
    activation("leaky_relu", "y.real > 0", "y.real < 0"),
    activation("leaky_relu", "y.real > 0", "dy.real > 0"),
    activation("sigmoid", "y * (1 - y)", "y * (1 + y)"),
    activation("sigmoid", "dy * (y * (1 - y))", "y * (1 - y)"),
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
    activation("gelu", "_probability(x) + x * _density(x)", "x * _density(x)", "gated"),
    activation("gelu_tanh", "s * r * dv", "s * r", "gated"),
    activation("gelu_tanh", "s + x * (s * r * dv)", "x * (s * r * dv)", "gated"),
    activation("mish", "x * dt * sigmoid(x)", "x * dt", "gated"),
    activation("mish", "t + x * dt * sigmoid(x)", "t - x * dt * sigmoid(x)", "gated"),
    activation("softmax", "dy - (dy * y).sum(axis=-1, keepdims=True)", "dy"),
    activation(
        "softmax", "(dy * y).sum(axis=-1, keepdims=True)", "(dy * y).sum(axis=0, keepdims=True)"
    ),
    activation(
        "softmax",
        "y * (dy - (dy * y).sum(axis=-1, keepdims=True))",
        "dy - (dy * y).sum(axis=-1, keepdims=True)",
    ),
]

CATEGORIES = [
    Mutation("ops.categories.gumbel_softmax_backward", old, new, "layer gumbel_softmax")
    for old, new in [
        ("softmax_backward(dy[:, block], y[:, block]) / temperature", "dy[:, block]"),
        (
            "softmax_backward(dy[:, block], y[:, block]) / temperature",
            "softmax_backward(dy[:, block], y[:, block])",
        ),
        ("dy.copy()", "np.zeros_like(dy)"),
        ("categories(widths)", "[slice(0, sum(widths))]"),
    ]
] + [
    Mutation(
        "layers.categories.GumbelSoftmax.forward",
        "(y, self.temperature)",
        "(y, 1.0)",
        "layer gumbel_softmax",
    ),
]

DENSE = [
    Mutation(
        "ops.dense.dense_forward", "x @ weight + bias", "x @ weight - bias", "layer dense", "bias"
    ),
    Mutation(
        "ops.dense.dense_backward_input", "dy @ weight.T", "-dy @ weight.T", "layer dense", "x"
    ),
    Mutation(
        "ops.dense.dense_backward_input",
        "dy @ weight.T",
        "dy @ weight.reshape(weight.shape[::-1])",
        "layer dense",
        "x",
    ),
    Mutation(
        "ops.dense.dense_backward_input", "weight.T", "weight", "layer dense", "x", raises=True
    ),
    Mutation(
        "ops.dense.dense_backward_input",
        "dy @ weight.T",
        "(dy / abs(dy)) @ weight.T",
        "layer dense",
        "x",
    ),
    Mutation(
        "ops.dense.dense_backward_parameters",
        "x.T @ dy",
        "x.reshape(x.shape[::-1]) @ dy",
        "layer dense",
        "weight",
    ),
    Mutation(
        "ops.dense.dense_backward_parameters",
        "dweight += x.T @ dy",
        "dweight -= x.T @ dy",
        "layer dense",
        "weight",
    ),
    Mutation(
        "ops.dense.dense_backward_parameters", "dy.sum(axis=0)", "dy[0]", "layer dense", "bias"
    ),
    Mutation("ops.dense.dense_backward_parameters", "dy.sum", "dy.mean", "layer dense", "bias"),
    Mutation(
        "ops.dense.dense_backward_parameters",
        "dweight += x.T @ dy",
        "dweight[...] = x.T @ dy",
        "VAE-GAN, decoder step",
        "decoder.0.weight",
    ),
    Mutation(
        "ops.dense.dense_backward_parameters",
        "dbias += dy.sum(axis=0)",
        "dbias[...] = dy.sum(axis=0)",
        "VAE-GAN, decoder step",
        "decoder.2.bias",
    ),
]

LOSSES = [
    loss("mse", "2 / x.size", "1 / x.size"),
    loss("mse", "2 / x.size", "2"),
    loss("mse", "2 / x.size", "2 / len(x)"),
    loss("mse", "x - target", "target - x"),
    loss("l1", "np.sign(x - target) / x.dtype.type(x.size)", "np.sign(x - target)"),
    loss("l1", "np.sign(x - target)", "np.sign(x)"),
    loss("l1", "np.sign(x - target)", "(x - target)"),
    slopes(
        "(1 - target) * sigmoid_forward(logits) - target * sigmoid_forward(-logits)",
        "(1 - target) * sigmoid_forward(logits) * sigmoid_forward(-logits)",
    ),
    slopes("(1 - target)", "target"),
    slopes("(-logits)", "(logits)"),
    slopes("sigmoid_forward(logits)", "logits"),
    loss("bce_with_logits", "logits.size", "len(logits)"),
    loss("softmax_cross_entropy", "-dlogits.sum(axis=1)", "dlogits.sum(axis=1)"),
    loss("softmax_cross_entropy", "dlogits[right] = -dlogits.sum(axis=1)", "pass"),
    loss("softmax_cross_entropy", "dlogits[right] = 0", "pass"),
    loss(
        "softmax_cross_entropy",
        "(np.arange(len(labels)), labels)",
        "(np.arange(len(labels)), labels[::-1])",
    ),
    loss("softmax_cross_entropy", "dlogits / dlogits.dtype.type(len(labels))", "dlogits"),
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
    Mutation(
        "ops.noise.gaussian_sample_backward",
        "dz * eps * np.exp(log_var / 2) / 2",
        "dz * eps * np.exp(log_var / 2)",
        SAMPLE,
    ),
    Mutation(
        "ops.noise.gaussian_sample_backward", "np.exp(log_var / 2)", "np.exp(log_var)", SAMPLE
    ),
    Mutation("ops.noise.gaussian_sample_backward", "dz * eps", "eps", SAMPLE),
    Mutation("ops.noise.gaussian_sample_backward", "dz * eps", "dz", SAMPLE),
    Mutation(
        "ops.noise.gaussian_sample_backward",
        "dz, dz * eps * np.exp(log_var / 2) / 2",
        "0 * dz, dz * eps * np.exp(log_var / 2) / 2",
        SAMPLE,
    ),
]

SEQUENTIAL = "layer sequential"
LAYERS = [
    Mutation("ops.fourier.fourier_backward", "ds * c - dc * s", "ds * c + dc * s", "layer fourier"),
    Mutation("ops.fourier.fourier_backward", "ds * c - dc * s", "ds * s - dc * c", "layer fourier"),
    Mutation(
        "ops.fourier.fourier_backward",
        "TURN * frequencies.astype(y.dtype)",
        "frequencies.astype(y.dtype)",
        "layer fourier",
    ),
    Mutation(
        "layers.fourier.FourierFeatures.backward",
        "run.fourier_backward(dy, cache, self.frequencies)",
        "run.fourier_backward(cache, dy, self.frequencies)",
        "layer fourier",
    ),
    Mutation("layers.scale.Scale.backward", "self.factor * dy", "dy", "layer scale"),
    Mutation("layers.residual.Residual.backward", "past + dx", "dx", "layer residual"),
    Mutation("layers.beside.Beside.backward", "[dx, dc]", "[dx, 2 * dc]", "layer beside"),
    Mutation("layers.beside.Beside.forward", "[y, c]", "[y, c - y[:, :1]]", "layer beside"),
    Mutation("layers.residual.Residual.backward", "past + dx", "past", "layer residual"),
    Mutation("layers.residual.Residual.forward", "past + y", "y", "layer residual"),
    Mutation(
        "layers.residual.Residual.backward",
        "_shortcuts(grads)",
        "None",
        "layer residual, shortcut",
        "0.shortcut.0.weight",
    ),
    Mutation(
        "layers.dense.Dense.backward",
        'run.dense_backward_parameters(dy, x, grads["weight"], grads["bias"])',
        'run.dense_backward_parameters(dy, 0 * x, grads["weight"], grads["bias"])',
        "layer dense",
        "weight",
    ),
    Mutation(
        "layers.activation.Activation.backward",
        'getattr(run, f"{self.name}_backward")(dy, cache, *self.arguments)',
        'getattr(run, f"{self.name}_backward")(cache, dy, *self.arguments)',
        "layer tanh",
    ),
    Mutation(
        "layers.activation.Activation.backward",
        'getattr(run, f"{self.name}_backward")(dy, cache, *self.arguments)',
        'getattr(run, f"{self.name}_backward")(dy, dy, *self.arguments)',
        "layer leaky_relu",
    ),
    Mutation(
        "layers.noise.RandomLinear.forward",
        'getattr(run, f"{self.operation}_forward")(x, drawn), drawn',
        'getattr(run, f"{self.operation}_forward")(x, drawn), self.draw(x, rng)',
        DROPOUT,
    ),
    Mutation(
        "layers.noise.RandomLinear.backward",
        'dy if cache is None else getattr(run, f"{self.operation}_backward")(dy, cache)',
        "dy",
        SEQUENTIAL,
        "0.weight",
    ),
    Mutation("layers.noise.GaussianSample.forward", "(log_var, eps)", "(mean, eps)", SAMPLE),
    Mutation(
        "layers.noise.GaussianSample.backward",
        "run.gaussian_sample_backward(dy, *unpacked(cache, 2))",
        "run.gaussian_sample_backward(dy, *unpacked(cache, 2))[::-1]",
        SAMPLE,
    ),
    Mutation(
        "layers.sequential.Sequential.backward",
        "range(lowest, len(parts))",
        "range(lowest + 1, len(parts))",
        "GAN (minimax), discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "layers.sequential.Sequential.backward",
        "reversed(range(lowest, len(parts)))",
        "range(lowest, len(parts))",
        SEQUENTIAL,
        "0.weight",
        raises=True,
    ),
    Mutation(
        "layers.sequential.Sequential.backward",
        "layer.backward(dy, cache[i], inner, input_grad or i > lowest)",
        "layer.backward(np.ones_like(dy), cache[i], inner, input_grad or i > lowest)",
        SEQUENTIAL,
        "3.weight",
    ),
    Mutation(
        "ops.chain.chain_backward",
        "dense_backward_parameters(dy, source, dweight, grads[bias : bias + m])",
        "dense_backward_parameters(-dy, source, dweight, grads[bias : bias + m])",
        "chain",
        "0.weight",
    ),
    Mutation(
        "ops.chain.chain_backward",
        'dy = _apply(activation, arguments[s], "backward", dy, output)',
        '_apply(activation, arguments[s], "backward", dy, output)',
        "chain",
        "x",
    ),
    Mutation(
        "ops.chain.chain_backward",
        "reversed(range(len(plan)))",
        "reversed(range(1, len(plan)))",
        "chain",
        "x",
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
    curvature("identity", "identity_backward(ddx, y)", "identity_backward(dy, y)", "x0"),
    curvature("relu", "relu_backward(ddx, y)", "relu_backward(ddx, ddx)", "x0"),
    curvature(
        "leaky_relu",
        "leaky_relu_backward(ddx, y, slope)",
        "leaky_relu_backward(ddx, y, 1 - slope)",
        "x0",
    ),
    *(
        curvature(name, "ddy * dy", "0 * ddy * dy")
        for name in ("sigmoid", "tanh", "softplus", "elu")
    ),
    curvature("sigmoid", "1 - 2 * y", "2 * y - 1"),
    curvature("sigmoid", "2 * y", "y"),
    curvature("tanh", "-2 * y", "2 * y"),
    curvature("tanh", "ddy * dy", "dy"),
    curvature("softplus", "np.exp(-y)", "np.exp(y)"),
    curvature("softplus", "ddy * dy", "ddy"),
    curvature("elu", "y.real <= 0", "y.real > 0"),
    curvature("elu", "elu_backward(ddx, y, alpha)", "elu_backward(dy, y, alpha)", "x0"),
    curvature("softsign", "-2 * np.sign(x.real)", "2 * np.sign(x.real)"),
    curvature("silu", "x * (r - s)", "x * (s - r)", family="gated"),
    curvature("silu", "silu_backward(ddx, x)", "silu_backward(dy, x)", "x0", "gated"),
    curvature("gelu", "2 - x * x", "1 - x * x", family="gated"),
    curvature("gelu_tanh", "ddv + (r - s) * dv * dv", "(r - s) * dv * dv", family="gated"),
    curvature("gelu_tanh", "(2 * dv)", "dv", family="gated"),
    curvature("mish", "2 * t * s", "t * s", family="gated"),
    curvature("softmax", "ddx * (dy - s) - dy * t", "ddx * (dy - s)"),
    curvature("softmax", "ddx * (dy - s) - dy * t", "ddx * (dy - s) + dy * t"),
    curvature("softmax", "softmax_backward(ddx, y)", "softmax_backward(dy, y)", "x0"),
    second("ops.noise.dropout_forward", "x * mask", "x", "dropout", "x0"),
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
        'run.dense_double_backward(ddx, record, self.parameters["weight"], dweight)',
        'run.dense_double_backward(ddx, 0 * record, self.parameters["weight"], dweight)',
        "dense",
        "weight",
    ),
    second(
        "layers.activation.Activation.double_backward",
        "record",
        "ddx",
        "tanh",
        "x1",
    ),
    second(
        "layers.noise.RandomLinear.double_backward",
        'ddx = getattr(run, f"{self.operation}_forward")(ddx, cache)',
        "ddx = ddx",
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
    second(
        "ops.fourier.fourier_double_backward",
        "-ddx * (omega * omega * (ds * s + dc * c)).sum(axis=2)",
        "ddx * (omega * omega * (ds * s + dc * c)).sum(axis=2)",
        "fourier",
        "x1",
    ),
    second(
        "layers.fourier.FourierFeatures.double_backward",
        "record",
        "cache",
        "fourier",
        "x1",
    ),
    second("layers.scale.Scale.double_backward", "self.factor * ddx", "ddx", "scale", "x0"),
    second("layers.residual.Residual.double_backward", "past + ddy", "ddy", "residual", "x0"),
    second(
        "layers.beside.Beside.double_backward", "[ddy, ddc]", "[ddy, ddc[::-1]]", "beside", "x0"
    ),
    second(
        "layers.beside.Beside.double_backward",
        "[dx, np.zeros_like(ddc)]",
        "[0 * dx, np.zeros_like(ddc)]",
        "beside",
        "x1",
    ),
    second("layers.beside.Beside.input_gradient", "[dx, dc]", "[dx, 0 * dc]", "beside", "x0"),
    second("layers.residual.Residual.input_gradient", "past + dx", "dx", "residual", "x0"),
    second(
        "layers.residual.Residual.double_backward",
        "total(dx, share)",
        "dx",
        "residual, shortcut",
        "x1",
    ),
    second(
        "layers.residual.Residual.double_backward",
        "_shortcuts(grads)",
        "None",
        "residual, shortcut",
        "0.shortcut.0.weight",
    ),
    second(CHAIN2, "h.append(injected)", "h.append(None)", "chain", "0.weight"),
    second(
        CHAIN2,
        "dense_backward_input(e[s + 1], weights[s + 1]) if s < stages[-1] else dy",
        "dense_backward_input(e[s + 1], weights[s + 1]) if s < stages[-1] else -dy",
        "chain",
        "0.weight",
    ),
    second(
        CHAIN2,
        '_apply(activation, arguments[s], "double_backward", u, delta[s], outputs[s])',
        '_apply(activation, arguments[s], "double_backward", u, e[s], outputs[s])',
        "chain",
        "x1",
    ),
    second(CHAIN2, "total(r, h[s])", "r", "chain", "0.weight"),
    second(
        CHAIN2,
        "e[s]",
        "delta[s]",
        "chain",
        "0.weight",
    ),
    second(
        CHAIN2, "outputs[s - 1] if s else x", "outputs[s - 1] if s else 0 * x", "chain", "0.weight"
    ),
]


PENALIZED = [
    Mutation(
        "ops.chain.chain_penalized_backward", old, new, "loss and penalty of chain", "0.weight"
    )
    for old, new in [
        ("(c * np.square(g)).sum() / 2", "(c * np.square(g)).sum()"),
        ("up(c * g)", "up(g)"),
        (
            "chain_backward(dy, x, y, w, plan, arguments, grads, False)",
            "chain_backward(ones, x, y, w, plan, arguments, grads, False)",
        ),
    ]
]


def penalty(where, old, new, case="wgan-gp, tanh", parameter="0.weight"):
    return Mutation(where, old, new, f"penalty {case}", parameter)


PENALTIES = [
    penalty("objectives.penalties.squared_norm", "2 * len(g)", "len(g)", "r1, relu"),
    penalty("objectives.penalties.squared_norm", "g / g.dtype.type(len(g))", "g", "r2, tanh"),
    penalty(
        "ops.normalisation.polar",
        "np.square(scaled).sum(axis=1, keepdims=True)",
        "np.square(scaled).sum(keepdims=True)",
    ),
    penalty(
        "objectives.penalties.distance_from_one",
        "(norm - 1) * (2 / len(g))",
        "(1 - norm) * (2 / len(g))",
    ),
    penalty(
        "objectives.penalties.distance_from_one", "(norm - 1) * (2 / len(g))", "norm * (2 / len(g))"
    ),
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
        "models.adversary.discriminator_step",
        "sum(penalties, loss.value)",
        "loss.value",
        "GAN (all penalties, instance noise), discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "objectives.penalties.penalized_backward",
        "network.penalized_backward(dlogits, c, cache, grads)",
        "network.penalized_backward(dlogits, c, cache, None)",
        "GAN (all penalties, instance noise), discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "objectives.penalties.penalized_backward",
        "discriminator, x, measure, penalties[name], grads, rng, every",
        "discriminator, x, measure, penalties[name], None, rng, every",
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
        "objectives.losses.cross_entropy_discriminator",
        "DiscriminatorLoss(real + fake, dreal, dfake)",
        "DiscriminatorLoss(real + fake, dfake, dreal)",
        D,
        "x0",
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
        "GeneratorLoss(*run.bce_with_logits(fake_logits, 1.0))",
        "GeneratorLoss(run.bce_with_logits(fake_logits, 1.0)[0],"
        " run.bce_with_logits(fake_logits, 0.0)[1])",
        G,
    ),
    objective("least_squares", "real + fake", "real - fake", "x1"),
    objective(
        "least_squares",
        "DiscriminatorLoss(real + fake, dreal, dfake)",
        "DiscriminatorLoss(real + fake, -dreal, dfake)",
        "x0",
    ),
    Mutation(
        "objectives.losses._half_squares",
        "dlogits / 2",
        "dlogits",
        "objective least-squares, generator",
    ),
    objective("wasserstein", "-dreal", "dreal", "x0"),
    objective("wasserstein", "1 / side.size", "1.0", "x1"),
    Mutation(
        "objectives.losses.wasserstein_generator",
        "-1 / fake_logits.size",
        "1 / fake_logits.size",
        "objective wasserstein, generator",
    ),
    objective("hinge", "1 + fake_logits", "1 - fake_logits", "x1"),
    objective("hinge", "np.sign(m)", "m", "x0"),
    objective("hinge", "-dreal", "dreal", "x0"),
    objective(
        "relativistic",
        "DiscriminatorLoss(value, dreal, -dreal)",
        "DiscriminatorLoss(value, dreal, dreal)",
        "x1",
    ),
    objective("relativistic", "real_logits - fake_logits", "fake_logits - real_logits", "x0"),
    Mutation(
        "objectives.losses.relativistic_generator",
        "fake_logits - real_logits",
        "real_logits - fake_logits",
        "objective relativistic, generator",
    ),
    objective(
        "relativistic_average", "a - b.sum() / number(a.size)", "a + b.sum() / number(a.size)", "x0"
    ),
    objective("relativistic_average", "b - a.sum() / number(b.size)", "b", "x1"),
    Mutation(
        "objectives.losses.relativistic_average_generator",
        "value, dfake, _ = relativistic_average_discriminator(fake_logits, real_logits)",
        "value, _, dfake = relativistic_average_discriminator(fake_logits, real_logits)",
        "objective relativistic-average, generator",
    ),
    Mutation(
        "ops.loss.mse", "mse_backward(x, target)", "mse_backward(target, x)", "reconstruction mse"
    ),
    Mutation(
        "ops.loss.bce_with_logits",
        "bce_with_logits_backward(logits, target)",
        "bce_with_logits_backward(logits, 1 - target)",
        "reconstruction bce",
    ),
    Mutation(
        "ops.loss.l1", "l1_backward(x, target)", "mse_backward(x, target)", "reconstruction l1"
    ),
    Mutation(
        "ops.loss.bce_with_logits",
        "bce_with_logits_backward(logits, target)",
        "bce_with_logits_backward(logits, 0)",
        G,
    ),
]

MUTATIONS = [
    *ACTIVATIONS,
    *CATEGORIES,
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
