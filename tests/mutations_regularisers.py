"""Deliberate mistakes in what keeps codes simple; see mutations.py."""

from mutations import Mutation, Silent

FIRST = "encoder.0.weight"


def case(name):
    return f"autoencoder ({name}), step"


MUTATIONS = [
    Mutation("objectives.regularisers.l1", "np.sign(code)", "code", case("sparse, l1"), FIRST),
    Mutation(
        "objectives.regularisers.kl",
        "(1 - rho) * v * h - rho * u * rest",
        "(1 - rho) * v * h + rho * u * rest",
        case("sparse, kl"),
        FIRST,
    ),
    Mutation(
        "objectives.regularisers.kl",
        "(1 - rho) * v * h",
        "(1 - rho) * v",
        case("sparse, kl"),
        FIRST,
    ),
    Mutation("objectives.regularisers.kl", "rho * u * rest", "rho * u", case("sparse, kl"), FIRST),
    Mutation(
        "objectives.regularisers.contraction",
        "2 * weight / n",
        "weight / n",
        case("contractive"),
        FIRST,
    ),
    Mutation(
        "models.autoencoder._join",
        "turned.T",
        "turned.T * 0",
        case("tied"),
        FIRST,
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        "code.dtype.type(weight)",
        "code.dtype.type(1)",
        case("sparse, l1"),
        FIRST,
    ),
]
TIED = (
    "test_regularisers."
    "test_tied_weights_stay_each_others_transpose_and_have_the_sum_of_both_gradients"
)
ACTIVE = "test_regularisers.test_kl_is_that_of_the_mean_activities"
DEEP = "test_regularisers.test_the_jacobian_of_a_deep_encoder_is_that_of_differences"
SILENT = [
    Silent("models.autoencoder.Autoencoder.tie", "self.ties", "[]", TIED),
    Silent(
        "objectives.regularisers.kl", "(math.log(1 - rho) - off)", "(math.log(rho) - off)", ACTIVE
    ),
    Silent("objectives.regularisers.contraction", "weight * total", "total", DEEP),
    Silent("objectives.regularisers.contraction", "one[:, unit] = 1", "one[:, unit] = 2", DEEP),
]
