"""Deliberate mistakes, as data: test_mutations.py makes each and sees it caught.

``where`` names a function or method of npgan, in whose source ``old``, which must occur exactly
once, becomes ``new``.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """A mistake that the gradient checker must find.

    Attributes
    ----------
    case : the case of :mod:`npgan.catalogue` that must fail
    parameter : the array whose gradient it must say is wrong
    raises : whether the shapes cannot fit any more, so that an exception is what catches it
    """

    where: str
    old: str
    new: str
    case: str
    parameter: str = "x"
    raises: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.old!r} -> {self.new!r}"


@dataclass(frozen=True)
class Silent:
    """A mistake that no gradient shows, and the test (of which arguments) that must fail instead."""

    where: str
    old: str
    new: str
    test: str
    arguments: tuple = ()

    def __str__(self) -> str:
        return f"{self.where}: {self.old!r} -> {self.new!r}"


def activation(name, old, new):
    return Mutation(f"ops.activation.{name}_backward", old, new, f"layer {name}")


def loss(name, old, new, parameter="x"):
    return Mutation(f"ops.loss.{name}_backward", old, new, f"{name} loss", parameter)


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
        "VAE-GAN, discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "ops.dense.dense_backward_parameters",
        "dbias += ",
        "dbias[...] = ",
        "VAE-GAN, discriminator step",
        "discriminator.3.bias",
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
    loss("bce", "p * (1 - p) * p.size", "p * p.size"),
    loss("bce", "p * (1 - p) * p.size", "p * (1 - p)"),
    loss("bce", "(p - target)", "(target - p)"),
    loss("bce_with_logits", "sigmoid_forward(logits) - target", "sigmoid_forward(logits)"),
    loss("bce_with_logits", "- target", "- (1 - target)"),
    loss("bce_with_logits", "sigmoid_forward(logits)", "logits"),
    loss("bce_with_logits", "logits.size", "len(logits)"),
    loss("softmax_cross_entropy", "-= 1", "+= 1"),
    loss("softmax_cross_entropy", "    dlogits[np.arange(len(labels)), labels] -= 1\n", ""),
    loss("softmax_cross_entropy", "labels] -=", "labels[::-1]] -="),
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
    Mutation(
        "layers.dense.Dense.backward", "(dy, cache,", "(dy, 0 * cache,", "layer dense", "weight"
    ),
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
    Mutation("layers.noise.GaussianSample.backward", "(dy, *cache)", "(dy, *cache)[::-1]", SAMPLE),
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


def curvature(name, old, new, parameter="x1"):
    """A mistake in an activation's second derivative: x0 is ``dy``, x1 the layer's input."""
    return second(f"ops.activation.{name}_double_backward", old, new, name, parameter)


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
    penalty("penalties.squared_norm", "2 * len(g)", "len(g)", "r1, relu"),
    penalty("penalties.squared_norm", "g / g.dtype.type(len(g))", "g", "r2, tanh"),
    penalty("penalties.distance_from_one", "(axis=1, keepdims=True)", "(keepdims=True)"),
    penalty("penalties.distance_from_one", "(norm - 1) * (2", "(1 - norm) * (2"),
    penalty("penalties.distance_from_one", "(norm - 1) * (2", "norm * (2"),
    penalty("penalties.distance_from_one", "np.where(norm > 0, norm, 1)", "1.0", "dragan, elu"),
    penalty("penalties.gradient_penalty", "coefficient * dg", "dg"),
    penalty("penalties.gradient_penalty", "coefficient * value", "value", "r1, leaky_relu"),
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
        "penalties.penalized_backward",
        "c, cache, grads",
        "c, cache, None",
        "GAN (all penalties, instance noise), discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "penalties.penalized_backward",
        "penalties[name], grads, rng",
        "penalties[name], None, rng",
        "GAN (all penalties, instance noise), discriminator step",
        "discriminator.0.weight",
    ),
]


def objective(name, old, new, parameter):
    """A mistake in a discriminator's objective."""
    case = f"objective {name.replace('_', '-')}, discriminator"
    return Mutation(f"losses.{name}_discriminator", old, new, case, parameter)


