"""Deliberate mistakes in the layers that spoil images; see mutations.py."""

from mutations import Mutation, Silent

SHIFT, PIXELATE = "layer random_shift", "layer pixelate"
PLACES = "test_layers_random.test_a_random_shift_moves_to_all_places_equally_often"
BLOCKS = "test_layers_random.test_a_random_block_is_a_square_that_lies_at_all_places_equally_often"
MOVED = "test_ops.test_a_shift_moves_every_pixel_and_loses_those_over_the_edge"
NOISE = "test_layers_random.test_gaussian_noise_has_its_standard_deviation_and_no_mean"

MUTATIONS = [
    Mutation("ops.images.shift_backward", "-moves", "moves", SHIFT),
    Mutation(
        "ops.images.pixelate_backward",
        "pixelate_forward(dy, factor)",
        "2 * pixelate_forward(dy, factor)",
        PIXELATE,
    ),
    Mutation(
        "layers.noise.RandomLinear.backward",
        'f"{self.operation}_backward"',
        'f"{self.operation}_forward"',
        SHIFT,
    ),
    Mutation(
        "layers.noise.RandomLinear.double_backward",
        'f"{self.operation}_forward"',
        'f"{self.operation}_backward"',
        "second derivative of random_shift",
        "x0",
    ),
    Mutation(
        "layers.noise.GaussianNoise.backward", "return dy", "return -dy", "layer gaussian_noise"
    ),
    Mutation(
        "layers.noise.GaussianNoise.double_backward",
        "ddx, None",
        "-ddx, None",
        "second derivative of gaussian_noise",
        "x0",
    ),
]

SILENT = [
    Silent(
        "layers.images.RandomShift.draw",
        "rng.integers(-self.size, self.size, (len(x), 2), endpoint=True)",
        "rng.integers(-self.size, self.size, (len(x), 2), endpoint=False)",
        PLACES,
    ),
    Silent(
        "ops.images.shift_forward",
        "np.arange(width) + most - moves[:, axis, None]",
        "np.arange(width) + most + moves[:, axis, None]",
        MOVED,
        ([(0, 0), (1, -2)],),
    ),
    Silent("ops.images.block_mask", "True", "False", BLOCKS),
    Silent("ops.images.block_mask", "~hidden", "hidden", BLOCKS),
    Silent(
        "layers.noise.GaussianNoise.forward",
        "self.std * run.standard_normal(rng, x.shape, x.real.dtype)",
        "run.standard_normal(rng, x.shape, x.real.dtype)",
        NOISE,
    ),
]
