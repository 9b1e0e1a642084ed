"""A recorded step does, bit for bit, what its operations do one by one."""

from functools import partial

import numpy as np
import pytest
from small_networks import for_rows
from steps_recorded import (
    HIDDEN,
    IN_FLOAT64,
    WIDTH,
    autoencoder,
    check,
    compiled,
    critic,
    gan,
    generator,
    nested,
    rows,
    several,
)

from npgan import (
    GAN,
    IWAE,
    VAE,
    ConditionalGAN,
    ConditionalVAE,
    Dense,
    LeakyReLU,
    ReLU,
    Sequential,
    Tanh,
    optim,
)
from npgan.data import load
from npgan.layers import LAYERS, build
from npgan.models.config import MODELS
from npgan.models.presets import PRESETS, preset
from npgan.objectives.losses import OBJECTIVES, RECONSTRUCTIONS
from npgan.objectives.penalties import geometric

PLAIN = [
    name
    for name, config in PRESETS.items()
    if MODELS[config.model].recorded and "penalties" not in config.settings
]


@compiled
@pytest.mark.parametrize("name", PLAIN)
def test_presets_are_recorded(name, threads):
    def make():
        return preset(name).build(1000)

    model = make()
    data = load("penguins").train if model.of_tables else rows(model.features, np.uint8)
    labels = np.arange(len(data)) % model.labels.classes if model.labels else None
    count = 2 + 2 * getattr(model, "n_critic", 1)  # some, after each kind of step was recorded
    check(make, model.rows(data, labels), count=count)


PENALIZED = {
    "r1 and r2": {"penalties": {"r1": 2.0, "r2": 0.5}},
    "r1": {"penalties": {"r1": 1.0}, "objective": "relativistic"},
    "r2": {"penalties": {"r2": 1.0}, "instance_noise": 0.1},
    "decaying": {"penalties": {"r1": geometric(2.0, 0.02, 8), "r2": 0.5}},
}


@compiled
@pytest.mark.parametrize("name", PENALIZED)
def test_penalized_steps_are_recorded(name, threads):
    """One product a stage is another sum than two: equal but for rounding, here of float64."""

    def make():
        generator = Sequential(Dense(4, HIDDEN), Tanh(), Dense(HIDDEN, WIDTH), rng=0)
        layers = Dense(WIDTH, HIDDEN), LeakyReLU(), Dense(HIDDEN, 9), ReLU(), Dense(9, 1)
        discriminator = Sequential(*layers, rng=1)
        networks = (net.astype(np.float64) for net in (generator, discriminator))
        rules = {name: optim.SGD(0.1) for name in ("generator", "discriminator")}
        return GAN(*networks, optimizers=rules, **PENALIZED[name])

    check(make, rows(dtype=np.float64), close=1e-9)


FIRST = {
    "dense": ["dense 4 12"],
    "fourier": ["fourier 4 1 0.2 0.2"],
    "conv2d": ["reshape 2 2 1", "conv2d 1 3 2 1 1 2", "leaky_relu 0.2", "flatten", "dense 12 12"],
}


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("name", PENALIZED)
def test_small_penalized_steps_are_recorded_without_a_compiler_too(name, first):
    """Slow as Python's loops are, so that debuggers see these kernels."""

    def make():
        critic = [*FIRST[first], "leaky_relu 0.2", "dense 12 5", "relu", "dense 5 1"]
        players = (build(layers, rng=1) for layers in (["dense 2 4"], critic))
        return GAN(*(player.astype(np.float64) for player in players), **PENALIZED[name])

    check(make, rows(4, np.float64, n=7), batch_size=3, count=3, close=1e-9)