D, G = "objective non-saturating, discriminator", "objective non-saturating, generator"
OBJECTIVES = [
    Mutation("losses.cross_entropy_discriminator", "dreal, dfake)", "dfake, dreal)", D, "x0"),
    Mutation("losses.cross_entropy_discriminator", "real + fake", "real - fake", D, "x1"),
    Mutation("losses.cross_entropy_discriminator", "real + fake", "fake", D, "x0"),
    Mutation("losses.minimax_generator", "-dfake", "dfake", "objective minimax, generator"),
    Mutation(
        "losses.minimax_generator",
        "-value",
        "value",
        "GAN (minimax), generator step",
        "generator.2.weight",
    ),
    Mutation(
        "losses.non_saturating_generator",
        "*run.bce_with_logits(fake_logits, 1.0)",
        "run.bce_with_logits(fake_logits, 1.0)[0], run.bce_with_logits(fake_logits, 0.0)[1]",
        G,
    ),
    objective("least_squares", "real + fake", "real - fake", "x1"),
    objective("least_squares", "dreal, dfake)", "-dreal, dfake)", "x0"),
    Mutation(
        "losses._half_squares", "dlogits / 2", "dlogits", "objective least-squares, generator"
    ),
    objective("wasserstein", "-dreal", "dreal", "x0"),
    objective("wasserstein", "1 / side.size", "1.0", "x1"),
    Mutation("losses.wasserstein_generator", "-1 /", "1 /", "objective wasserstein, generator"),
    objective("hinge", "1 + fake_logits", "1 - fake_logits", "x1"),
    objective("hinge", "np.sign(m)", "m", "x0"),
    objective("hinge", "-dreal", "dreal", "x0"),
    objective("relativistic", "dreal, -dreal", "dreal, dreal", "x1"),
    objective("relativistic", "real_logits - fake_logits", "fake_logits - real_logits", "x0"),
    Mutation(
        "losses.relativistic_generator",
        "fake_logits - real_logits",
        "real_logits - fake_logits",
        "objective relativistic, generator",
    ),
    objective("relativistic_average", "a - b.sum()", "a + b.sum()", "x0"),
    objective("relativistic_average", "b - a.sum() / number(b.size)", "b", "x1"),
    Mutation(
        "losses.relativistic_average_generator",
        "value, dfake, _",
        "value, _, dfake",
        "objective relativistic-average, generator",
    ),
    Mutation("ops.loss.mse", "backward(x, target)", "backward(target, x)", "reconstruction mse"),
    Mutation(
        "ops.loss.bce", "backward(p, target)", "backward(p, 1 - target)", "reconstruction bce"
    ),
    Mutation("ops.loss.l1", "l1_backward(x", "mse_backward(x", "reconstruction l1"),
    Mutation("ops.loss.bce_with_logits", "ward(logits, target)\n", "ward(logits, 0)\n", G),
]

D_STEP, G_STEP = "GAN (non-saturating), discriminator step", "GAN (non-saturating), generator step"
GAN = [
    Mutation(
        "models.gan.GAN.discriminator_step",
        "[loss.dreal, loss.dfake]",
        "[loss.dfake, loss.dreal]",
        D_STEP,
        "discriminator.0.weight",
    ),
    Mutation(
        "models.gan.GAN.discriminator_step",
        "[loss.dreal, loss.dfake]",
        "[-loss.dreal, loss.dfake]",
        D_STEP,
        "discriminator.3.bias",
    ),
    Mutation(
        "models.gan.GAN.discriminator_step",
        "[loss.dreal, loss.dfake]",
        "[loss.dreal, 0 * loss.dfake]",
        D_STEP,
        "discriminator.3.bias",
    ),
    Mutation(
        "models.gan.GAN.discriminator_step",
        "dlogits, cache",
        "dlogits, discriminator.forward(np.concatenate([fake, real]), rng)[1]",
        D_STEP,
        "discriminator.0.weight",
    ),
    Mutation(
        "models.gan.GAN.opposed",
        "backward(loss.dfake,",
        "backward(-loss.dfake,",
        G_STEP,
        "generator.2.bias",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "backward(dfake,",
        "backward(0 * dfake,",
        G_STEP,
        "generator.0.weight",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "backward(dfake,",
        "backward(fake,",
        G_STEP,
        "generator.2.weight",
    ),
    Mutation(
        "models.gan.GAN.opposed",
        "backward(loss.dfake,",
        "backward(self.objective.discriminator(logits, logits, 1.0).dfake,",
        G_STEP,
        "generator.2.weight",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "input_grad=False",
        "input_grad=False) or grads.flat.fill(0",
        G_STEP,
        "generator.0.bias",
    ),
]

