"""Deliberate mistakes in the steps of models; see mutations.py."""

from mutations import Mutation

D_STEP, G_STEP = "GAN (non-saturating), discriminator step", "GAN (non-saturating), generator step"
GAN = [
    Mutation(
        "models.adversary.discriminator_step",
        "[loss.dreal, loss.dfake]",
        "[loss.dfake, loss.dreal]",
        D_STEP,
        "discriminator.0.weight",
    ),
    Mutation(
        "models.adversary.discriminator_step",
        "[loss.dreal, loss.dfake]",
        "[-loss.dreal, loss.dfake]",
        D_STEP,
        "discriminator.3.bias",
    ),
    Mutation(
        "models.adversary.discriminator_step",
        "[loss.dreal, loss.dfake]",
        "[loss.dreal, 0 * loss.dfake]",
        D_STEP,
        "discriminator.3.bias",
    ),
    Mutation(
        "models.adversary.discriminator_step",
        "cache",
        "network.forward(np.concatenate([fake, real]), rng)[1]",
        D_STEP,
        "discriminator.0.weight",
    ),
    Mutation(
        "models.adversary.adversarial_loss",
        "loss.dfake",
        "-loss.dfake",
        G_STEP,
        "generator.2.bias",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "self.generator.backward(loss.dfake, cache, grads[self.generator_grads], input_grad=False)",
        "self.generator.backward(0 * loss.dfake, cache, grads[self.generator_grads], input_grad=False)",
        G_STEP,
        "generator.0.weight",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "self.generator.backward(loss.dfake, cache, grads[self.generator_grads], input_grad=False)",
        "self.generator.backward(fake, cache, grads[self.generator_grads], input_grad=False)",
        G_STEP,
        "generator.2.weight",
    ),
    Mutation(
        "models.adversary.adversarial_loss",
        "loss.dfake",
        "model.objective.discriminator(logits, logits, 1.0).dfake",
        G_STEP,
        "generator.2.weight",
    ),
    Mutation(
        "models.gan.GAN.generator_step",
        "self.generator.backward(loss.dfake, cache, grads[self.generator_grads], input_grad=False)",
        "self.generator.backward(loss.dfake, cache, grads[self.generator_grads], input_grad=False)"
        " or grads['generator'].flat.fill(0)",
        G_STEP,
        "generator.0.bias",
    ),
]

C_STEP = "conditional GAN, generator step"
MEAN, HARDEST = "multi-GAN (mean), generators step", "multi-GAN (hardest), generators step"
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
        "models.adversary.of_the_mean",
        "mean([loss.dfake for loss in losses])",
        "losses[0].dfake",
        MEAN,
        "generator.0.weight",
    ),
    Mutation(
        "models.adversary.of_the_hardest",
        "max(losses, key=lambda loss: loss.value)",
        "(lambda worst: worst._replace(dfake=-worst.dfake))(max(losses, key=lambda loss: loss.value))",
        HARDEST,
        "generator2.2.bias",
    ),
    Mutation(
        "models.adversary.of_the_hardest",
        "max(losses, key=lambda loss: loss.value)",
        "GeneratorLoss(max(loss.value for loss in losses), sum(loss.dfake for loss in losses))",
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

KL = "run.kl_standard_normal_backward"


def vaegan(old, new, parameter, name="generator_step"):
    side = parameter.split(".")[0]
    return Mutation(f"models.vaegan.VAEGAN.{name}", old, new, f"VAE-GAN, {side} step", parameter)


def gaussian(old, new, parameter):
    where = "models.gaussian.GaussianEncoder.backward"
    return Mutation(where, old, new, "VAE-GAN, encoder step", parameter)


VAEGAN = [
    vaegan("x.shape[1] * dvalue", "dvalue", "decoder.2.weight", "error"),
    vaegan("x.shape[1] * value", "value", "decoder.2.weight", "error"),
    vaegan(
        "adversary.weighted(self.adversarial_weight, against.dfake)",
        "against.dfake / self.adversarial_weight",
        "decoder.2.bias",
    ),
    vaegan("self.adversarial_weight * against.value", "against.value", "decoder.0.weight"),
    vaegan("np.zeros_like", "np.ones_like", "decoder.2.bias"),
    vaegan(
        'self.gaussian.backward(dz, drawn, grads["encoder"], kl_weight=1.0)',
        'self.gaussian.backward(dz, drawn, grads["encoder"], kl_weight=0.0)',
        "encoder.2.weight",
    ),
    vaegan(
        'self.gaussian.backward(dz, drawn, grads["encoder"], kl_weight=1.0)',
        'self.gaussian.backward(0 * dz, drawn, grads["encoder"], kl_weight=1.0)',
        "encoder.2.weight",
    ),
    gaussian(f"{KL}(*halves)", f"{KL}(*halves)[::-1]", "encoder.2.weight"),
    gaussian(f"{KL}(*halves)", f"{KL}(*halves[::-1])", "encoder.2.bias"),
    gaussian(
        "ddescribed + kl_weight * dkl",
        "kl_weight * dkl",
        "encoder.0.weight",
    ),
    gaussian(
        "self.network.backward(ddescribed, drawn.cache, grads, input_grad=False)",
        "self.network.backward(0 * ddescribed, drawn.cache, grads, input_grad=False)",
        "encoder.0.bias",
    ),
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
