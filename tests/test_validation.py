"""What is reported of held-out rows is what its name says, of floats and of bytes."""

import numpy as np
import pytest
from calls import LABELS, MODELS, X

from npgan import (
    VAEGAN,
    AdversarialAutoencoder,
    Autoencoder,
    BiGAN,
    Classifier,
    Translator,
)


def squared(model, x):
    return np.square(model.reconstruct(x) - x)


EXPECTED = {
    Autoencoder: ("val_loss", lambda model, x: squared(model, x).mean()),
    AdversarialAutoencoder: (
        "val_reconstruction",
        lambda model, x: squared(model, x).sum(axis=1).mean(),
    ),
    VAEGAN: ("val_mse", lambda model, x: squared(model, x).mean()),
    BiGAN: ("val_mse", lambda model, x: squared(model, x).mean()),
    Translator: (
        "val_l1",
        lambda model, x: abs(model.translate(x[:, :1]) - x[:, 1:]).mean(),
    ),
}


@pytest.mark.parametrize("kind", EXPECTED)
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_what_is_reported_is_what_its_name_says(kind, dtype):
    model, (name, measure) = MODELS[kind](), EXPECTED[kind]
    rows = X if dtype == np.float32 else (255 * X).astype(np.uint8)
    low, high = model.value_range
    x = X if dtype == np.float32 else low + (high - low) * (rows / np.float32(255))
    assert model.validate(rows) == {name: pytest.approx(measure(model, x), rel=1e-5)}


def test_a_classifier_reports_the_share_of_rows_that_it_knows():
    model = MODELS[Classifier]()
    right = (model.predict(X) == LABELS).mean()
    assert model.validate(model.rows(X, LABELS)) == {"val_accuracy": pytest.approx(right)}
