"""Deliberate mistakes that no gradient shows, of all kinds; see mutations.py."""

from mutations import Silent

MUTATIONS: list = []


def rule(name, old, new, where=""):
    test = "test_optim.test_a_rule_is_the_sum_it_stands_for"
    return Silent(f"ops.update.{where or name}_update", old, new, test, (name, float))


MOMENTS = "test_ops.test_a_dropout_mask_keeps_its_share_and_has_mean_1"
WORDS = "test_random.test_philox_gives_the_published_words"
NORMAL = "test_random.test_normal_numbers_have_the_normal_distribution"
GAUSSIAN = "test_ops.test_a_gaussian_sample_has_its_mean_and_the_variance_exp_of_log_var"
AVERAGE = "test_optim.test_an_average_is_the_sum_of_its_past"
FOLLOWS = "test_models_settings.test_the_average_follows_the_generator_and_draws_the_samples"
GATHER = "test_ops.test_gather_takes_rows_and_scales_bytes_only"
OBJECTIVE = "test_models.test_a_gan_trains_on_the_objective_and_the_labels_it_was_given"
NO_DIRECTION = (
    "test_penalties.test_where_there_is_no_direction_the_distance_from_one_has_the_gradient_0"
)
BETWEEN = (
    "test_penalties."
    "test_wgan_gp_looks_at_a_uniform_point_between_each_real_and_its_generated_sample"
)
AROUND = "test_penalties.test_dragan_looks_around_real_data"
KNOWN = "test_penalties.test_a_linear_discriminators_penalty_is_known"
NOISY = (
    "test_penalties."
    "test_instance_noise_is_added_to_all_that_the_discriminator_sees_in_training_only"
)
DECAY = "test_penalties.test_a_coefficient_falls_by_equal_factors_and_then_stays"
RECORDED = "test_recorded_steps.test_penalized_steps_are_recorded"
PUT_BACK = "test_players.test_the_discriminator_that_ran_ahead_is_put_back_bit_for_bit"
AHEAD = "test_players.test_the_generator_is_updated_against_the_discriminator_as_it_came_to_be"
PACKS = "test_players.test_a_pack_is_samples_side_by_side"
SHARES = "test_players.test_generators_share_a_batch_evenly"
LOSSES = "test_players.test_generators_are_against_the_mean_or_the_hardest_of_the_losses"
SPREAD = "test_models_settings.test_the_spread_widens_the_noise_of_samples_and_of_nothing_else"
CLASSES = "test_conditional.test_generated_samples_have_the_labels_of_the_batch"
RANGE = "test_conditional.test_labels_are_columns_in_the_networks_range_whatever_the_data"
BIASES = "test_init.test_a_dense_layer_takes_its_weights_and_then_its_biases_from_its_initialiser"
PRODUCTS = "test_work.test_a_penalty_shares_products_with_the_loss"
TURNS = (
    "test_players.test_at_every_place_each_has_its_turn_as_often_and_none_twice_more_than_another"
)
WON = "test_reports.test_a_pair_is_won_by_the_higher_logit_and_by_half_in_a_tie"
LARGE = "test_reports.test_large_logits_keep_the_digits_of_their_gap_and_equal_ones_are_not_balanced_accuracy"
UNSEEN = "test_reports.test_what_a_loss_does_not_see_is_not_reported"
CLIP = "test_optim.test_clipping_by_norm_shortens_what_is_longer_and_keeps_its_direction"

COPY = "test_copies.test_a_copy_trains_on_to_the_same_bits_and_leaves_the_original_alone"
OWN_MOMENTS = "test_copies.test_an_optimisers_copy_has_moments_of_its_own"