C_STEP = "conditional GAN, generator step"
MEAN, HARDEST = "multi-GAN (mean), generators' step", "multi-GAN (hardest), generators' step"
FAMILIES = [
    Mutation(
        "models.conditional.Labelled.backward",
        "dy[:, :d]",
        "dy[:, -d:]",
        C_STEP,
        "generator.2.bias",
    ),
    Mutation(
        "models.conditional.Labelled.backward", "+= dy[:, d:]", "-= dy[:, d:]", "layer labelled"
    ),
    Mutation(
        "models.multi.of_the_mean",
        "mean([dfake for _, dfake, _ in opinions])",
        "opinions[0][1]",
        MEAN,
        "generator.0.weight",
    ),
    Mutation(
        "models.multi.of_the_hardest",
        "value, dfake\n",
        "value, -dfake\n",
        HARDEST,
        "generator2.2.bias",
    ),
    Mutation(
        "models.multi.of_the_hardest",
        "value, dfake\n",
        "value, sum(part for _, part, _ in opinions)\n",
        HARDEST,
        "generator3.2.bias",
    ),
    Mutation(
        "models.multi.Mixture.backward",
        "(dy[rows]",
        "(dy[: len(dy[rows])]",
        MEAN,
        "generator2.2.bias",
    ),
    Mutation(
        "models.multi.Mixture.backward",
        "len(dy)), cache",
        "len(dy)), cache[::-1]",
        MEAN,
        "generator.0.weight",
    ),
    Mutation(
        "models.multi.Mixture.backward",
        "np.concatenate(dx)",
        "np.concatenate(dx[::-1])",
        "layer mixture",
    ),
]

AE = "autoencoder (mse), step"
AUTOENCODER = [
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        "backward(doutput,",
        "backward(-doutput,",
        AE,
        "decoder.2.weight",
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        "backward(dcode,",
        "backward(code,",
        AE,
        "encoder.2.weight",
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        "self.loss(output, x)",
        "self.loss(x, output)",
        AE,
        "decoder.2.bias",
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        'self.encoder.backward(dcode, encoder_cache, grads["encoder"], input_grad=False)',
        "pass",
        AE,
        "encoder.0.weight",
    ),
]

KL = "        ddescribed += np.hstack(run.kl_standard_normal_backward(mean, log_var))\n"


def vaegan(old, new, parameter, name="generator_step"):
    side = parameter.split(".")[0]
    return Mutation(f"models.vaegan.VAEGAN.{name}", old, new, f"VAE-GAN, {side} step", parameter)


VAEGAN = [
    vaegan("loss.dreal[: len(x)] + loss", "loss", "discriminator.0.weight", "discriminator_step"),
    vaegan(
        "self.discriminator.backward(dreal, real_cache, grads, input_grad=False)",
        "pass",
        "discriminator.3.bias",
        "discriminator_step",
    ),
    vaegan(
        "discriminator(np.concatenate([real_logits] * 2), fake_logits",
        "discriminator(fake_logits, np.concatenate([real_logits] * 2)",
        "discriminator.0.weight",
        "discriminator_step",
    ),
    vaegan("x.shape[1] * dvalue", "dvalue", "decoder.2.weight", "error"),
    vaegan("x.shape[1] * value", "value", "decoder.2.weight", "error"),
    vaegan("dseen *= ", "dseen = dseen / ", "decoder.2.bias"),
    vaegan("error + self.adversarial_weight * ", "error + ", "decoder.0.weight"),
    vaegan("zeros_like(derror)", "ones_like(derror)", "decoder.2.bias"),
    vaegan(KL, "", "encoder.2.weight"),
    vaegan("backward(mean, log_var))", "backward(mean, log_var)[::-1])", "encoder.2.weight"),
    vaegan("ddescribed +=", "ddescribed =", "encoder.0.weight"),
    vaegan(
        "kl_standard_normal_backward(mean, log_var)",
        "kl_standard_normal_backward(log_var, mean)",
        "encoder.2.bias",
    ),
    vaegan("backward(dz, ", "backward(0 * dz, ", "encoder.2.weight"),
    vaegan("(ddescribed, encoder_cache", "(0 * ddescribed, encoder_cache", "encoder.0.bias"),
    vaegan("backward(dseen,", "backward(0 * dseen,", "decoder.0.weight"),
    vaegan('["decoder"])[:n]', '["decoder"])[n:]', "encoder.0.weight"),
    vaegan("error + kl", "error", "encoder.2.bias"),
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
    *GAN,
    *FAMILIES,
    *AUTOENCODER,
    *VAEGAN,
]


