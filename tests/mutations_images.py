"""Deliberate mistakes in the layers that spoil images; see mutations.py."""

from mutations import Mutation, Silent

SHIFT, PIXELATE = "layer random_shift", "layer pixelate"
FLIP, FLIPS = "layer random_flip", "test_augmentation.test_half_of_the_images_are_flipped"
DRAWN = "test_augmentation.test_numbers_are_drawn_evenly_between_their_limits"
CHANNELS = "test_augmentation.test_an_image_has_one_draw_for_all_channels_and_others_another"
FORMULAS = "test_ops.test_operations_on_images_are_their_formulas"
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
    Mutation("layers.noise.Added.backward", "return dy", "return -dy", "layer gaussian_noise"),
    Mutation(
        "layers.noise.Added.backward", "return dy", "return 2 * dy", "layer random_brightness"
    ),
    Mutation(
        "layers.noise.Added.double_backward",
        "ddx, None",
        "-ddx, None",
        "second derivative of gaussian_noise",
        "x0",
    ),
    Mutation("ops.images.flip_backward", "flip_forward(dy, flipped)", "dy", FLIP),
    Mutation(
        "ops.images.flip_backward",
        "flip_forward(dy, flipped)",
        "flip_forward(dy, 1 - flipped)",
        FLIP,
    ),
    Mutation(
        "ops.colours.saturation_backward",
        "saturation_forward(dy, factor)",
        "saturation_forward(dy, 1 / factor)",
        "layer random_saturation",
    ),
    Mutation(
        "ops.colours.contrast_backward",
        "contrast_forward(dy, factor)",
        "np.expand_dims(factor, tuple(range(1, dy.ndim))) * dy",
        "layer random_contrast, images",
    ),
    Mutation(
        "layers.noise.RandomLinear.backward",
        "dy if cache is None else getattr(run, f'{self.operation}_backward')(dy, cache)",
        "dy",
        "GAN (augmented images), generator step",
        "generator.2.weight",
    ),
    Mutation(
        "layers.noise.RandomLinear.double_backward",
        "getattr(run, f'{self.operation}_forward')(ddx, cache)",
        "ddx",
        "GAN (augmented images), discriminator step",
        "discriminator.7.weight",
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
        "image[_kept(-down), _kept(-right)]",
        "image[_kept(-down), _kept(right)]",
        MOVED,
        ([(0, 0), (1, -2)], (4, 4, 1)),
    ),
    Silent(
        "ops.images.flip_forward",
        "images[chosen, :, ::-1]",
        "images[chosen, ::-1]",
        FORMULAS,
        ("flip", (2, 4, 3)),
    ),
    Silent(
        "ops.colours.saturation_forward",
        "(1 - factor)[:, None, None] / channels",
        "(1 - factor)[:, None, None] / 2",
        FORMULAS,
        ("saturation", (2, 4, 3)),
    ),
    Silent(
        "ops.colours.contrast_forward",
        "x.mean(axis=axes, keepdims=True)",
        "x.mean(keepdims=True)",
        FORMULAS,
        ("contrast", (2, 4, 3)),
    ),
    Silent(
        "layers.images.RandomFlip.draw",
        "rng.integers(0, 2, len(x))",
        "rng.integers(0, 3, len(x))",
        FLIPS,
    ),
    Silent(
        "layers.colours.RandomBrightness.draw", "-self.most", "0", DRAWN, ("random_brightness",)
    ),
    Silent(
        "layers.colours.RandomBrightness.draw",
        "(len(x), *[1] * (x.ndim - 1))",
        "(len(x), 1, *x.shape[2:])",
        "test_augmentation.test_all_pixels_become_brighter_by_as_much",
    ),
    Silent(
        "layers.colours.RandomFactor.draw", "1 - self.strength", "1.0", DRAWN, ("random_contrast",)
    ),
    Silent(
        "ops.images.block_mask",
        "(~hidden).astype(np.float32).repeat(channels)",
        "(~hidden).astype(np.float32).reshape(n, -1).repeat(channels, axis=0)",
        CHANNELS,
        ("random_block 1",),
    ),
    Silent(
        "ops.images.block_mask",
        "rng.integers(0, whole - size, (n, 1), endpoint=True)",
        "rng.integers(0, whole - size, (n, 1), endpoint=False)",
        BLOCKS,
    ),
    Silent("ops.images.block_mask", "~hidden", "hidden", BLOCKS),
    Silent(
        "layers.noise.GaussianNoise.draw",
        "self.std * run.standard_normal(rng, x.shape, x.real.dtype)",
        "run.standard_normal(rng, x.shape, x.real.dtype)",
        NOISE,
    ),
]
