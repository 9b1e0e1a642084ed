"""Deliberate mistakes in what images are enhanced, completed and searched with; see mutations.py."""

from mutations import Silent

FIRST = "test_latent.test_the_restart_returned_has_the_least_loss_where_the_image_is_known"
DRAWN = "test_latent.test_a_prior_draws_the_code_to_0"
WINDOW = "test_uses_images.test_a_wiener_filter_is_its_formula_in_each_window"
COMPONENTS = "test_uses_images.test_components_that_say_all_fill_as_the_best_linear_guess_does"
LOADING = "test_uses_images.test_components_fill_with_the_conditional_mean_of_their_gaussian"
REGRESSION = "test_uses_images.test_the_linear_guess_is_a_regression_on_the_known_pixels"
FEW = "test_uses_images.test_a_linear_guess_from_fewer_rows_than_pixels_solves_the_same_equations"
RANGES = (
    "test_uses_images.test_a_defence_of_another_range_sees_its_own_and_gives_the_classifiers_back"
)
ROUNDED = "test_uses_images.test_pixels_are_rounded_to_the_nearer_end"
BOLD = "test_uses_images.test_directions_do_not_say_how_bold_an_image_is"
PAIRS = "test_uses_images.test_a_discriminator_of_pairs_has_no_opinion_of_one_image"
PERFECT = "test_models_settings.test_a_perfect_reconstruction_has_no_error_whatever_the_noise_in_the_hidden_layers"
HELD_OUT = "test_vae.test_the_loss_on_held_out_rows_is_of_the_same_bound_as_in_training"
WRITTEN = "test_stacked.test_a_channel_lies_beside_the_others_of_its_pixel"
COVERED = "test_stacked.test_coverage_is_its_formula"
SPARSE = ([2, 2, 2], 4, 1, 1.3862943611198906)
MUTATIONS: list = []
SILENT = [
    Silent(
        "study.latent.search",
        "mask * np.square(decoder(z) - target)",
        "np.square(decoder(z) - target)",
        FIRST,
    ),
    Silent(
        "study.latent.search",
        "loss += prior / 2 * np.square(z).sum(axis=1)",
        "loss -= prior / 2 * np.square(z).sum(axis=1)",
        FIRST,
    ),
    Silent(
        "study.latent.search",
        "loss.reshape(len(x), restarts).argmin",
        "loss.reshape(len(x), restarts).argmax",
        FIRST,
    ),
    Silent(
        "study.latent.search",
        "decoder.backward(2 * mask * (output - target), cache) + dtype.type(prior) * z",
        "decoder.backward(2 * mask * (output - target), cache) - dtype.type(prior) * z",
        DRAWN,
    ),
    Silent("commands.enhance.wiener", "variance - std**2", "variance - std", WINDOW),
    Silent(
        "commands.enhance.wiener", "mean + gain * (images - mean)", "gain * (images - mean)", WINDOW
    ),
    Silent("commands.complete.by_components", "max(noise, 1e-9)", "10 * noise", COMPONENTS),
    Silent("commands.complete.by_components", "variances - noise", "variances", LOADING),
    Silent(
        "commands.defend.rescale",
        "(x - here[0]) * ((there[1] - there[0]) / (here[1] - here[0])) + there[0]",
        "(x - here[0]) * ((there[1] - there[0]) / (here[1] - here[0]))",
        RANGES,
    ),
    Silent("commands.defend.defence", "*ranges[::-1]", "*ranges", RANGES),
    Silent("commands.defend.rounded", "(low + high) / 2", "low", ROUNDED),
    Silent(
        "study.anomaly.directions",
        "polar(x if shape is None else blurred(x, shape))[1]",
        "polar(x if shape is None else blurred(x, shape))[0]",
        BOLD,
    ),
    Silent("study.anomaly.scores_for", "critic.in_width == model.features", "True", PAIRS),
    Silent("models.vaegan.VAEGAN.error", "layer(target, same)", "layer(target, rng)", PERFECT),
    Silent("models.vae.Variational._bound", "binarized(rows, rng)", "rows", HELD_OUT),
    Silent("models.vae.Variational.validate", "self.samples", "1", HELD_OUT),
    Silent(
        "commands.common.linear_guess",
        "target + (x - mean) @ np.linalg.solve(covariance, shared)",
        "(x - mean) @ np.linalg.solve(covariance, shared)",
        REGRESSION,
    ),
    Silent(
        "commands.common.linear_guess",
        "target + (x - mean) @ np.linalg.solve(covariance, shared)",
        "target + x @ np.linalg.solve(covariance, shared)",
        REGRESSION,
    ),
    Silent("commands.common.linear_guess", "(x - mean) @ centred.T", "x @ centred.T", FEW),
    Silent("commands.common.linear_guess", "n * RIDGE * np.eye(n)", "RIDGE * np.eye(n)", FEW),
    Silent("data.stacked.stack", "[100, 10, 1]", "[1, 10, 100]", WRITTEN),
    Silent("data.stacked.stack", "images[chosen[:, channel]]", "images[chosen[:, 0]]", WRITTEN),
    Silent("metrics.coverage.coverage_statistics", "counts > 0", "counts >= 0", COVERED, SPARSE),
    Silent(
        "metrics.coverage.kl_from_uniform",
        "len(counts) * q",
        "(counts > 0).sum() * q",
        COVERED,
        SPARSE,
    ),
]