def convolutional(channels=1, last="leaky_relu 0.2", dtype=np.float32, **settings):
    """Return a small GAN of convolutions, with a dense layer next to them."""
    image = f"reshape 8 8 {channels}"
    layers = (
        ["dense 20 32", "relu", "reshape 4 4 2", "conv_transpose2d 2 4 3 1 1", "batch_norm 4", "relu",
         f"conv_transpose2d 4 {channels} 4 2 1", "flatten", "sigmoid"],
        [image, f"conv2d {channels} 6 4 2 1", "leaky_relu 0.2", "conv2d 6 7 3 1 1", last, "flatten",
         "dense 112 20", last, "dense 20 1"],
    )  # fmt: skip
    return GAN(*(build(specs, rng=i).astype(dtype) for i, specs in enumerate(layers)), **settings)


@compiled
@pytest.mark.parametrize("channels", [1, 3, 5])
def test_steps_of_convolutions_are_recorded(channels, threads):
    check(partial(convolutional, channels), rows(64 * channels))


@compiled
@pytest.mark.parametrize("last", ["leaky_relu 0.2", "tanh"])
@pytest.mark.parametrize("name", PENALIZED)
def test_penalized_steps_of_convolutions_are_recorded(name, last):
    made = partial(convolutional, 1, last, np.float64, **PENALIZED[name])
    check(made, rows(64, dtype=np.float64), close=1e-8)


def conditional(packing=1, dtype=np.float32, **settings):
    """Return a small conditional GAN of three classes."""
    layers = generator(WIDTH - 3), critic(packing * WIDTH)
    networks = (build(specs, rng=i).astype(dtype) for i, specs in enumerate(layers))
    return ConditionalGAN(*networks, classes=3, packing=packing, **settings)


def conditional_vae():
    """Return a small conditional VAE of three classes."""
    layers = [f"dense {WIDTH} 8"], ["dense 7 9", "tanh", f"dense 9 {WIDTH - 3}", "sigmoid"]
    return ConditionalVAE(*(build(specs, rng=i) for i, specs in enumerate(layers)), classes=3)


def with_layers(*more):
    """Return a small GAN whose discriminator has further layers before the last one."""
    dense, activation, last = critic()
    networks = generator(), [dense, activation, *more, last]
    return GAN(*(build(specs, rng=i) for i, specs in enumerate(networks)))


def with_layers_first(*first):
    """Return a small GAN whose discriminator begins with other layers."""
    return GAN(build(generator(), rng=0), build([*first, *critic()], rng=1))


def with_example(name):
    """Return a small GAN whose discriminator has a layer of a kind."""
    critic = build([f"dense {WIDTH} 4", *for_rows(name)], rng=1)
    critic = Sequential(critic, Dense(critic.out_width, 1), rng=2)
    return GAN(build(generator(), rng=0), critic)


def vae(model=VAE, **settings):
    """Return a small variational autoencoder."""
    last = [] if settings.get("likelihood") == "gaussian" else ["sigmoid"]
    layers = [f"dense {WIDTH} 8"], ["dense 4 9", "tanh", f"dense 9 {WIDTH}", *last]
    return model(*(build(specs, rng=i) for i, specs in enumerate(layers)), **settings)


@compiled
@pytest.mark.parametrize("packing", [1, 2])
def test_penalties_of_the_data_alone_are_recorded(packing, threads):
    penalties = {"r1": geometric(2.0, 0.02, 8), "r2": 0.5}
    made = partial(conditional, packing, np.float64, penalties=penalties)
    check(made, rows(dtype=np.float64), close=1e-9)


