"""Everything in npgan that has a gradient, as cases for the checker: ``npgan gradcheck`` runs them.

Small non-square shapes with every element checked; then the presets' networks, along random
directions.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.gradcheck import Function, Report, gradcheck
from npgan.layers import (
    LAYERS,
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    GaussianSample,
    Layer,
    LeakyReLU,
    Residual,
    Sequential,
    SpectralDense,
    build,
)
from npgan.layers.normalisation import Norm
from npgan.losses import OBJECTIVES, RECONSTRUCTIONS
from npgan.models import GAN, VAEGAN, Autoencoder, ConditionalGAN, Model, MultiGAN
from npgan.models.multi import AGAINST
from npgan.models.presets import PRESETS
from npgan.optim import SGD
from npgan.parameters import Parameters
from npgan.penalties import PENALTIES, gradient_penalty


@dataclass(frozen=True)
class Case:
    """Something to check.

    Attributes
    ----------
    name : what it is
    target, inputs, options : what :func:`npgan.gradcheck` is given
    analytic : whether the complex step can check it as well
    """

    name: str
    target: Layer | Function
    inputs: tuple[np.ndarray, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    analytic: bool = False

    def check(self, method: str = "central") -> Report:
        """Run the checker."""
        return gradcheck(self.target, *self.inputs, method=method, **self.options)


def cases() -> Iterator[Case]:
    """Yield a case for every operation, layer, objective, model and preset."""
    families = _operations, _layers, _second_derivatives, _penalties, _objectives, _steps, _presets
    for seed, family in enumerate(families):
        yield from family(np.random.default_rng(seed))


def _operations(rng: np.random.Generator) -> Iterator[Case]:
    x, weight, bias = (rng.standard_normal(shape) for shape in ((4, 3), (3, 2), (2,)))

    def dense(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, Callable]:
        def vjp(dy: np.ndarray) -> tuple[np.ndarray, ...]:
            dweight, dbias = np.zeros((3, 2)), np.zeros(2)
            run.dense_backward_parameters(dy, x.real, dweight, dbias)
            return run.dense_backward_input(dy, weight.real), dweight, dbias

        return run.dense_forward(x, weight, bias), vjp

    yield Case("dense", dense, (x, weight, bias), analytic=True)
    yield Case("chain", _chain, (x, rng.standard_normal(26)))
    p = rng.uniform(0.1, 0.9, (4, 3))
    target = rng.uniform(0.1, 0.9, (4, 3))
    labels = np.array([0, 2, 1, 2])
    losses = {
        "mse": (x, target),
        "l1": (x, target),
        "bce": (p, target),
        "bce_with_logits": (x, target),
        "softmax_cross_entropy": (x, labels),
    }
    for name, (prediction, truth) in losses.items():
        yield Case(f"{name} loss", _loss(name, truth), (prediction,), analytic=name != "l1")
    mean, log_var = rng.standard_normal((2, 4, 3))
    yield Case("kl_standard_normal loss", _kl, (mean, log_var), analytic=True)
    u, v = (rng.standard_normal(n) for n in (3, 2))

    def spectral_norm(weight: np.ndarray) -> tuple[np.ndarray, Callable]:
        normal, sigma = run.spectral_norm_forward(weight, u, v)
        return normal, lambda dy: run.spectral_norm_backward(dy, normal.real, sigma.real, u, v)

    yield Case("spectral_norm", spectral_norm, (weight,), analytic=True)


PLAN = np.array([[3, 4, 0, 12, 2, 0], [4, 2, 16, 24, 4, 4]])  # 3 -> 4 leaky ReLU -> 2 tanh
ARGUMENTS = np.array([0.3, 0.0])


def _chain(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, Callable]:
    y = run.chain_forward(x, w, PLAN, ARGUMENTS)

    def vjp(dy: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        grads = np.zeros(w.shape)
        return run.chain_backward(dy, x, y, w, PLAN, ARGUMENTS, grads, True), grads

    return y[4 * 4 :].reshape(4, 2), vjp


def _loss(name: str, target: np.ndarray) -> Function:
    def function(x: np.ndarray) -> tuple[Any, np.ndarray]:
        value = getattr(run, f"{name}_forward")(x, target)
        return value, getattr(run, f"{name}_backward")(x.real, target)

    return function


def _kl(mean: np.ndarray, log_var: np.ndarray) -> tuple[Any, tuple[np.ndarray, np.ndarray]]:
    value = run.kl_standard_normal_forward(mean, log_var)
    return value, run.kl_standard_normal_backward(mean.real, log_var.real)


ACTIVATIONS = [name for name, layer in LAYERS.items() if issubclass(layer, Activation)]
CORNERED = {"relu", "leaky_relu", "minibatch_discrimination"}
SIZED = {
    "dense": "dense 4 3",
    "layer_norm": "layer_norm 4",
    "batch_norm": "batch_norm 4",
    "minibatch_discrimination": "minibatch_discrimination 4 3 2",
    "spectral_dense": "spectral_dense 4 3",
    "fourier": "fourier 4 3 0.1 0.4",
    "scale": "scale 3.0",
}


def _example(name: str) -> Layer:
    """Return a layer for inputs 4 wide."""
    return _prepared(build([SIZED.get(name, name)], rng=0)).layers[0]


def _prepared(network: Sequential) -> Sequential:
    """Return a network in float64, fit to be checked.

    A normalisation's weights are not 1, which would hide that they are forgotten. Singular vectors
    are where passes that move them leave them: what a step of several passes computes has its gradient.
    """
    network = network.astype(np.float64)
    for layer in network.layers:
        if isinstance(layer, Norm):
            layer.parameters.flat[...] = np.linspace(0.5, 1.5, layer.parameters.flat.size)
        if isinstance(layer, SpectralDense):
            for _ in range(500):
                run.power_iteration(layer.parameters["weight"], *layer.buffers.values())
    return network


def _layers(rng: np.random.Generator) -> Iterator[Case]:
    for name in LAYERS:
        x = rng.standard_normal((5, 4))
        yield Case(f"layer {name}", _example(name), (x,), analytic=name not in CORNERED)
    frozen = _example("batch_norm")
    frozen.buffers.flat[...] = rng.uniform(0.5, 1.5, 8)

    def evaluated(x: np.ndarray) -> tuple[np.ndarray, Callable]:
        y, cache = frozen.forward(x)

        def vjp(dy: np.ndarray) -> dict[str, np.ndarray]:
            grads = frozen.parameters.like()
            return {"x": frozen.backward(dy, cache, grads), **grads}

        return y, vjp

    x = rng.standard_normal((5, 4))
    yield Case("layer batch_norm, evaluated", evaluated, (x,), {"wrt": frozen.parameters})
    deep = Sequential(
        Dense(4, 5), LeakyReLU(), Dropout(0.3), Dense(5, 6), GaussianSample(), Dense(3, 2), rng=0
    )
    yield Case("layer sequential", deep, (rng.standard_normal((5, 4)),))
    block = Residual(Dense(4, 5), LeakyReLU(), Dense(5, 4), rng=0)
    yield Case("layer residual", block, (rng.standard_normal((5, 4)),))


def _second_derivatives(rng: np.random.Generator) -> Iterator[Case]:
    """Yield each layer's backward pass as a function of ``dy``, x and the parameters."""
    for name, kind in LAYERS.items():
        if kind not in (GaussianSample, BatchNorm):
            yield _second_derivative(f"second derivative of {name}", _example(name), rng)
    deep = ["dense 4 5", "tanh", "dropout 0.3", "dense 5 6", "elu", "dense 6 3", "softplus"]
    yield _second_derivative("second derivative of sequential", build(deep, rng=0), rng)
    block = build([["dense 4 5", "tanh", "dense 5 4"]], rng=0)
    yield _second_derivative("second derivative of residual", block, rng)
    yield Case(
        "second derivative of chain", _chain_backward, tuple(map(rng.standard_normal, SHAPES))
    )
    yield Case("loss and penalty of chain", _penalized(rng), (rng.standard_normal(21),))
    wavy = ["scale 0.5", "fourier 3 2 0.2 0.4", "dense 15 4", "leaky_relu", "dense 4 1"]
    yield _penalized_network("loss and penalty above waves", build(wavy, rng=0), rng)