SILENT = [
    Silent(
        "models.model.Model.__getstate__",
        "name not in cached",
        "cached",
        COPY,
        ("multi-gan", "numpy", "deepcopy"),
    ),
    Silent(
        "models.model.Model.__copy__", "copy.deepcopy(self)", "self", COPY, ("gan", "numpy", "copy")
    ),
    Silent(
        "optim.rules.Optimizer.__copy__",
        "copy.deepcopy(self)",
        "self",
        OWN_MOMENTS,
        ("adamw", "copy"),
    ),
    Silent(
        "layers.dense.Dense.initialize",
        "rules.bias(rng, weight.shape)",
        "0",
        BIASES,
        ("fan_in_uniform",),
    ),
    Silent("training.work._bent", "s + 1", "s", PRODUCTS),
    rule("sgd", "w -= lr * g", "w += lr * g"),
    rule("sgd", "w -= lr * g", "w -= g"),
    rule("momentum", "v *= momentum", "pass"),
    rule("momentum", "v += g", "v += (1 - momentum) * g"),
    rule("rmsprop", "np.sqrt(v) + eps", "np.sqrt(v + eps)"),
    rule("rmsprop", "np.square(g)", "np.abs(g)"),
    rule("rmsprop", "v *= decay", "pass"),
    rule("adam", "lr / (1 - beta1**t)", "lr"),
    rule("adam", "v / (1 - beta2**t)", "v"),
    rule("adam", "v / (1 - beta2**t)", "v / (1 - beta2)"),
    rule("adam", "np.sqrt(v / (1 - beta2**t)) + eps", "np.sqrt(v / (1 - beta2**t) + eps)"),
    rule("adam", "m += (1 - beta1) * g", "m += g"),
    rule("adam", "v *= beta2", "v *= beta1"),
    rule("adamw", "lr * weight_decay", "weight_decay"),
    rule("adamw", "w *= 1 - lr * weight_decay", "pass"),
    *(rule(name, "g.fill(0)", "pass") for name in ("sgd", "momentum", "rmsprop", "adam")),
    Silent("ops.update.ema_update", "(1 - decay) * w", "decay * w", AVERAGE, (0.2,)),
    Silent("ops.update.ema_update", "average *= decay", "pass", AVERAGE, (0.2,)),
    Silent("ops.update.ema_decay", "t - 1", "t", AVERAGE, (0.2,)),
    Silent(
        "ops.update.ema_decay",
        "min(limit, (t - 1) / (t + 8))",
        "(t - 1) / (t + 8)",
        AVERAGE,
        (0.2,),
    ),
    Silent(
        "models.gan.GAN._update_average",
        "(self.step + 1) // self.n_critic",
        "self.step + 1",
        FOLLOWS,
        (0.2, 2),
    ),
    Silent("ops.random.dropout_mask", "1 / (1 - rate)", "1", MOMENTS, (0.5,)),
    Silent("ops.random.dropout_mask", "1 / (1 - rate)", "1 / rate", MOMENTS, (0.1,)),
    Silent(
        "ops.random.dropout_mask",
        "philox(key(rng), -(-size // 4)).reshape(-1)[:size] >= threshold(rate)",
        "philox(key(rng), -(-size // 4)).reshape(-1)[:size] < threshold(rate)",
        MOMENTS,
        (0.1,),
    ),
    Silent("ops.random.dropout_mask", "threshold(rate)", "threshold(rate / 2)", MOMENTS, (0.5,)),
    Silent("ops.random.philox", "q >> 32 ^ b", "q >> 31 ^ b", WORDS),
    Silent("ops.random.philox", "p >> 32 ^ d ^ k1", "p >> 32 ^ d ^ k0", WORDS),
    Silent("ops.random.philox", "KEY_STEP[0]", "KEY_STEP[1]", WORDS),
    Silent("ops.random.standard_normal", "-2 * np.log(u)", "-1 * np.log(u)", NORMAL),
    Silent("ops.random.standard_normal", "np.sin", "np.cos", NORMAL),
    Silent("ops.random.standard_normal", "2 * math.pi", "math.pi", NORMAL),
    Silent("ops.random.standard_normal", "words[:, 1]", "words[:, 0]", NORMAL),
    Silent("ops.noise.gaussian_sample_forward", "log_var / 2", "log_var", GAUSSIAN, (3.0, 2.0)),
    Silent(
        "ops.noise.gaussian_sample_forward", "log_var / 2", "-log_var / 2", GAUSSIAN, (3.0, 2.0)
    ),
    Silent(
        "ops.noise.gaussian_sample_forward",
        "mean + np.exp(log_var / 2) * eps",
        "np.exp(log_var / 2) * eps",
        GAUSSIAN,
        (3.0, 2.0),
    ),
    Silent("ops.batch.gather", "(high - low) / 255", "(high - low) / 256", GATHER, (0.0, 1.0)),
    Silent(
        "ops.batch.gather",
        "batch * np.float32((high - low) / 255) + np.float32(low)",
        "batch * np.float32((high - low) / 255)",
        GATHER,
        (-1.0, 1.0),
    ),
    Silent("ops.update.clip_by_norm", "limit / norm", "1 / norm**2", CLIP, (3.0,)),
    Silent("ops.update.clip_by_norm", "norm > limit", "norm", CLIP, (0.5,)),
    Silent(
        "optim.rules.Optimizer._advance",
        "self.t += 1",
        "self.t += 2",
        "test_optim.test_the_first_update_has_the_schedules_first_rate",
    ),
    Silent(
        "models.gan.GAN.targets",
        "1 - self.label_smoothing",
        "1.0",
        OBJECTIVE,
        ("minimax",),
    ),
    Silent(
        "models.adversary.discriminator_step",
        "model.objective.discriminator(logits[:n], logits[n:], *labels)",
        "model.objective.discriminator(logits[n:], logits[:n], *labels)",
        OBJECTIVE,
        ("minimax",),
    ),
    Silent(
        "models.adversary.adversarial_loss",
        "discriminator.backward(loss.dfake, cache)",
        "discriminator.backward(loss.dfake, cache, model.grads['discriminator'])",
        "test_models.test_the_generators_step_gives_the_discriminator_no_gradient_and_leaves_it_alone",
    ),
    Silent(
        "objectives.penalties.gradient_penalty",
        "np.ones_like(logits)",
        "2 * np.ones_like(logits)",
        KNOWN,
        ("r1", "numpy"),
    ),
    Silent(
        "objectives.penalties.gradient_penalty",
        "np.ones_like(logits)",
        "np.ones_like(logits) / len(x)",
        KNOWN,
        ("r1", "numpy"),
    ),
    Silent(
        "ops.normalisation.polar",
        "np.where(length > 0, length, 1)",
        "length",
        NO_DIRECTION,
        (float,),
    ),
    Silent(
        "ops.normalisation.polar",
        "np.where(length > 0, length, 1)",
        "(length + 1e-3)",
        NO_DIRECTION,
        (float,),
    ),
    Silent(
        "objectives.penalties.between", "_uniform(real, rng)", "_uniform(real, rng) ** 2", BETWEEN
    ),
    Silent("objectives.penalties._uniform", "(len(x), 1)", "x.shape", BETWEEN),
    Silent(
        "objectives.penalties.around_real",
        "alpha * (DRAGAN_NOISE * real.std())",
        "DRAGAN_NOISE * real.std()",
        AROUND,
    ),
    Silent("objectives.penalties.around_real", "DRAGAN_NOISE * real.std()", "DRAGAN_NOISE", AROUND),
    Silent(
        "objectives.penalties.penalized_backward",
        'now.get("r1", 0.0)',
        'now.get("r2", 0.0)',
        "test_penalties.test_the_discriminators_loss_and_gradient_are_its_objectives_plus_the_penaltys",
        ("r1",),
    ),
    Silent(
        "objectives.penalties.penalized_backward",
        "points(real[:, every], fake[:, every], rng)",
        "points(fake[:, every], real[:, every], rng)",
        "test_penalties.test_the_discriminators_loss_and_gradient_are_its_objectives_plus_the_penaltys",
        ("dragan",),
    ),
    Silent(
        "objectives.penalties.penalized_backward",
        "now = coefficients()",
        "now = penalties",
        RECORDED,
        ("decaying", None),
    ),
    Silent(
        "optim.schedules.Schedule.__call__", "min(step / self.steps, 1)", "step / self.steps", DECAY
    ),
    Silent(
        "objectives.penalties.penalized_backward",
        'counted * (now.get("r1", 0.0) / n)',
        'now.get("r1", 0.0) / n',
        "test_penalties.test_a_penalty_is_on_the_slope_by_the_data_alone",
        ("r1", 1, "numpy"),
    ),
    Silent(
        "objectives.penalties.penalized_backward",
        "points(real[:, every], fake[:, every], rng)",
        "points(real, fake, rng)[:, every]",
        "test_penalties.test_labels_are_never_moved",
        (1,),
    ),
    Silent("models.labels.drawn_evenly", "rng.permuted(rounds, axis=1)", "rounds", TURNS, (1,)),
    Silent("objectives.reports.pairs_won", "real_logits - fake_logits", "real_logits", WON),
    Silent(
        "objectives.reports.gap",
        "mean(real_logits) - mean(fake_logits)",
        "-mean(fake_logits)",
        LARGE,
        (1000.1,),
    ),
    Silent("ops.activation.mean_heaviside", "(0.5)", "(0)", WON),
    Silent(
        "objectives.losses._cross_entropy_level",
        "(s + t) / (2 - s - t)",
        "1",
        "test_reports.test_the_equilibrium_is_the_value_of_each_loss_and_report_at_the_best_answer",
        ("non-saturating", 0.9, 0.0),
    ),
    Silent("models.gan.GAN.unrolled", "array[...] = old", "pass", PUT_BACK),
    Silent("models.gan.GAN.unrolled", "rule.t = t", "pass", PUT_BACK),
    Silent("models.gan.GAN.unrolled", "self._update_discriminators(batch, rng)", "pass", AHEAD),
    Silent(
        "models.gan.GAN.discriminator_input", "self._noisy(x, rng)", "self._noisy(x, rng).T", PACKS
    ),
    Silent(
        "models.gan.GAN._spread_latent",
        "self.spread * self.latent(n, rng)",
        "self.latent(n, rng)",
        SPREAD,
    ),
    Silent("models.multi.Mixture._shares", "i * n // k", "0", SHARES, (7,)),
    Silent(
        "models.adversary.of_the_hardest",
        "max(losses, key=lambda loss: loss.value)",
        "min(losses, key=lambda loss: loss.value)",
        LOSSES,
    ),
    Silent("models.adversary.mean", "1 / len(parts)", "1", LOSSES),
    Silent(
        "models.labels.Labels.split",
        "rows[:, -self.classes :]",
        "rows[:, : self.classes]",
        CLASSES,
    ),
    Silent(
        "models.labels.Labels.columns",
        "np.where(labels[:, None] == np.arange(self.classes), high, low)",
        "np.where(labels[:, None] == np.arange(self.classes), low, high)",
        RANGE,
        (None, 0, 1),
    ),
    Silent(
        "models.gan.GAN._noisy",
        "self.instance_noise * run.standard_normal(rng, x.shape, x.dtype)",
        "run.standard_normal(rng, x.shape, x.dtype)",
        NOISY,
    ),
    *(
        Silent(f"models.gan.GAN.{step}", f"self.discriminator_input({rows}, rng)", rows, NOISY)
        for step, rows in (
            ("discriminator_step", "batch"),
            ("adversarial_loss", "fake"),
            ("adversarial_loss", "real"),
        )
    ),
    Silent("models.gan.GAN.discriminator_input", "self._noisy(x, rng)", "x", NOISY),
    Silent(
        "models.gan.GAN.targets",
        "self.fake_label_smoothing",
        "0.0",
        OBJECTIVE,
        ("minimax",),
    ),
    Silent(
        "models.vaegan.VAEGAN.discriminator_input",
        "np.concatenate([x, x]), fake",
        "fake, np.concatenate([x, x])",
        "test_models_settings.test_a_vaegans_discriminator_sees_reconstructions_and_samples",
    ),
    Silent(
        "models.vaegan.VAEGAN.generator_step",
        "np.concatenate([self.discriminator(x, rng)] * 2)",
        "self.discriminator(output, rng)",
        "test_models_settings.test_a_vaegan_trains_on_the_objective_it_was_given",
        ("relativistic",),
    ),
    Silent(
        "models.model.Model._forget",
        "grads.flat.fill(0)",
        "pass",
        "test_models.test_training_forgets_the_gradients_that_an_unfinished_step_left",
        ("GAN",),
    ),
    Silent(
        "models.gan.GAN.train_step",
        "(self.step + 1) % self.n_critic == 0",
        "(self.step + 1) % self.n_critic == 1",
        "test_models_settings.test_n_critic_lets_the_generator_move_every_third_step",
    ),
    Silent(
        "models.model.Model._refuse",
        "raise NonFiniteError(explanation)",
        "(explanation)",
        "test_models_data.test_a_huge_learning_rate_ends_in_a_non_finite_error_and_finite_weights",
    ),
]