CASES = {
    **{f"optimiser {name}": lambda rule=rule: gan(rule=lambda: rule(1e-2))
       for name, rule in optim.OPTIMIZERS.items()},
    **{f"schedule {name}": lambda f=f: gan(rule=lambda: optim.Adam(f(1e-2, 7)))
       for name, f in optim.SCHEDULES.items()},
    **{f"objective {name}": lambda name=name: gan(objective=name) for name in OBJECTIVES
       if name not in IN_FLOAT64},
    **{f"loss {name}": lambda name=name: autoencoder(name) for name in RECONSTRUCTIONS},
    **{f"layer {name}": lambda name=name: with_example(name) for name in LAYERS},
    "clip_norm": lambda: gan(rule=lambda: optim.Adam(1e-2, clip_norm=0.01)),
    "clip_value": lambda: gan(rule=lambda: optim.Adam(1e-2, clip_value=0.01)),
    "clip_weights": lambda: gan(rule=lambda: optim.Adam(1e-2, clip_weights=0.01)),
    "a sparse code": lambda: autoencoder(sparsity={"l1": 0.1}),
    "a sparse code by its logits": lambda: autoencoder(last="sigmoid", sparsity={"kl": 0.1}),
    "a contractive code of two layers": lambda: autoencoder(
        first=[f"dense {WIDTH} {WIDTH}", "tanh"], contraction=0.1
    ),
    "tied weights": lambda: autoencoder(tied=True),
    "a VAE": lambda: vae(warm_up=5, binarize=True),
    "a VAE of real numbers": lambda: vae(likelihood="gaussian", beta=2.0),
    "a conditional VAE": conditional_vae,
    "an IWAE": lambda: vae(IWAE, samples=3, binarize=True),
    "n_critic": lambda: gan(n_critic=2, ema=0.9),
    "n_critic, odd": lambda: gan(n_critic=3, ema=0.9),
    "ema": lambda: gan(ema=0.9),
    "dropout": lambda: gan(dropout=0.3),
    "label smoothing": lambda: gan(label_smoothing=0.1),
    "networks in networks": nested,
    "activations with derivatives from x": lambda: with_layers("silu", "gelu", "mish"),
    "activations that follow no dense layer": lambda: with_layers("relu", "leaky_relu 0.3"),
    "augmented images": lambda: with_layers_first(
        "reshape 2 5 3", "random_brightness", "random_saturation", "random_contrast", "random_flip",
        "random_shift 1", "random_block 1", "flatten",
    ),
    "packing": lambda: gan(packing=4, ema=0.9),
    "packing, relativistic": lambda: gan(packing=2, objective="relativistic"),
    "several players": lambda: several(ema=0.9, n_critic=2),
    "several players, relativistic": lambda: several(objective="relativistic"),
    "one of several": lambda: several(1, 1),
    "conditional": lambda: conditional(ema=0.9),
    "conditional, noisy, packed": lambda: conditional(
        packing=2, instance_noise=0.1, objective="relativistic"
    ),
}  # fmt: skip


@compiled
@pytest.mark.parametrize("name", CASES)
def test_settings_are_recorded(name, threads):
    check(CASES[name], rows())


@compiled
@pytest.mark.parametrize("name", ["ema", "loss mse", "several players", "conditional"])
@pytest.mark.parametrize("batch_size", [1, 7])
def test_small_batches_are_recorded(name, batch_size, threads):
    check(CASES[name], rows(), batch_size=batch_size)


TYPES = {
    "bytes": (np.uint8, lambda: gan(dropout=0.3, ema=0.9)),
    "float64": (
        np.float64,
        lambda: gan(dtype=np.float64, dropout=0.3, ema=0.9, label_smoothing=0.1),
    ),
    "float64, wide": (np.float64, lambda: autoencoder("l1", np.float64, width=400)),
}


@compiled
@pytest.mark.parametrize("name", TYPES)
def test_other_types_are_recorded(name, threads):
    dtype, make = TYPES[name]
    check(make, rows(make().features, dtype))


@compiled
@pytest.mark.parametrize("kind", ["not aligned", "with gaps"])
def test_data_that_a_program_cannot_read_is_read_one_by_one(kind):
    data = rows(n=100)
    if kind == "not aligned":
        memory = np.zeros(data.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(data.shape)
        memory[...] = data
        data = memory
    else:
        data = np.repeat(data, 2, axis=1)[:, ::2]
    check(autoencoder, data, recorded=False)


def test_every_model_says_that_its_steps_are_recorded():
    assert [name for name, kind in MODELS.items() if not kind.recorded] == []