def _second_derivative(name: str, layer: Layer, rng: np.random.Generator) -> Case:
    layer = layer.astype(np.float64)
    x = rng.standard_normal((5, 4))
    dy = rng.standard_normal(layer(x).shape)
    buffers = layer.buffers.flat.copy()

    def function(dy: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, Callable]:
        layer.buffers.flat[...] = buffers
        cache = layer.forward(x, np.random.default_rng(0))[1]
        dx, record = layer.input_gradient(dy, cache)

        def vjp(ddx: np.ndarray) -> dict[str, np.ndarray]:
            grads = layer.parameters.like()
            ddy, dx = layer.double_backward(ddx, record, cache, grads)
            return {"x0": ddy, "x1": np.zeros(x.shape) if dx is None else dx, **grads}

        return dx, vjp

    return Case(name, function, (dy, x), {"wrt": layer.parameters})


SHAPES = (4, 2), (4, 3), (26,)  # of dy, x and w, for the chain above


def _chain_backward(dy: np.ndarray, x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, Callable]:
    y = run.chain_forward(x, w, PLAN, ARGUMENTS)

    def vjp(ddx: np.ndarray) -> tuple[np.ndarray, ...]:
        grads = np.zeros(w.shape)
        passed = (dy, x, y, w, PLAN, ARGUMENTS, grads, True)
        return *run.chain_double_backward(ddx, *passed), grads

    return run.chain_backward(dy, x, y, w, PLAN, ARGUMENTS, None, True), vjp


