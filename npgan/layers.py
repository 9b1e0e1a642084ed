"""Layers: objects that own parameters and know how a gradient passes through them.

``y, cache = layer.forward(x, rng)`` and ``dx = layer.backward(dy, cache, grads)``. The cache is all
that the backward pass needs; it is returned, never kept on the layer, so that a discriminator can
look at real and at generated data before either is differentiated. Parameter gradients are added
to ``grads``, input gradients are returned.

``rng`` is the randomness of a training pass. Without it a layer is in evaluation mode: dropout does
nothing and a Gaussian sample is its mean.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np

from npgan import init
from npgan.backend import run
from npgan.errors import InputError, unknown
from npgan.parameters import Parameters


class Layer:
    """A differentiable function with parameters; subclasses say which function.

    Attributes
    ----------
    parameters : the layer's parameters: views into its network's flat vector, or into its own
    """

    name = "layer"
    parameters = Parameters({})

    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, Any]:
        """Return the output (n, out) for the input (n, in), and the cache for :meth:`backward`."""
        raise NotImplementedError

    def backward(
        self,
        dy: np.ndarray,
        cache: Any,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Return ``dx`` and add the parameters' gradients to ``grads``.

        Parameters
        ----------
        dy : (n, out) the gradient by the output
        cache : what :meth:`forward` returned beside that output
        grads : gradients by parameter name, added to; None: they are not wanted
        input_grad : whether ``dx`` is wanted; None is returned otherwise
        """
        raise NotImplementedError

    def initialize(self, rng: np.random.Generator | int | None) -> None:
        """Draw new parameters, in order, from one generator."""

    def bind(self, parameters: Parameters) -> None:
        """Let the layer live in this memory (and forget its own)."""
        self.parameters = parameters

    def out_features(self, in_features: int) -> int:
        """Return the width of the output for an input of width ``in_features``."""
        return in_features

    def spec(self) -> str:
        """Return the layer in words, ``name argument ...``, as :func:`build` takes it."""
        return self.name

    def astype(self, dtype: np.typing.DTypeLike) -> Self:
        """Return a copy whose parameters have another dtype (float64 to check gradients)."""
        twin = copy.deepcopy(self)
        twin.bind(Parameters(self.parameters.shapes, self.parameters.flat.astype(dtype)))
        return twin

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up a copied state: the copy's layers must again be views into one vector, its own."""
        self.__dict__.update(state)
        self.bind(self.parameters)

    def __call__(self, x: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        """Return the output of :meth:`forward` without its cache."""
        return self.forward(x, rng)[0]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.spec().split()[1:])})"


