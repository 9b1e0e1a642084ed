"""Deliberate mistakes in what images are enhanced, completed and searched with; see mutations.py."""

from mutations import Silent

FIRST = "test_latent.test_the_restart_returned_has_the_least_loss_where_the_image_is_known"
DRAWN = "test_latent.test_a_prior_draws_the_code_to_0"
WINDOW = "test_uses_images.test_a_wiener_filter_is_its_formula_in_each_window"
COMPONENTS = "test_uses_images.test_components_that_say_all_fill_as_the_best_linear_guess_does"
REGRESSION = "test_uses_images.test_the_linear_guess_is_a_regression_on_the_known_pixels"
MUTATIONS: list = []
SILENT = [
    Silent("latent.search", "(shown * np.square(", "(np.square(", FIRST),
    Silent("latent.search", "loss += prior", "loss -= prior", FIRST),
    Silent("latent.search", ".argmin(axis=1)", ".argmax(axis=1)", FIRST),
    Silent("latent.search", "+ dtype.type(prior)", "- dtype.type(prior)", DRAWN),
    Silent("uses.enhance.wiener", "(variance - std**2", "(variance - std", WINDOW),
    Silent("uses.enhance.wiener", "mean + kept", "kept", WINDOW),
    Silent("uses.complete.by_components", "max(left, 1e-9)", "10 * left", COMPONENTS),
    Silent("uses.complete.by_components", "np.sqrt(variances)", "variances", COMPONENTS),
    Silent("uses.common.linear_guess", "target + ", "", REGRESSION),
    Silent("uses.common.linear_guess", "(x - mean)", "x", REGRESSION),
]