CRITIC = np.array([[3, 4, 0, 12, 4, 0], [4, 1, 16, 20, 0, 4]])  # 3 -> 4 tanh -> 1


def _penalized(rng: np.random.Generator) -> Function:
    x, dy, c = (rng.uniform(0.5, 1.5, shape) for shape in ((5, 3), (5, 1), (5, 1)))

    def function(w: np.ndarray) -> tuple[Any, np.ndarray]:
        grads, rest = np.zeros(w.shape), (w, CRITIC, np.zeros(2))
        y = run.chain_forward(x, *rest)
        penalty = run.chain_penalized_backward(dy, c, x, y, *rest, grads)
        return (dy[:, 0] * y[-5:]).sum() + penalty, grads

    return function


CRITICS = {a: ["dense 4 5", a, "dense 5 3", a, "dense 3 1"] for a in ACTIVATIONS} | {
    "layer_norm": ["dense 4 5", "layer_norm 5", "tanh", "dense 5 1"],
    "minibatch_stddev": ["dense 4 5", "tanh", "minibatch_stddev", "dense 6 3", "elu", "dense 3 1"],
    "minibatch_discrimination": [
        *("dense 4 5", "tanh", "minibatch_discrimination 5 3 2", "dense 8 3", "elu", "dense 3 1"),
    ],
    "spectral_dense": ["spectral_dense 4 5", "tanh", "spectral_dense 5 1"],
}


def _penalized_network(name: str, net: Sequential, rng: np.random.Generator) -> Case:
    net = net.astype(np.float64)
    x, dy, c = (rng.uniform(0.5, 1.5, shape) for shape in ((5, 3), (5, 1), (5, 1)))

    def function() -> tuple[Any, Parameters]:
        logits, cache = net.forward(x)
        grads = net.parameters.like()
        return (dy * logits).sum() + net.penalized_backward(dy, c, cache, grads), grads

    return Case(name, function, (), {"wrt": net.parameters})


def _penalties(rng: np.random.Generator) -> Iterator[Case]:
    """Yield every penalty of a discriminator with every activation or layer, by all its parameters."""
    real, fake = rng.standard_normal((2, 5, 4))
    for layer, specs in CRITICS.items():
        net = _prepared(build(specs, rng=0))
        for name, (points, measure) in PENALTIES.items():
            x = points(real, fake, np.random.default_rng(0))

            def penalty(
                net: Sequential = net, x: np.ndarray = x, measure: Callable = measure
            ) -> tuple[Any, Parameters]:
                grads = net.parameters.like()
                return gradient_penalty(net, x, measure, 3.0, grads), grads

            yield Case(f"penalty {name}, {layer}", penalty, (), {"wrt": net.parameters})


def _objectives(rng: np.random.Generator) -> Iterator[Case]:
    real, fake = rng.standard_normal((2, 5, 1))
    for name, objective in OBJECTIVES.items():

        def discriminator(
            real: np.ndarray,
            fake: np.ndarray,
            loss: Callable = objective.discriminator,
            labels: tuple = (0.9, 0.2) if objective.labels else (),
        ) -> tuple[Any, tuple[np.ndarray, np.ndarray]]:
            result = loss(real, fake, *labels)
            return result.value, (result.dreal, result.dfake)

        yield Case(f"objective {name}, discriminator", discriminator, (real, fake))
        rivals = (real,) if objective.relativistic else ()
        yield Case(
            f"objective {name}, generator",
            lambda fake, loss=objective.generator, rivals=rivals: loss(fake, *rivals),
            (fake,),
        )
    x, target = rng.uniform(0.1, 0.9, (2, 4, 3))
    for name, loss in RECONSTRUCTIONS.items():
        yield Case(f"reconstruction {name}", lambda x, loss=loss: loss(x, target), (x,))


def _networks(*specs: list[str]) -> list[Sequential]:
    return [build(spec, rng=i).astype(np.float64) for i, spec in enumerate(specs)]