def rule(name, old, new, where=""):
    test = "test_optim.test_a_rule_is_the_sum_it_stands_for"
    return Silent(f"ops.update.{where or name}_update", old, new, test, (name, float))


MOMENTS = "test_ops.test_a_dropout_mask_keeps_its_share_and_has_mean_1"
WORDS = "test_random.test_philox_gives_the_published_words"
NORMAL = "test_random.test_normal_numbers_have_the_normal_distribution"
GAUSSIAN = "test_ops.test_a_gaussian_sample_has_its_mean_and_the_variance_exp_of_log_var"
AVERAGE = "test_optim.test_an_average_is_the_sum_of_its_past"
GATHER = "test_ops.test_gather_takes_rows_and_scales_bytes_only"
OBJECTIVE = "test_models.test_a_gan_trains_on_the_objective_and_the_labels_it_was_given"
NO_DIRECTION = (
    "test_penalties.test_where_there_is_no_direction_the_distance_from_one_has_the_gradient_0"
)
BETWEEN = (
    "test_penalties."
    "test_wgan_gp_looks_at_a_uniform_point_between_each_real_and_its_generated_sample"
)
AROUND = "test_penalties.test_dragan_looks_around_real_data"
KNOWN = "test_penalties.test_a_linear_discriminators_penalty_is_known"
NOISY = (
    "test_penalties."
    "test_instance_noise_is_added_to_all_that_the_discriminator_sees_in_training_only"
)
DECAY = "test_penalties.test_a_coefficient_falls_by_equal_factors_and_then_stays"
RECORDED = "test_programs.test_penalized_steps_are_recorded"
PUT_BACK = "test_players.test_the_discriminator_that_ran_ahead_is_put_back_bit_for_bit"
SURROGATE = (
    "test_players.test_the_surrogate_gradient_is_that_against_the_discriminator_as_it_came_to_be"
)
PACKS = "test_players.test_a_pack_is_samples_side_by_side"
SHARES = "test_players.test_generators_share_the_samples_evenly"
OPINIONS = "test_players.test_generators_are_against_the_mean_or_the_hardest_of_the_opinions"
SPREAD = "test_models.test_the_spread_widens_the_noise_of_samples_and_of_nothing_else"
CLASSES = "test_conditional.test_generated_samples_have_the_labels_of_the_batch"
RANGE = "test_conditional.test_labels_are_columns_in_the_networks_range_whatever_the_data"
ASKED = "test_conditional.test_samples_are_of_the_class_that_was_asked_for"
CLIP = "test_optim.test_clipping_by_norm_shortens_what_is_longer_and_keeps_its_direction"

