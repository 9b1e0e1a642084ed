"""Deliberate mistakes in the translator; see mutations.py."""

from mutations import Mutation, Silent

D, G = "translator, discriminator step", "translator, generator step"
MOVES = "test_translator.test_a_step_moves_both_networks_and_leaves_no_gradient"
LOSSES = (
    "test_translator.test_the_losses_that_are_reported_are_those_of_the_weights_before_the_step"
)
OUTLINE = "test_translator.test_an_outline_is_a_dark_pixel_beside_a_bright_one"


def translator(name, old, new, case, parameter):
    return Mutation(f"models.translator.Translator.{name}", old, new, case, parameter)


def silent(name, old, new, test, *arguments):
    return Silent(f"models.translator.Translator.{name}", old, new, test, arguments)


FIRST = "generator.0.weight"
MUTATIONS = [
    Mutation(
        "models.adversary.discriminator_step",
        "loss.dfake",
        "-loss.dfake",
        D,
        "discriminator.0.weight",
    ),
    translator(
        "generator_step",
        "against.dfake[:, a:]",
        "against.dfake[:, :-a]",
        G,
        FIRST,
    ),
    translator("generator_step", "adversary.weighted(self.l1_weight, derror)", "derror", G, FIRST),
    translator(
        "generator_step",
        "adversary.weighted(self.adversarial_weight, against.dfake[:, a:])",
        "against.dfake[:, a:]",
        G,
        FIRST,
    ),
]

SILENT = [
    Silent(
        "models.model.Model.train_step", "self.update(result.loss, *step.networks)", "pass", MOVES
    ),
    Silent("models.model.Model.train_step", "self._count", "dict", MOVES),
    silent("generator_step", "self.l1_weight * error", "error", LOSSES, "relativistic"),
    Silent(
        "data.outlines.outlines",
        "near & ~bright",
        "near",
        "test_translator.test_an_outline_is_a_dark_pixel_beside_a_bright_one",
    ),
]