class Dense(Layer):
    """A dense layer, :func:`npgan.ops.dense_forward`: ``y = x @ weight + bias``.

    Parameters
    ----------
    in_features, out_features : the widths of x and y, at least 1
    init : a name of :data:`npgan.init.INITIALIZERS` for ``weight``; ``bias`` starts at 0
    rng : generator or seed for the first weights
    dtype : float32 trains, float64 checks gradients

    Examples
    --------
    >>> layer = Dense(3, 2, rng=0)
    >>> y, cache = layer.forward(np.ones((5, 3), np.float32))
    >>> grads = layer.parameters.like()
    >>> dx = layer.backward(np.ones_like(y), cache, grads)
    >>> dx.shape, grads["weight"].shape, grads["bias"]
    ((5, 3), (3, 2), array([5., 5.], dtype=float32))
    """

    name = "dense"

    def __init__(
        self,
        in_features: int,
        out_features: int,
        init: str = "glorot_uniform",
        *,
        rng: np.random.Generator | int | None = None,
        dtype: np.typing.DTypeLike = np.float32,
    ) -> None:
        for width in (in_features, out_features):
            if not isinstance(width, int | np.integer) or width < 1:
                raise InputError(f"a dense layer's width must be at least 1, not {width!r}")
        self.init = init
        self.in_width, self.out_width = in_features, out_features
        shapes = {"weight": (in_features, out_features), "bias": (out_features,)}
        self.bind(Parameters(shapes, dtype=dtype))
        self.initialize(rng)

    def initialize(self, rng: np.random.Generator | int | None) -> None:
        """Draw the weight anew by the layer's initialiser; the bias becomes 0."""
        if self.init not in init.INITIALIZERS:
            raise unknown("initialiser", self.init, init.INITIALIZERS)
        weight, bias = self.parameters.values()
        weight[...] = init.INITIALIZERS[self.init](np.random.default_rng(rng), weight.shape)
        bias[...] = 0

    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """See :func:`npgan.ops.dense_forward`; the cache is ``x``."""
        if x.ndim != 2 or x.shape[1] != self.in_width:
            raise InputError(
                f"{self!r} takes an input of shape (n, {self.in_width}), not {x.shape}"
            )
        return run.dense_forward(x, self.parameters["weight"], self.parameters["bias"]), x

    def backward(
        self,
        dy: np.ndarray,
        cache: np.ndarray,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """See :func:`npgan.ops.dense_backward_input` and ``dense_backward_parameters``."""
        if grads is not None:
            run.dense_backward_parameters(dy, cache, grads["weight"], grads["bias"])
        return run.dense_backward_input(dy, self.parameters["weight"]) if input_grad else None

    def out_features(self, in_features: int) -> int:
        """Return the layer's width; an input of the wrong width is an InputError."""
        if in_features != self.in_width:
            raise InputError(f"{self!r} follows a layer {in_features} wide")
        return self.out_width

    def spec(self) -> str:
        """Return ``dense in out``, and the initialiser where it is not the default."""
        init = "" if self.init == "glorot_uniform" else f" {self.init}"
        return f"{self.name} {self.in_width} {self.out_width}{init}"


class Activation(Layer):
    """An activation function; its cache is its output (see :mod:`npgan.ops.activation`).

    Subclasses name the operation; ``arguments`` are its further arguments, all of them positive.
    """

    def __init__(self, *arguments: float) -> None:
        for value in arguments:
            if not 0 < value < np.inf:
                raise InputError(f"{type(self).__name__} needs a positive argument, not {value}")
        self.arguments = arguments

    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Apply ``<name>_forward`` to every element (softmax: to every row)."""
        y = getattr(run, f"{self.name}_forward")(x, *self.arguments)
        return y, y

    def backward(
        self,
        dy: np.ndarray,
        cache: np.ndarray,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Apply ``<name>_backward`` to ``dy`` and the output."""
        if not input_grad:
            return None
        return getattr(run, f"{self.name}_backward")(dy, cache, *self.arguments)

    def spec(self) -> str:
        """Return ``name argument ...``."""
        return " ".join([self.name, *map(str, self.arguments)])


class Identity(Activation):
    """The identity, :func:`npgan.ops.identity_forward`."""

    name = "identity"


class ReLU(Activation):
    """Rectified linear unit, :func:`npgan.ops.relu_forward`."""

    name = "relu"


class LeakyReLU(Activation):
    """Leaky ReLU, :func:`npgan.ops.leaky_relu_forward`: ``slope`` > 0 left of the corner."""

    name = "leaky_relu"

    def __init__(self, slope: float = 0.2) -> None:
        super().__init__(slope)


class Sigmoid(Activation):
    """Logistic sigmoid, :func:`npgan.ops.sigmoid_forward`."""

    name = "sigmoid"


class Tanh(Activation):
    """Hyperbolic tangent, :func:`npgan.ops.tanh_forward`."""

    name = "tanh"


class Softplus(Activation):
    """Smooth ReLU, :func:`npgan.ops.softplus_forward`."""

    name = "softplus"


class ELU(Activation):
    """Exponential linear unit, :func:`npgan.ops.elu_forward`, with ``alpha`` > 0."""

    name = "elu"

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__(alpha)


class Softmax(Activation):
    """Softmax over the last axis, :func:`npgan.ops.softmax_forward`."""

    name = "softmax"


class Dropout(Layer):
    """Inverted dropout, :func:`npgan.ops.dropout_forward`, with 0 <= ``rate`` < 1.

    Without an ``rng`` it passes its input on; the cache is the mask, or None.
    """

    name = "dropout"

    def __init__(self, rate: float = 0.5) -> None:
        if not 0 <= rate < 1:
            raise InputError(f"a dropout rate lies in [0, 1), not {rate}")
        self.rate = rate

    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Draw a mask from ``rng`` and apply it."""
        if rng is None:
            return x, None
        mask = run.dropout_mask(rng, x.shape, self.rate)
        return run.dropout_forward(x, mask), mask

    def backward(
        self,
        dy: np.ndarray,
        cache: np.ndarray | None,
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Apply the same mask to ``dy``."""
        if not input_grad:
            return None
        return dy if cache is None else run.dropout_backward(dy, cache)

    def spec(self) -> str:
        """Return ``dropout rate``."""
        return f"{self.name} {self.rate}"


class GaussianSample(Layer):
    """A sample of the Gaussian that its input describes, :func:`npgan.ops.gaussian_sample_forward`.

    x (n, 2d) holds d means, then d log-variances; y (n, d) is the sample, or the mean without ``rng``.

    Examples
    --------
    >>> GaussianSample()(np.array([[1.0, -2.0, 0.0, 0.0]]))
    array([[ 1., -2.]])
    """

    name = "gaussian_sample"

    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
        """Draw the noise and scale it; the cache is the log-variance and the noise."""
        self.out_features(x.shape[1])
        mean, log_var = np.split(x, 2, axis=1)
        eps = np.zeros(mean.shape, np.float32)
        if rng is not None:
            rng.standard_normal(dtype=np.float32, out=eps)
        return run.gaussian_sample_forward(mean, log_var, eps), (log_var, eps)

    def backward(
        self,
        dy: np.ndarray,
        cache: tuple[np.ndarray, np.ndarray],
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Return the gradient by means and log-variances, side by side."""
        if not input_grad:
            return None
        return np.hstack(run.gaussian_sample_backward(dy, *cache))

    def out_features(self, in_features: int) -> int:
        """Return half of the width, which must be even."""
        if in_features % 2:
            raise InputError(
                f"{self!r} takes means and log-variances: an even width, not {in_features}"
            )
        return in_features // 2


class Sequential(Layer):
    """Layers one after the other, their parameters in one flat vector.

    Parameters
    ----------
    layers : at least one; each is copied, with its weights
    rng : generator or seed that draws all weights anew, in order; without it they are kept

    Examples
    --------
    >>> net = Sequential(Dense(2, 3), ReLU(), Dense(3, 1), rng=0)
    >>> list(net.parameters)
    ['0.weight', '0.bias', '2.weight', '2.bias']
    >>> print(net.summary())
    layer        output  parameters
    Dense(2, 3)  (n, 3)           9
    ReLU()       (n, 3)           0
    Dense(3, 1)  (n, 1)           4
    total                        13

    Raises
    ------
    InputError
        If a layer's width does not fit the one before it.
    """

    name = "sequential"

    def __init__(self, *layers: Layer, rng: np.random.Generator | int | None = None) -> None:
        if not layers:
            raise InputError("a Sequential needs at least one layer")
        self.layers = [copy.deepcopy(layer) for layer in layers]
        width = self.in_width
        for layer in self.layers:
            width = layer.out_features(width) if width else 0
        named = {
            f"{i}.{name}": array
            for i, layer in enumerate(self.layers)
            for name, array in layer.parameters.items()
        }
        dtype = np.result_type(*named.values()) if named else np.float32
        parameters = Parameters({name: a.shape for name, a in named.items()}, dtype=dtype)
        parameters.load(named)
        self.bind(parameters)
        if rng is not None:
            self.initialize(rng)

    @property
    def in_width(self) -> int:
        """The width of the input, 0 if no layer fixes it."""
        return next((w for layer in self.layers if (w := getattr(layer, "in_width", 0))), 0)

    @property
    def out_width(self) -> int:
        """The width of the output, 0 if no layer fixes it."""
        return self.out_features(self.in_width)

    def out_features(self, in_features: int) -> int:
        """Return the width of the last layer's output."""
        for layer in self.layers:
            in_features = layer.out_features(in_features)
        return in_features

    def initialize(self, rng: np.random.Generator | int | None) -> None:
        """Draw all weights anew, in order."""
        rng = np.random.default_rng(rng)
        for layer in self.layers:
            layer.initialize(rng)

    def bind(self, parameters: Parameters) -> None:
        """Let every layer live in its part of this memory."""
        self.parameters = parameters
        for i, layer in enumerate(self.layers):
            layer.bind(parameters.scope(str(i)))

    def forward(
        self, x: np.ndarray, rng: np.random.Generator | None = None
    ) -> tuple[np.ndarray, list[Any]]:
        """Go through the layers; the cache is the list of theirs."""
        caches = []
        for layer in self.layers:
            x, cache = layer.forward(x, rng)
            caches.append(cache)
        return x, caches

    def backward(
        self,
        dy: np.ndarray,
        cache: list[Any],
        grads: Parameters | None = None,
        input_grad: bool = True,
    ) -> Any:
        """Go through the layers backwards: the chain rule."""
        for i in reversed(range(len(self.layers))):
            scope = None if grads is None else grads.scope(str(i))
            dy = self.layers[i].backward(dy, cache[i], scope, input_grad or i > 0)
        return dy

    def summary(self) -> str:
        """Return a table of the layers, their output shapes and parameter counts."""
        rows = [("layer", "output", "parameters")]
        width = self.in_width
        for layer in self.layers:
            width = layer.out_features(width)
            rows.append((repr(layer), f"(n, {width})", f"{layer.parameters.flat.size:,}"))
        rows.append(("total", "", f"{self.parameters.flat.size:,}"))
        a, b, c = (max(map(len, column)) for column in zip(*rows, strict=True))
        return "\n".join(f"{x:{a}}  {y:{b}}  {z:>{c}}" for x, y, z in rows)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __repr__(self) -> str:
        return f"Sequential({', '.join(map(repr, self.layers))})"


LAYERS: dict[str, type[Layer]] = {
    layer.name: layer
    for layer in (
        Dense,
        Identity,
        ReLU,
        LeakyReLU,
        Sigmoid,
        Tanh,
        Softplus,
        ELU,
        Softmax,
        Dropout,
        GaussianSample,
    )
}


def build(specs: Sequence[str], rng: np.random.Generator | int | None = None) -> Sequential:
    """Build a network from its layers in words, each ``name argument ...``.

    Examples
    --------
    >>> build(["dense 2 3", "leaky_relu 0.2", "dense 3 1"], rng=0)
    Sequential(Dense(2, 3), LeakyReLU(0.2), Dense(3, 1))

    Raises
    ------
    InputError
        For an unknown layer, arguments that do not fit it, or widths that do not fit each other.
    """
    layers = []
    for spec in specs:
        name, *arguments = spec.split() or [""]
        if name not in LAYERS:
            raise unknown("layer", name, LAYERS)
        try:
            layers.append(LAYERS[name](*map(_value, arguments)))
        except TypeError:
            raise InputError(f"layer {spec!r}: {name} does not take these arguments") from None
    return Sequential(*layers, rng=rng)


def _value(word: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word