SILENT = [
    rule("sgd", "w -=", "w +="),
    rule("sgd", "w -= lr * g", "w -= g"),
    rule("momentum", "    v *= momentum\n", ""),
    rule("momentum", "v += g", "v += (1 - momentum) * g"),
    rule("rmsprop", "np.sqrt(v) + eps", "np.sqrt(v + eps)"),
    rule("rmsprop", "np.square(g)", "np.abs(g)"),
    rule("rmsprop", "    v *= decay\n", ""),
    rule("adam", "lr / (1 - beta1**t)", "lr"),
    rule("adam", "v / (1 - beta2**t)", "v"),
    rule("adam", "v / (1 - beta2**t)", "v / (1 - beta2)"),
    rule("adam", "np.sqrt(v / (1 - beta2**t)) + eps", "np.sqrt(v / (1 - beta2**t) + eps)"),
    rule("adam", "m += (1 - beta1) * g", "m += g"),
    rule("adam", "v *= beta2", "v *= beta1"),
    rule("adamw", "lr * weight_decay", "weight_decay"),
    rule("adamw", "    w *= 1 - lr * weight_decay\n", ""),
    *(rule(name, "    g.fill(0)\n", "") for name in ("sgd", "momentum", "rmsprop", "adam")),
    Silent("ops.update.ema_update", "(1 - decay) * w", "decay * w", AVERAGE),
    Silent("ops.update.ema_update", "    average *= decay\n", "", AVERAGE),
    Silent("ops.random.dropout_mask", "1 / (1 - rate)", "1", MOMENTS, (0.5,)),
    Silent("ops.random.dropout_mask", "1 / (1 - rate)", "1 / rate", MOMENTS, (0.1,)),
    Silent("ops.random.dropout_mask", ">= threshold", "< threshold", MOMENTS, (0.1,)),
    Silent("ops.random.dropout_mask", "threshold(rate)", "threshold(rate / 2)", MOMENTS, (0.5,)),
    Silent("ops.random.philox", "q >> 32 ^ b", "q >> 31 ^ b", WORDS),
    Silent("ops.random.philox", "^ k1", "^ k0", WORDS),
    Silent("ops.random.philox", "KEY_STEP[0]", "KEY_STEP[1]", WORDS),
    Silent("ops.random.standard_normal", "-2 *", "-1 *", NORMAL),
    Silent("ops.random.standard_normal", "np.sin", "np.cos", NORMAL),
    Silent("ops.random.standard_normal", "2 * math.pi", "math.pi", NORMAL),
    Silent("ops.random.standard_normal", "words[:, 1]", "words[:, 0]", NORMAL),
    Silent("ops.noise.gaussian_sample_forward", "log_var / 2", "log_var", GAUSSIAN, (3.0, 2.0)),
    Silent(
        "ops.noise.gaussian_sample_forward", "log_var / 2", "-log_var / 2", GAUSSIAN, (3.0, 2.0)
    ),
    Silent("ops.noise.gaussian_sample_forward", "mean + ", "", GAUSSIAN, (3.0, 2.0)),
    Silent("ops.batch.gather", "/ 255", "/ 256", GATHER, (0.0, 1.0)),
    Silent("ops.batch.gather", " + np.float32(low)", "", GATHER, (-1.0, 1.0)),
    Silent("ops.update.clip_by_norm", "limit / norm", "1 / norm**2", CLIP, (3.0,)),
    Silent("ops.update.clip_by_norm", "if norm > limit:", "if norm:", CLIP, (0.5,)),
    Silent(
        "optim.Optimizer._advance",
        "    self.t += 1\n",
        "    self.t += 2\n",
        "test_optim.test_the_first_update_has_the_schedules_first_rate",
    ),
    Silent(
        "models.gan.GAN.discriminator_step",
        "1 - self.label_smoothing",
        "1.0",
        OBJECTIVE,
        ("minimax",),
    ),
    Silent(
        "models.gan.GAN.discriminator_step",
        "discriminator(real_logits, fake_logits",
        "discriminator(fake_logits, real_logits",
        OBJECTIVE,
        ("minimax",),
    ),
    Silent(
        "models.gan.GAN.opposed",
        "discriminator.backward(loss.dfake, cache)",
        "discriminator.backward(loss.dfake, cache, self.grads[name])",
        "test_models.test_the_generators_step_gives_the_discriminator_no_gradient_and_leaves_it_alone",
    ),
    Silent(
        "penalties.gradient_penalty", "np.ones_like(", "2 * np.ones_like(", KNOWN, ("r1", "numpy")
    ),
    Silent(
        "penalties.gradient_penalty",
        "(logits), cache",
        "(logits) / len(x), cache",
        KNOWN,
        ("r1", "numpy"),
    ),
    Silent(
        "penalties.distance_from_one", "np.where(norm > 0, norm, 1)", "norm", NO_DIRECTION, (float,)
    ),
    Silent(
        "penalties.distance_from_one",
        "np.where(norm > 0, norm, 1)",
        "(norm + 1e-3)",
        NO_DIRECTION,
        (float,),
    ),
    Silent("penalties.between", "_uniform(real, rng)", "_uniform(real, rng) ** 2", BETWEEN),
    Silent("penalties._uniform", "(len(x), 1)", "x.shape", BETWEEN),
    Silent("penalties.around_real", "alpha * (", "(", AROUND),
    Silent("penalties.around_real", " * real.std()", "", AROUND),
    Silent(
        "penalties.penalized_backward",
        "c[:n], c[n:] =",
        "c[n:], c[:n] =",
        "test_penalties.test_the_discriminators_loss_and_gradient_are_its_objectives_plus_the_penaltys",
        ("r1",),
    ),
    Silent(
        "penalties.penalized_backward",
        "points(real, fake,",
        "points(fake, real,",
        "test_penalties.test_the_discriminators_loss_and_gradient_are_its_objectives_plus_the_penaltys",
        ("dragan",),
    ),
    Silent(
        "penalties.penalized_backward",
        "now = coefficients()",
        "now = penalties",
        RECORDED,
        ("decaying", None),
    ),
    Silent("penalties.geometric", "min(step / steps, 1)", "step / steps", DECAY),
    Silent("models.gan.GAN.unrolled", "array[...] = old", "pass", PUT_BACK),
    Silent("models.gan.GAN.unrolled", "rule.t = t", "pass", PUT_BACK),
    Silent("models.gan.GAN.unrolled", "self._update_discriminators(batch, rng)", "pass", SURROGATE),
    Silent("models.gan.GAN.shown", ".reshape(-1,", ".T.reshape(-1,", PACKS),
    Silent("models.gan.GAN.sample", "self.spread * ", "", SPREAD),
    Silent("models.multi.Mixture._shares", "i * n // k, (i", "0, (i", SHARES, (7,)),
    Silent("models.multi.of_the_hardest", "max(", "min(", OPINIONS),
    Silent("models.multi.mean", "1 / len(parts)", "1", OPINIONS),
    Silent(
        "models.conditional.ConditionalGAN.latent_for", "-self.classes :", ": self.classes", CLASSES
    ),
    Silent("models.labels.Labels.one_hot", "high, low)", "low, high)", RANGE, (None, 0, 1)),
    Silent("models.labels.Labels.labels_for", "% self.classes", "// self.classes", ASKED),
    Silent("models.gan.GAN._noisy", "self.instance_noise *", "", NOISY),
    Silent("models.gan.GAN.discriminator_step", "self.shown(real, rng), ", "real, ", NOISY),
    Silent("models.gan.GAN.opposed", "self.shown(fake, rng)", "fake", NOISY),
    Silent("models.gan.GAN._rivals", "self.shown(real, rng)", "real", NOISY),
    Silent("models.gan.GAN.shown", "self._noisy(x, rng)", "x", NOISY),
    Silent(
        "models.gan.GAN.discriminator_step",
        "self.fake_label_smoothing)",
        "0.0)",
        OBJECTIVE,
        ("minimax",),
    ),
    Silent(
        "models.vaegan.VAEGAN.generator_step",
        "np.concatenate([self.discriminator(x, rng)] * 2)",
        "logits",
        "test_models.test_a_vaegan_trains_on_the_objective_it_was_given",
        ("relativistic",),
    ),
    Silent(
        "models.model.Model._forget",
        "grads.flat.fill(0)",
        "pass",
        "test_models.test_training_forgets_the_gradients_that_an_unfinished_step_left",
        ("GAN",),
    ),
    Silent(
        "models.gan.GAN.train_step",
        "% self.n_critic == 0",
        "% self.n_critic == 1",
        "test_models.test_n_critic_lets_the_generator_move_every_third_step",
    ),
    Silent(
        "models.model.Model._refuse",
        "raise NonFiniteError(",
        "(",
        "test_models.test_a_huge_learning_rate_ends_in_a_non_finite_error_and_finite_weights",
    ),
]
