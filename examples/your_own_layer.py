"""A layer of your own: Swish with a learnable slope, its gradients checked and a mistake caught."""

import sys

import numpy as np
from matplotlib.figure import Figure

from npgan import Adam, Autoencoder, Dense, Layer, Parameters, Sequential, data, gradcheck
from npgan.ops import sigmoid_forward


class Swish(Layer):
    r"""Swish with one learnable slope per feature: :math:`y_{ni} = x_{ni}\,s(\beta_i x_{ni})`.

    With :math:`s = 1/(1 + e^{-t})`, so that :math:`s' = s(1 - s)`, and :math:`t = \beta x`:

    .. math::
        \frac{\partial y}{\partial x} = s + x\,\beta\,s(1 - s) = s + \beta\,y\,(1 - s), \qquad
        \frac{\partial y}{\partial \beta} = x\,x\,s(1 - s) = x\,y\,(1 - s)

    Every row of the batch uses the same :math:`\beta`, so its gradient sums over the rows.
    Source: Ramachandran et al. 2017.
    """

    name = "swish"

    def __init__(self, features: int, *, dtype: np.typing.DTypeLike = np.float32) -> None:
        self.features = features
        self.bind(Parameters({"beta": (features,)}, dtype=dtype))
        self.initialize(None)

    def initialize(self, rng: np.random.Generator | int | None) -> None:
        """Start at beta = 1."""
        self.parameters["beta"][...] = 1

    def forward(self, x, rng=None):
        """Return y and what backward needs; nothing is kept on the layer."""
        s = sigmoid_forward(self.parameters["beta"] * x)
        return x * s, (x, s)

    def backward(self, dy, cache, grads=None, input_grad=True):
        """Return dx; add the gradient with respect to beta to ``grads``, in place."""
        x, s = cache
        y = x * s
        if grads is not None:
            grads["beta"][...] += (dy * x * y * (1 - s)).sum(axis=0)
        return dy * (s + self.parameters["beta"] * y * (1 - s)) if input_grad else None


class WrongSwish(Swish):
    """Swish, but the input's gradient lost its beta: wrong, though right where beta is 1."""

    def backward(self, dy, cache, grads=None, input_grad=True):
        """Forget a factor."""
        super().backward(dy, cache, grads, input_grad=False)
        x, s = cache
        return dy * (s + x * s * (1 - s))


def main(path: str = "your_own_layer.png") -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3))
    for layer in (Swish(3), WrongSwish(3)):
        layer.parameters["beta"][...] = [0.5, 1, 2]  # at 1, the start, the mistake would not show
        print(f"{layer!r}\n{gradcheck(layer, x)}\n")

    network = Sequential(Dense(3, 5), Swish(5), Dense(5, 2), rng=0)
    print(f"inside a network\n{gradcheck(network, x)}\n")

    moons = data.load("moons")
    model = Autoencoder(
        encoder=Sequential(Dense(2, 32), Swish(32), Dense(32, 1), rng=0),
        decoder=Sequential(Dense(1, 32), Swish(32), Dense(32, 2), rng=1),
        optimizers={"encoder": Adam(5e-3), "decoder": Adam(5e-3)},
    )
    history = model.fit(moons, epochs=10, callbacks=[], rng=0)
    beta = model.decoder.parameters["1.beta"]
    print(f"two moons through one number: loss {history.rows[0]['loss']:.3f} at first, ", end="")
    print(
        f"{history.rows[-1]['loss']:.4f} at last; learnt beta {beta.min():.1f} to {beta.max():.1f}"
    )
    draw(beta, moons.test[:1500], model, path)
    print(f"saved {path}")


def draw(beta: np.ndarray, points: np.ndarray, model: Autoencoder, path: str) -> None:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    x = np.linspace(-5, 5, 201)
    for b in (beta.min(), 1, beta.max()):
        left.plot(x, x * sigmoid_forward(b * x), label=f"β = {b:.1f}")
    left.set(title="Swish: the least, the first and the largest β", xlabel="x", ylabel="y")
    left.legend()
    right.plot(*points.T, ".", ms=3, color="lightgray", label="test points")
    right.plot(*model.reconstruct(points).T, ".", ms=3, color="C3", label="reconstructions")
    right.set(title="Two moons through one number", xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    right.legend(markerscale=3)
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    main(*sys.argv[1:])
