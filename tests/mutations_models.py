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
        "cache",
        "discriminator.forward(np.concatenate([fake, real]), rng)[1]",
        D_STEP,
        "discriminator.0.weight",
    ),
    Mutation(
        "models.gan.GAN.opposed",
        "loss.dfake",
        "-loss.dfake",
        G_STEP,
        "generator.2.bias",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "self.generator.backward(dfake, cache, grads, input_grad=False)",
        "self.generator.backward(0 * dfake, cache, grads, input_grad=False)",
        G_STEP,
        "generator.0.weight",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "self.generator.backward(dfake, cache, grads, input_grad=False)",
        "self.generator.backward(fake, cache, grads, input_grad=False)",
        G_STEP,
        "generator.2.weight",
    ),
    Mutation(
        "models.gan.GAN.opposed",
        "loss.dfake",
        "self.objective.discriminator(logits, logits, 1.0).dfake",
        G_STEP,
        "generator.2.weight",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "self.generator.backward(dfake, cache, grads, input_grad=False)",
        "self.generator.backward(dfake, cache, grads, input_grad=False) or grads.flat.fill(0)",
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
        "models.conditional.Labelled.backward",
        "dx[:, -self.classes :] += dy[:, d:]",
        "dx[:, -self.classes :] -= dy[:, d:]",
        "layer labelled",
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
        "value, dfake",
        "value, -dfake",
        HARDEST,
        "generator2.2.bias",
    ),
    Mutation(
        "models.multi.of_the_hardest",
        "value, dfake",
        "value, sum(part for _, part, _ in opinions)",
        HARDEST,
        "generator3.2.bias",
    ),
    Mutation(
        "models.multi.Mixture.backward",
        "dy[rows]",
        "dy[: len(dy[rows])]",
        MEAN,
        "generator2.2.bias",
    ),
    Mutation(
        "models.multi.Mixture.backward",
        "zip(self._shares(len(dy)), cache, strict=True)",
        "zip(self._shares(len(dy)), cache[::-1], strict=True)",
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
        'self.reader.backward(doutput, decoder_cache, grads["decoder"])',
        'self.reader.backward(-doutput, decoder_cache, grads["decoder"])',
        AE,
        "decoder.2.weight",
    ),
    Mutation(
        "models.autoencoder.Autoencoder.reconstruction_step",
        'self._encoder_backward(dcode, slopes, encoder_cache, grads["encoder"])',
        'self._encoder_backward(code, slopes, encoder_cache, grads["encoder"])',
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

KL = "ddescribed += np.hstack(run.kl_standard_normal_backward(mean, log_var))"


def vaegan(old, new, parameter, name="generator_step"):
    side = parameter.split(".")[0]
    return Mutation(f"models.vaegan.VAEGAN.{name}", old, new, f"VAE-GAN, {side} step", parameter)


VAEGAN = [
    vaegan("x.shape[1] * dvalue", "dvalue", "decoder.2.weight", "error"),
    vaegan("x.shape[1] * value", "value", "decoder.2.weight", "error"),
    vaegan(
        "dseen *= dseen.dtype.type(self.adversarial_weight)",
        "dseen = dseen / dseen.dtype.type(self.adversarial_weight)",
        "decoder.2.bias",
    ),
    vaegan("self.adversarial_weight * adversarial.value", "adversarial.value", "decoder.0.weight"),
    vaegan("np.zeros_like", "np.ones_like", "decoder.2.bias"),
    vaegan(KL, "pass", "encoder.2.weight"),
    vaegan(
        "run.kl_standard_normal_backward(mean, log_var)",
        "run.kl_standard_normal_backward(mean, log_var)[::-1]",
        "encoder.2.weight",
    ),
    vaegan(
        "ddescribed += np.hstack(run.kl_standard_normal_backward(mean, log_var))",
        "ddescribed = np.hstack(run.kl_standard_normal_backward(mean, log_var))",
        "encoder.0.weight",
    ),
    vaegan(
        "run.kl_standard_normal_backward(mean, log_var)",
        "run.kl_standard_normal_backward(log_var, mean)",
        "encoder.2.bias",
    ),
    vaegan(
        "self._sample.backward(dz, sample_cache)",
        "self._sample.backward(0 * dz, sample_cache)",
        "encoder.2.weight",
    ),
    vaegan("ddescribed", "0 * ddescribed", "encoder.0.bias"),
    vaegan(
        'self.decoder.backward(dseen, decoder_cache, grads["decoder"], input_grad=False)',
        'self.decoder.backward(0 * dseen, decoder_cache, grads["decoder"], input_grad=False)',
        "decoder.0.weight",
    ),
    vaegan(
        'self.decoder.backward(derror, decoder_cache, grads["decoder"])[:n]',
        'self.decoder.backward(derror, decoder_cache, grads["decoder"])[n:]',
        "encoder.0.weight",
    ),
    vaegan("error + kl", "error", "encoder.2.bias"),
]

MUTATIONS = [*GAN, *FAMILIES, *AUTOENCODER, *VAEGAN]
SILENT: list = []