def _sgd(*names: str) -> dict[str, SGD]:
    return {name: SGD(0.1) for name in names}


BEAR = "layers that bear a penalty"
NORMALIZED = {
    "batch_norm": (
        ["dense 3 5", "batch_norm 5", "tanh", "layer_norm 5", "dense 5 4", "sigmoid"],
        ["dense 4 6", "batch_norm 6", "leaky_relu 0.2", "dense 6 1"],
    ),
    BEAR: (
        ["dense 3 5", "tanh", "spectral_dense 5 4", "sigmoid"],
        [
            *("spectral_dense 4 6", "tanh", "layer_norm 6", "minibatch_discrimination 6 2 2"),
            *("spectral_dense 8 5", "elu", "minibatch_stddev", "dense 6 1"),
        ],
    ),
}


def _steps(rng: np.random.Generator) -> Iterator[Case]:
    generator = ["dense 3 5", "relu", "dense 5 4", "sigmoid"]
    critic = ["dense 4 6", "leaky_relu 0.2", "dropout 0.3", "dense 6 1"]
    gans: dict[str, dict[str, Any]] = {name: {"objective": name} for name in OBJECTIVES}
    for name in gans:
        if OBJECTIVES[name].labels:
            gans[name] |= {"label_smoothing": 0.1, "fake_label_smoothing": 0.2}
    gans["all penalties, instance noise"] = {
        "penalties": {name: 0.5 + i for i, name in enumerate(PENALTIES)},
        "instance_noise": 0.3,
    }
    gans["batch_norm"], gans[BEAR] = {}, {"penalties": dict.fromkeys(PENALTIES, 0.5)}
    for name, settings in gans.items():
        players = _networks(*NORMALIZED.get(name, (generator, critic)))
        sgd = _sgd("generator", "discriminator")
        gan = GAN(*map(_prepared, players), **settings, optimizers=sgd)
        yield from gan_steps(f"GAN ({name})", gan, rng.random((5, 4)), {})
    yield from _families(rng)
    encoder = ["dense 4 5", "elu 1.0", "dense 5 2"]
    decoder = ["dense 2 5", "tanh", "dense 5 4", "sigmoid"]
    for loss in RECONSTRUCTIONS:
        model = Autoencoder(
            *_networks(encoder, decoder), loss=loss, optimizers=_sgd("encoder", "decoder")
        )
        yield from autoencoder_steps(f"autoencoder ({loss})", model, rng.random((5, 4)), {})
    encoder = ["dense 4 5", "relu", "dense 5 4"]
    for name, objective in (
        ("VAE-GAN", "non-saturating"),
        ("VAE-GAN (relativistic)", "relativistic"),
    ):
        vaegan = VAEGAN(
            *_networks(encoder, decoder, critic),
            adversarial_weight=0.7,
            objective=objective,
            optimizers=_sgd("encoder", "decoder", "discriminator"),
        )
        yield from vaegan_steps(name, vaegan, rng.random((5, 4)), {})


def _families(rng: np.random.Generator) -> Iterator[Case]:
    """Yield the steps of GANs whose players see more, or are more, than one sample and two."""
    generator, data = ["dense 3 5", "relu", "dense 5 4", "sigmoid"], rng.random((6, 4))
    settings: dict[str, Any] = {"penalties": {"r1": 0.5, "wgan-gp": 2.0}, "instance_noise": 0.3}
    critic = ["dense 8 6", "leaky_relu 0.2", "dense 6 1"]
    networks = _networks(generator, critic)
    packed = GAN(*networks, packing=2, **settings, optimizers=_sgd("generator", "discriminator"))
    yield from gan_steps("GAN (packing)", packed, data, {})
    told = ["dense 5 5", "tanh", "dense 5 4", "sigmoid"]
    critic = ["dense 6 6", "softplus", "dropout 0.3", "dense 6 1"]
    conditional = ConditionalGAN(
        *_networks(told, critic),
        classes=2,
        objective="relativistic",
        **settings,
        optimizers=_sgd("generator", "discriminator"),
    )
    yield from gan_steps("conditional GAN", conditional, data, {})
    yield Case("layer labelled", conditional.generator, (rng.standard_normal((4, 5)),))
    critic = ["dense 4 6", "elu", "dense 6 1"]
    names = "generator", "generator2", "generator3", "discriminator", "discriminator2"
    for against in AGAINST:
        networks = _networks(*[generator] * 3, *[critic] * 2)
        players = dict(zip(names, networks, strict=True))
        several = MultiGAN(players, against=against, **settings, optimizers=_sgd(*names))
        yield from multi_steps(f"multi-GAN ({against})", several, data, {})
    yield Case("layer mixture", several.generator, (rng.standard_normal((7, 3)),))


