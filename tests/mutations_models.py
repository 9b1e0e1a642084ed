"""Deliberate mistakes in the steps of models; see mutations.py."""

from mutations import Mutation

D_STEP, G_STEP = "GAN (non-saturating), discriminator step", "GAN (non-saturating), generator step"
GAN = [
    Mutation(
        "models.gan.GAN.discriminator_step",
        "[loss.dreal, loss.dfake]",
        "[loss.dfake, loss.dreal]",
        D_STEP,
        "discriminator.0.weight",
    ),
    Mutation(
        "models.gan.GAN.discriminator_step",
        "[loss.dreal, loss.dfake]",
        "[-loss.dreal, loss.dfake]",
        D_STEP,
        "discriminator.3.bias",
    ),
    Mutation(
        "models.gan.GAN.discriminator_step",
        "[loss.dreal, loss.dfake]",
        "[loss.dreal, 0 * loss.dfake]",
        D_STEP,
        "discriminator.3.bias",
    ),
    Mutation(
        "models.gan.GAN.discriminator_step",
        "dlogits, cache",
        "dlogits, discriminator.forward(np.concatenate([fake, real]), rng)[1]",
        D_STEP,
        "discriminator.0.weight",
    ),
    Mutation(
        "models.gan.GAN.opposed",
        "backward(loss.dfake,",
        "backward(-loss.dfake,",
        G_STEP,
        "generator.2.bias",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "backward(dfake,",
        "backward(0 * dfake,",
        G_STEP,
        "generator.0.weight",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "backward(dfake,",
        "backward(fake,",
        G_STEP,
        "generator.2.weight",
    ),
    Mutation(
        "models.gan.GAN.opposed",
        "backward(loss.dfake,",
        "backward(self.objective.discriminator(logits, logits, 1.0).dfake,",
        G_STEP,
        "generator.2.weight",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "input_grad=False",
        "input_grad=False) or grads.flat.fill(0",
        G_STEP,
        "generator.0.bias",
    ),
]

C_STEP = "conditional GAN, generator step"
MEAN, HARDEST = "multi-GAN (mean), generators' step", "multi-GAN (hardest), generators' step"
FAMILIES = [
    Mutation(
        "objectives.penalties.gradient_penalty",
        "np.zeros_like(g)",
        "np.array(g)",
        "conditional GAN, discriminator step",
        "discriminator.0.weight",
    ),
    Mutation(
        "models.conditional.Labelled.backward",
        "dy[:, :d]",
        "dy[:, -d:]",
        C_STEP,
        "generator.2.bias",
    ),
    Mutation(
        "models.conditional.Labelled.backward", "+= dy[:, d:]", "-= dy[:, d:]", "layer labelled"
    ),
    Mutation(
        "models.multi.of_the_mean",
        "mean([dfake for _, dfake, _ in opinions])",
        "opinions[0][1]",
        MEAN,
        "generator.0.weight",
    ),
    Mutation(
        "models.multi.of_the_hardest",
        "value, dfake\n",
        "value, -dfake\n",
        HARDEST,
        "generator2.2.bias",
    ),
    Mutation(
        "models.multi.of_the_hardest",
        "value, dfake\n",
        "value, sum(part for _, part, _ in opinions)\n",
        HARDEST,
        "generator3.2.bias",
    ),
    Mutation(
        "models.multi.Mixture.backward",
        "(dy[rows]",
        "(dy[: len(dy[rows])]",
        MEAN,
        "generator2.2.bias",
    ),
    Mutation(
        "models.multi.Mixture.backward",
        "len(dy)), cache",
        "len(dy)), cache[::-1]",
        MEAN,
        "generator.0.weight",
    ),
    Mutation(
        "models.multi.Mixture.backward",
        "np.concatenate(dx)",
        "np.concatenate(dx[::-1])",
        "layer mixture",
    ),
]

AE = "autoencoder (mse), step"
AUTOENCODER = [
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        "backward(doutput,",
        "backward(-doutput,",
        AE,
        "decoder.2.weight",
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        "backward(dcode,",
        "backward(code,",
        AE,
        "encoder.2.weight",
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        "self.loss(output, x)",
        "self.loss(x, output)",
        AE,
        "decoder.2.bias",
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        'self._encoder_backward(dcode, slopes, encoder_cache, grads["encoder"])',
        "pass",
        AE,
        "encoder.0.weight",
    ),
]

KL = "        ddescribed += np.hstack(run.kl_standard_normal_backward(mean, log_var))\n"


def vaegan(old, new, parameter, name="generator_step"):
    side = parameter.split(".")[0]
    return Mutation(f"models.vaegan.VAEGAN.{name}", old, new, f"VAE-GAN, {side} step", parameter)


VAEGAN = [
    vaegan("x.shape[1] * dvalue", "dvalue", "decoder.2.weight", "error"),
    vaegan("x.shape[1] * value", "value", "decoder.2.weight", "error"),
    vaegan("dseen *= ", "dseen = dseen / ", "decoder.2.bias"),
    vaegan("error + self.adversarial_weight * ", "error + ", "decoder.0.weight"),
    vaegan("zeros_like(derror)", "ones_like(derror)", "decoder.2.bias"),
    vaegan(KL, "", "encoder.2.weight"),
    vaegan("backward(mean, log_var))", "backward(mean, log_var)[::-1])", "encoder.2.weight"),
    vaegan("ddescribed +=", "ddescribed =", "encoder.0.weight"),
    vaegan(
        "kl_standard_normal_backward(mean, log_var)",
        "kl_standard_normal_backward(log_var, mean)",
        "encoder.2.bias",
    ),
    vaegan("backward(dz, ", "backward(0 * dz, ", "encoder.2.weight"),
    vaegan("(ddescribed, encoder_cache", "(0 * ddescribed, encoder_cache", "encoder.0.bias"),
    vaegan("backward(dseen,", "backward(0 * dseen,", "decoder.0.weight"),
    vaegan('["decoder"])[:n]', '["decoder"])[n:]', "encoder.0.weight"),
    vaegan("error + kl", "error", "encoder.2.bias"),
]

MUTATIONS = [*GAN, *FAMILIES, *AUTOENCODER, *VAEGAN]
SILENT: list = []
