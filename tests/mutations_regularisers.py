"""Deliberate mistakes in what keeps codes simple; see mutations.py."""

from mutations import Mutation, Silent

FIRST = "encoder.0.weight"


def case(name):
    return f"autoencoder ({name}), step"


MUTATIONS = [
    Mutation("regularisers.l1", "np.sign(code) /", "code /", case("sparse, l1"), FIRST),
    Mutation("regularisers.kl", "- rho / active)", "+ rho / active)", case("sparse, kl"), FIRST),
    Mutation("regularisers.kl", " / len(code)", "", case("sparse, kl"), FIRST),
    Mutation(
        "regularisers.contraction", "2 * weight / n", "weight / n", case("contractive"), FIRST
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        "[theirs].T",
        "[theirs].T * 0",
        case("tied"),
        FIRST,
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        "(weight) * dpenalty",
        "(1) * dpenalty",
        case("sparse, l1"),
        FIRST,
    ),
]
TIED = (
    "test_regularisers."
    "test_tied_weights_stay_each_others_transpose_and_have_the_sum_of_both_gradients"
)
DEEP = "test_regularisers.test_the_jacobian_of_a_deep_encoder_is_that_of_differences"
SILENT = [
    Silent("models.autoencoder.Autoencoder.train_step", "self.tie()", "pass", TIED),
    Silent("regularisers.contraction", "return weight *", "return", DEEP),
    Silent("regularisers.contraction", "unit] = 1", "unit] = 2", DEEP),
]