def _step_case(name: str, model: Model, step: Callable, options: Mapping[str, Any]) -> Case:
    """Check ``step(rng, grads) -> loss`` by every parameter of the networks that it trains."""
    networks = options["wrt"]
    wrt = {f"{n}.{p}": w for n in networks for p, w in model.networks[n].parameters.items()}
    buffers = [(net.buffers.flat, net.buffers.flat.copy()) for net in model.networks.values()]

    def function() -> tuple[Any, dict[str, np.ndarray]]:
        for mine, start in buffers:
            mine[...] = start
        grads = {n: model.networks[n].parameters.like() for n in networks}
        loss = step(np.random.default_rng(0), grads)
        return loss, {f"{n}.{p}": g for n in networks for p, g in grads[n].items()}

    return Case(name, function, (), {**options, "wrt": wrt})


def gan_steps(name: str, gan: GAN, real: np.ndarray, options: Mapping) -> Iterator[Case]:
    """Yield one complete step of each of a GAN's players, on real data and fixed noise."""
    real = gan.rows(real, np.arange(len(real)) % 2)
    z = np.random.default_rng(1).standard_normal((len(real), gan.generator.in_width))
    z[:, gan.latent_dim :] = real[:, gan.features :]  # the labels, if there are any
    yield _step_case(
        f"{name}, discriminator step",
        gan,
        lambda rng, grads: gan.discriminator_step(real, z, grads["discriminator"], rng).loss,
        {**options, "wrt": ["discriminator"]},
    )
    yield _step_case(
        f"{name}, generator step",
        gan,
        lambda rng, grads: gan.generator_step(z, grads["generator"], rng, real).loss,
        {**options, "wrt": ["generator"]},
    )


def multi_steps(
    name: str, gan: MultiGAN, real: np.ndarray, options: Mapping[str, Any]
) -> Iterator[Case]:
    """Yield a step of each discriminator, and one of all generators together."""
    z = np.random.default_rng(1).standard_normal((len(real), gan.latent_dim))
    for critic in gan.discriminators:
        yield _step_case(
            f"{name}, {critic} step",
            gan,
            lambda rng, grads, critic=critic: (
                gan.discriminator_step(real, z, grads[critic], rng, critic).loss
            ),
            {**options, "wrt": [critic]},
        )

    def generators() -> tuple[Any, Parameters]:
        grads = gan.generator.parameters.like()
        return gan.generator_step(z, grads, np.random.default_rng(0), real).loss, grads

    yield Case(
        f"{name}, generators' step", generators, (), {**options, "wrt": gan.generator.parameters}
    )


def autoencoder_steps(
    name: str, model: Autoencoder, x: np.ndarray, options: Mapping
) -> Iterator[Case]:
    """Yield one complete step of an autoencoder."""
    yield _step_case(
        f"{name}, step",
        model,
        lambda rng, grads: model.reconstruction_step(x, grads, rng),
        {**options, "wrt": ["encoder", "decoder"]},
    )


def vaegan_steps(name: str, model: VAEGAN, x: np.ndarray, options: Mapping) -> Iterator[Case]:
    """Yield one complete step of each side of a VAE-GAN, the sampling noise replayed."""
    yield _step_case(
        f"{name}, discriminator step",
        model,
        lambda rng, grads: model.discriminator_step(x, rng, grads["discriminator"])[0],
        {**options, "wrt": ["discriminator"]},
    )
    yield _step_case(
        f"{name}, encoder and decoder step",
        model,
        lambda rng, grads: model.generator_step(x, rng, grads)["loss"],
        {**options, "wrt": ["encoder", "decoder"]},
    )


STEPS: dict[str, Callable[..., Iterator[Case]]] = {
    "gan": gan_steps,
    "conditional-gan": gan_steps,
    "autoencoder": autoencoder_steps,
    "vae-gan": vaegan_steps,
}


def _presets(rng: np.random.Generator) -> Iterator[Case]:
    for name, config in PRESETS.items():
        model = config.build(rows=config.batch_size)
        in_float64(model)
        for network in model.networks.values():  # small first weights leave all near their corners
            network.parameters.flat += 0.1 * rng.standard_normal(network.parameters.flat.size)
        x = rng.random((4, model.features))
        yield from STEPS[config.model](f"preset {name}", model, x, {"directions": 2})


def in_float64(model: Model) -> None:
    """Move a model's networks to float64, in place."""
    for network in model.networks.values():
        twin = network.astype(np.float64)
        network.bind(twin.parameters, twin.buffers)
