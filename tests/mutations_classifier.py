"""Deliberate mistakes in the classifier; see mutations.py."""

from mutations import Mutation, Silent

CASE = "classifier, step"


def classifier(name, old, new, test, *arguments):
    where = f"models.classifier.Classifier.{name}"
    return Silent(where, old, new, f"test_classifier.{test}", arguments)


MUTATIONS = [
    Mutation(
        "models.classifier.Classifier.classification_step",
        "self.classifier.backward(dlogits, cache, grads, input_grad=False)",
        "self.classifier.backward(2 * dlogits, cache, grads, input_grad=False)",
        CASE,
        "classifier.0.weight",
    ),
]

REPORTED = "test_the_loss_that_is_reported_is_that_of_the_weights_before_the_step"
MOVES = "test_a_step_moves_every_array_and_leaves_no_gradient"
SLOPE = "test_the_inputs_gradient_is_that_of_the_log_odds"
RISES = "test_attacks.test_more_steps_raise_the_loss_more"
BEARS = "test_attacks.test_a_classifier_that_learned_from_attacked_rows_bears_more"
SILENT = [
    Silent(
        "objectives.adversarial.worst_case",
        "moved + alpha * np.sign(gradient(moved))",
        "moved - alpha * np.sign(gradient(moved))",
        RISES,
    ),
    Silent(
        "models.classifier.Classifier.train_step",
        "worst_case(partial(self.input_gradient, labels=labels), x, self.adversarial,"
        " self.value_range, steps=self.attack_steps, rng=rng)",
        "x",
        BEARS,
    ),
    classifier("train_step", "logits.argmax", "logits.argmin", REPORTED),
    classifier("_apart", "columns.argmax", "columns.argmin", REPORTED),
    classifier("train_step", 'self.update(loss, "classifier")', "pass", MOVES),
    classifier("train_step", "self._count", "dict", MOVES),
    classifier(
        "input_gradient",
        "self.classifier.forward(x)",
        "self.classifier.forward(x, np.random.default_rng(0))",
        SLOPE,
    ),
    classifier("input_gradient", "dlogits[right] = -1", "dlogits[right] = 0", SLOPE),
    classifier("input_gradient", "wrong[right] = -np.inf", "pass", SLOPE),
]
