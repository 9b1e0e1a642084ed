"""Deliberate mistakes in models that join autoencoders, classes and discriminators; see mutations.py."""

from mutations import Mutation, Silent

from npgan import AdversarialAutoencoder, BiGAN

DECODER, ENCODER = "decoder.0.weight", "encoder.0.weight"


def mutation(model, name, old, new, case, parameter):
    return Mutation(f"models.{model}.{name}", old, new, case, parameter)


AAE, BIGAN = "adversarial.AdversarialAutoencoder", "bigan.BiGAN"
LOWER, VAEGAN = "vae.Variational", "vaegan.VAEGAN"
ADVERSARY, FIRST = "adversary", "discriminator.0.weight"
CODERS = "adversarial autoencoder (non-saturating), coders' step"
CODES = "adversarial autoencoder (non-saturating), discriminator step"
BOTH = "BiGAN (non-saturating), coders' step"
TOLD = "conditional VAE (gaussian), step"
HIDDEN = "VAE-GAN (hidden layers), decoder step"
MUTATIONS = [
    mutation(AAE, "generator_step", "d * doutput", "doutput", CODERS, DECODER),
    mutation(
        AAE,
        "generator_step",
        "adversary.weighted(self.adversarial_weight, against.dfake)",
        "against.dfake",
        CODERS,
        ENCODER,
    ),
    mutation(ADVERSARY, "discriminator_step", "loss.dfake", "-loss.dfake", CODES, FIRST),
    mutation(ADVERSARY, "discriminator_step", "loss.dreal", "0 * loss.dreal", CODES, FIRST),
    mutation(
        ADVERSARY, "discriminator_step", "sum(penalties, loss.value)", "loss.value", CODES, FIRST
    ),
    mutation(
        BIGAN,
        "generator_step",
        "[loss.dfake, loss.dreal]",
        "[loss.dreal, loss.dfake]",
        BOTH,
        ENCODER,
    ),
    mutation(BIGAN, "generator_step", "dpairs[:n, d:]", "dpairs[n:, d:]", BOTH, ENCODER),
    mutation(BIGAN, "generator_step", "dpairs[n:, :d]", "dpairs[:n, :d]", BOTH, DECODER),
    mutation(
        "gaussian.GaussianEncoder",
        "backward",
        "kl_weight * dkl",
        "dkl",
        TOLD,
        ENCODER,
    ),
    mutation(LOWER, "bound_step", "dz[:, : z.shape[1]]", "dz[:, -z.shape[1] :]", TOLD, ENCODER),
    mutation(
        VAEGAN,
        "error",
        "difference / difference.dtype.type(len(x))",
        "2 * difference / difference.dtype.type(len(x))",
        HIDDEN,
        DECODER,
    ),
    mutation(VAEGAN, "error", "output - target", "2 * output - target", HIDDEN, DECODER),
]


def silent(model, name, old, new, test, *arguments):
    return Silent(f"models.{model}.{name}", old, new, f"test_joined_models.{test}", arguments)


APART = "test_a_discriminator_that_compares_samples_sees_the_two_kinds_apart"
PARTS = "test_the_parts_of_an_adversarial_autoencoders_loss_add_up"
EXCHANGED = "test_a_bidirectional_gan_plays_by_the_discriminators_loss_with_the_sides_exchanged"
ASKED = "test_a_conditional_vae_makes_the_class_that_is_asked_for"
TERMS = "test_the_bound_of_a_conditional_vae_is_that_of_its_terms"
SILENT = [
    silent(
        AAE,
        "discriminator_input",
        "self.latent(len(x), rng), code",
        "code, self.latent(len(x), rng)",
        APART,
        AdversarialAutoencoder,
    ),
    silent(
        BIGAN,
        "discriminator_input",
        "self.decoder(z, rng)",
        "self.decoder(0 * z, rng)",
        APART,
        BiGAN,
    ),
    silent(
        AAE,
        "generator_step",
        "d * mean + self.adversarial_weight * against.value",
        "mean + self.adversarial_weight * against.value",
        PARTS,
    ),
    silent(
        AAE,
        "generator_step",
        '{"loss": loss, "reconstruction": d * mean, "g_loss": against.value}',
        '{"loss": loss, "reconstruction": mean, "g_loss": against.value}',
        PARTS,
    ),
    silent(
        BIGAN,
        "generator_step",
        "self.objective.discriminator(logits[n:], logits[:n])",
        "self.objective.discriminator(logits[:n], logits[n:])",
        EXCHANGED,
    ),
    silent(
        LOWER,
        "_beside_labels",
        "rows[:, self.features :]",
        "0 * rows[:, self.features :]",
        ASKED,
    ),
    silent(
        LOWER,
        "bound_step",
        '{"loss": loss, "reconstruction": error, "kl": kl}',
        '{"loss": loss, "reconstruction": error, "kl": beta * kl}',
        TERMS,
    ),
]
