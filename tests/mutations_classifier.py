"""Deliberate mistakes in the classifier; see mutations.py."""

from mutations import Mutation, Silent

CASE = "classifier, step"


def classifier(name, old, new, test, *arguments):
    where = f"models.classifier.Classifier.{name}"
    return Silent(where, old, new, f"test_classifier.{test}", arguments)


MUTATIONS = [
    Mutation(
        "models.classifier.Classifier.classification_step",
        "self.classifier.backward(dlogits, cache, grads['classifier'], input_grad=False)",
        "self.classifier.backward(2 * dlogits, cache, grads['classifier'], input_grad=False)",
        CASE,
        "classifier.0.weight",
    ),
]

REPORTED = "test_the_loss_that_is_reported_is_that_of_the_weights_before_the_step"
SLOPE = "test_the_inputs_gradient_is_that_of_the_log_odds"
RISES = "test_attacks.test_more_steps_raise_the_loss_more"
BEARS = "test_attacks.test_a_classifier_that_learned_from_attacked_rows_bears_more"
SILENT = [
    Silent(
        "ops.ascent.projected_ascent",
        "x + alpha * np.sign(g)",
        "x - alpha * np.sign(g)",
        RISES,
    ),
    Silent(
        "models.classifier.Classifier._training_batch",
        "not self.adversarial",
        "True",
        BEARS,
    ),
    classifier("classification_step", "logits.argmax", "logits.argmin", REPORTED),
    classifier("_split", "columns.argmax", "columns.argmin", REPORTED),
    classifier(
        "_log_odds_gradient",
        "self.classifier.forward(x)",
        "self.classifier.forward(x, np.random.default_rng(0))",
        SLOPE,
    ),
    classifier(
        "_log_odds_gradient",
        "np.where(right, -1, among_wrong)",
        "np.where(right, 0, among_wrong)",
        SLOPE,
    ),
    classifier("_log_odds_gradient", "np.where(right, -np.inf, logits)", "logits", SLOPE),
    Silent(
        "models.classifier.Classifier._training_batch",
        "columns == columns.max(axis=1, keepdims=True)",
        "columns < columns.max(axis=1, keepdims=True)",
        BEARS,
    ),
]
