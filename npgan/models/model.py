"""What all models share: networks by name, an optimiser for each, updates, state, ``fit``."""

import copy
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from npgan import backend, errors
from npgan.backend import run
from npgan.data.dataset import Dataset
from npgan.errors import InputError, NonFiniteError, count
from npgan.layers import LAYERS, Corruption, Layer, Residual, Sequential, Sigmoid, Softmax, Tanh
from npgan.models.steps import GradientStep, Loss, gradient_step
from npgan.objectives.reports import Reports
from npgan.optim import OPTIMIZERS, Optimizer
from npgan.parameters import Parameters
from npgan.schedules import Varying
from npgan.training import Callback, History, Loop, Progress

OUTPUT_RANGES: dict[type[Layer], tuple[float, float]] = {Sigmoid: (0.0, 1.0), Tanh: (-1.0, 1.0)}
CHUNK = 1000
LARGEST = 1e15  # of data: the squares of many can be summed up in float32
WILD = 1e3  # a weight that no training needs
NOT_NEGATIVE = "running_var", "num_batches_tracked"  # buffers


class Model:
    """Networks that are trained together.

    Subclasses set their networks' losses and say what a training step is.

    Parameters
    ----------
    networks : name -> network
    optimizers : name -> optimiser, for the same names

    Attributes
    ----------
    step : the number of training steps made
    history : of the last :meth:`fit`, as far as it came
    """

    output = "generator"
    penalties: Mapping[str, Varying] = {}

    def __init__(
        self, networks: Mapping[str, Sequential], optimizers: Mapping[str, Optimizer]
    ) -> None:
        errors.instance("optimizers", optimizers, Mapping)
        for optimizer in optimizers.values():
            errors.instance("an optimizer", optimizer, Optimizer)
        self.networks = dict(networks)
        self.optimizers = dict(optimizers)
        if self.optimizers.keys() != self.networks.keys():
            names, given = ", ".join(self.networks), ", ".join(self.optimizers)
            raise InputError(f"optimizers are needed for {names}, not for {given}")
        if len({id(network) for network in self.networks.values()}) < len(self.networks):
            raise InputError("one network is given twice: each trains weights of its own")
        if len({id(optimizer) for optimizer in self.optimizers.values()}) < len(self.networks):
            raise InputError("each network needs an optimizer of its own: it holds its moments")
        for name, optimizer in self.optimizers.items():
            if optimizer.serves:
                raise InputError(
                    f"the optimizer of the {name} holds another network's moments: make a new one"
                )
        for name, optimizer in self.optimizers.items():
            optimizer.init(self.networks[name].parameters.flat)
        self.step = 0
        self.history = History()

    @cached_property
    def grads(self) -> dict[str, Parameters]:
        """Gradients by name, one flat vector a network; zero between steps."""
        return {name: net.parameters.like() for name, net in self.networks.items()}

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has; what was only found once is found anew, in memory of the copy's own."""
        cached = [
            name for name in vars(self) if isinstance(getattr(type(self), name, 0), cached_property)
        ]
        return {name: value for name, value in vars(self).items() if name not in cached}

    def __copy__(self) -> Self:
        """Return a deep copy: half of a model, with the other's weights or moments, is none."""
        return copy.deepcopy(self)

    @property
    def features(self) -> int:
        """The width of the data."""
        return self.networks[self.output].out_width

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The range of the output's last layer; None: unbounded."""
        return bounds(self.networks[self.output])

    @property
    def value_range(self) -> tuple[float, float]:
        """What the bytes 0 and 255 of an image become: the output's range, or [0, 1]."""
        return self.bounds or (0.0, 1.0)

    def check_data(self, data: np.ndarray) -> np.ndarray:
        """Return the data as (n, d), uint8 or the networks' float type.

        Raises
        ------
        InputError
            If it is empty, has the wrong width, is not of numbers, has NaN or infinity, or values
            that the output cannot reach.
        """
        data = errors.as_array("the data", data)
        if data.ndim == 3:
            data = data.reshape(len(data), data.shape[1] * data.shape[2])
        octets = data.dtype == np.uint8
        dtype = np.uint8 if octets else self.networks[self.output].parameters.flat.dtype
        form, limits = ("n", self.features), (-LARGEST, LARGEST)
        data = errors.array("the data", data, form, rows=1, dtype=dtype, limits=limits)
        if octets:
            return data
        data = np.ascontiguousarray(data)
        if self.bounds:
            low, high = self.bounds
            if data.min() < low or data.max() > high:
                raise InputError(
                    f"the data's values lie in [{data.min():g}, {data.max():g}], but the network's "
                    f"output only reaches [{low:g}, {high:g}]: scale the data, or give bytes (uint8)"
                )
        return data

    def rows(self, data: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Return what batches are drawn from: the data, checked; some models join its labels."""
        return self.check_data(data)

    def check_batch(self, batch_size: int) -> None:
        """Refuse a batch of a size that the model cannot divide as it must."""

    def scaled(self, data: np.ndarray) -> np.ndarray:
        """Return data as the networks see it: checked, bytes scaled to :attr:`value_range`."""
        data = self.check_data(data)
        return run.gather(data, np.arange(len(data)), *self.value_range)

    def update(self, loss: np.floating, *names: str) -> None:
        """Let the optimisers of the named networks use up their gradients in ``grads``.

        Raises
        ------
        NonFiniteError
            If the loss or one of the gradients is NaN, infinite, or too large to be squared; no weight is
            changed then.
        """
        for name in names:
            run.require_finite(partial(self._refuse, name, loss), loss, self.grads[name].flat)
        for name in names:
            self.optimizers[name].step(self.networks[name].parameters.flat, self.grads[name].flat)

    def _refuse(self, name: str, loss: np.floating) -> None:
        where = self._where(name, float(loss))
        self._forget()
        raise NonFiniteError(where)

    @property
    def reports(self) -> Reports:
        """What is reported beside losses, by its column of the history."""
        return {}

    def equilibrium(self) -> dict[str, float]:
        """Return what columns of the history are where nothing is left to learn, if that is known."""
        return {}

    def coefficients(self) -> dict[str, float]:
        """Return the penalties' coefficients at the next step."""
        return {name: c(self.step) if callable(c) else c for name, c in self.penalties.items()}

    def _count(self) -> None:
        self.step += 1

    def _forget(self) -> None:
        """Clear the gradients that an unfinished step left."""
        for grads in self.grads.values():
            grads.flat.fill(0)

    def _where(self, name: str, loss: float) -> str:
        """Name the layer to blame: a bad weight, a bad gradient, or else the largest weight."""
        weights = [(n, p, w) for n, net in self.networks.items() for p, w in net.parameters.items()]
        bad = [(n, p, "weight") for n, p, w in weights if not np.isfinite(w).all()]
        grads = reversed(
            list(self.grads[name].items())
        )  # the backward pass meets the last layer first
        bad += [(name, p, "gradient") for p, g in grads if not run.all_finite(g)]
        largest = max(weights, key=lambda entry: float(abs(entry[2]).max(initial=0)))
        bad.append((*largest[:2], "largest weight"))
        network, parameter, kind = bad[0]
        layer = self.networks[network].layers[int(parameter.split(".")[0])]
        return (
            f"step {self.step + 1}: the {name}'s update is NaN or too large (its loss is {loss:.4g}; "
            f"look at the {kind} {parameter!r} of the {network}, {layer!r}); it was not applied: "
            f"{self._advice()}"
        )

    def _advice(self) -> str:
        """Say what can help: where no update, or none that was large, was made, no learning rate can."""
        flat = [network.parameters.flat for network in self.networks.values()]
        small = all(abs(w).max(initial=0) < WILD for w in flat)
        updated = any(rule.t for rule in self.optimizers.values())
        if updated and not (small and self.step == 0):
            return "try a lower learning rate, clip_norm, or data of a smaller scale"
        if small:
            return (
                "no learning rate can help at the first step: scale the data, to a standard deviation "
                "of 1, or start from smaller weights"
            )
        return "start from weights that are finite and smaller"

    def train_step(self, batch: np.ndarray, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update the networks on one batch (n, d) and return what there is to report."""
        raise NotImplementedError

    def losses(self, batch: np.ndarray) -> Iterator[Loss]:
        """Yield what the steps of training minimise on a batch, for the gradient checker."""
        raise InputError(
            f"{type(self).__name__} does not say what its losses are: check each alone"
        )

    def gradient_steps(
        self, data: np.ndarray, labels: np.ndarray | None = None
    ) -> Iterator[GradientStep]:
        """Yield each step of training on these rows: :func:`npgan.check.gradcheck` checks them all."""
        rows = self.rows(data, labels)
        batch = run.gather(rows, np.arange(len(rows)), *self.value_range)
        return (gradient_step(self, loss) for loss in self.losses(batch))

    def astype(self, dtype: np.typing.DTypeLike) -> Self:
        """Return a copy of another dtype (float64 to check gradients)."""
        twin = copy.deepcopy(self)
        for layer in twin._owners():
            other = layer.astype(dtype)
            layer.bind(other.parameters, other.buffers)
        for name, optimizer in twin.optimizers.items():
            made, moments = optimizer.t, copy.deepcopy(optimizer.state)
            optimizer.init(twin.networks[name].parameters.flat)
            optimizer.t = made
            for moment, array in moments.items():
                optimizer.state[moment][...] = array
        return twin

    def _owners(self) -> Iterable[Layer]:
        """Return what owns vectors of weights."""
        return self.networks.values()

    def pattern(self) -> Hashable:
        """Return what kind of step the next one is: two of a kind call the same operations.

        Such steps can be recorded and replayed; None: they cannot, since nobody knows what a
        subclass does.
        """
        return None

    def memory(self) -> Hashable:
        """Return which arrays and optimisers training works on, by identity: a program keeps its own alive."""
        rules = self.optimizers.values()
        arrays = [owner.parameters.flat for owner in self._owners()]
        arrays += [moment for rule in rules for moment in rule.state.values()]
        return tuple(map(id, (*arrays, *rules)))

    @cached_property
    def plain(self) -> bool:
        """Whether it is of the very class that has a pattern, with layers and optimisers of npgan's own."""
        return (
            "pattern" in vars(type(self))
            and all(map(_is_known, self.networks.values()))
            and all(type(rule) in OPTIMIZERS.values() for rule in self.optimizers.values())
        )

    def validate(self, rows: np.ndarray) -> dict[str, float]:
        """Return what there is to report of held-out :meth:`rows`: nothing."""
        return {}

    def fit(
        self,
        data: np.ndarray | Dataset,
        *,
        epochs: int | None = None,
        steps: int | None = None,
        batch_size: int = 128,
        callbacks: Iterable[Callback] | None = None,
        rng: np.random.Generator | int | None = None,
        validation: np.ndarray | None = None,
        validation_labels: np.ndarray | None = None,
    ) -> History:
        """Train for a number of epochs, or of steps, on the backend of :func:`npgan.backend.choice`.

        Parameters
        ----------
        data : (n, d) bytes, scaled to the output's range, or floats; or a data set
        epochs, steps : one of the two
        batch_size : rows a step
        callbacks : by default a progress bar
        rng : generator or seed of the data's order and of all noise
        validation, validation_labels : held-out data, looked at after each epoch, and its labels

        Returns
        -------
        history : the losses' means, a row every 100 steps and at each epoch's end

        Raises
        ------
        InputError
            For data that does not fit, a batch larger than the data, less than one epoch or step.
        NonFiniteError
            If a loss or a gradient is NaN or infinite; that update is not applied.
        """
        self._forget()
        backend.use(backend.choice())
        loop = Loop(
            self,
            data.train if isinstance(data, Dataset) else data,
            labels=data.train_labels if isinstance(data, Dataset) else None,
            batch_size=batch_size,
            rng=rng,
            callbacks=[Progress()] if callbacks is None else callbacks,
            validation=validation,
            validation_labels=validation_labels,
        )
        self.history = loop.history  # an interrupt does not lose it
        return loop.run(epochs=epochs, steps=steps)

    def weights(self) -> dict[str, np.ndarray]:
        """Return every parameter and buffer by name, ``network.layer.parameter``."""
        return {
            f"{name}.{inner}": array
            for name, network in self.networks.items()
            for inner, array in network.arrays().items()
        }

    def state(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return all arrays that training changes (the live ones), and all numbers."""
        moments = {
            f"optimizer.{name}.{moment}": array
            for name, optimizer in self.optimizers.items()
            for moment, array in optimizer.state.items()
        }
        updates = {name: optimizer.t for name, optimizer in self.optimizers.items()}
        return self.weights() | moments, {"step": self.step, "updates": updates}

    def save(self, path: Path | str) -> None:
        """Write the model to a file, from which :func:`npgan.load` takes it up: it trains on to the same bits.

        What it is made of is written in words and numbers; nothing in the file is run.

        Raises
        ------
        InputError
            If that cannot be said: of a layer, an optimiser or a schedule of one's own.
        """
        from npgan.models.saved import save

        save(self, path)

    def load_weights(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Copy weights in, by the names of :meth:`weights`; others are an InputError."""
        _copy(self.weights(), arrays)

    def load_state(self, arrays: Mapping[str, np.ndarray], numbers: Mapping[str, Any]) -> None:
        """Go back to a :meth:`state`; one of another model is an InputError."""
        _copy(self.state()[0], arrays)
        self._forget()
        self.step = count("step", numbers["step"])
        for name, optimizer in self.optimizers.items():
            optimizer.t = count("updates", numbers["updates"][name])
            for moment in optimizer.squares:
                if (optimizer.state[moment] < 0).any():
                    raise InputError(f"a mean of squares, {moment} of the {name}, is negative")

    def updates(self, steps: int) -> dict[str, int]:
        """Return how many updates each optimiser has made after so many steps."""
        return dict.fromkeys(self.optimizers, steps)

    def __repr__(self) -> str:
        return "\n".join([type(self).__name__, *(f"  {k}: {v}" for k, v in self.networks.items())])

    def summary(self) -> str:
        """Return a table a network."""
        return "\n\n".join(f"{name}\n{net.summary()}" for name, net in self.networks.items())


def bounds(network: Sequential) -> tuple[float, float] | None:
    """Return the range of a network's last layer; None: unbounded, or something is added to that layer.

    >>> bounds(Sequential(Sigmoid())), bounds(Residual(Sigmoid()))
    ((0.0, 1.0), None)
    """
    return None if isinstance(network, Residual) else OUTPUT_RANGES.get(type(network.layers[-1]))


def _is_known(layer: Layer) -> bool:
    """Return whether a layer does nothing but what is recorded: one of one's own may count, say."""
    if isinstance(layer, Sequential) and type(layer) in (Sequential, Residual):
        return all(map(_is_known, layer.layers))
    return type(layer) in LAYERS.values() and not isinstance(layer, Corruption)


def _copy(mine: Mapping[str, np.ndarray], arrays: Mapping[str, np.ndarray]) -> None:
    for name in sorted(mine.keys() ^ arrays.keys()):
        raise InputError(f"{name!r} is {'missing' if name in mine else 'not of this model'}")
    for name, array in arrays.items():
        if array.shape != mine[name].shape or array.dtype != mine[name].dtype:
            raise InputError(
                f"{name!r} is {array.dtype} {array.shape}, this model's is "
                f"{mine[name].dtype} {mine[name].shape}"
            )
        if not np.isfinite(array).all():
            raise InputError(f"{name!r} has numbers that are NaN or infinite")
        if name.endswith(NOT_NEGATIVE) and (array < 0).any():
            raise InputError(f"{name!r} has numbers that are negative")
    for name, array in arrays.items():
        mine[name][...] = array


def check_networks(**networks: Any) -> None:
    """Refuse what is no network: a bare layer, say."""
    for name, network in networks.items():
        errors.instance(f"the {name}", network, Sequential)


def check_critic(discriminator: Sequential) -> None:
    """Refuse a discriminator that squashes its logit: the losses do that."""
    last = discriminator.layers[-1]
    if isinstance(last, Sigmoid | Tanh | Softmax):
        raise InputError(
            f"the discriminator ends in {last!r}: let it end in a logit, the sigmoid is part of "
            "the loss"
        )


def in_chunks(network: Layer, x: np.ndarray) -> np.ndarray:
    """Apply a network, in evaluation mode, to many rows without holding all its caches at once.

    Raises
    ------
    NonFiniteError
        If a layer makes a number that is NaN or infinite of weights that are too large.
    """
    chunks = [x[i : i + CHUNK] for i in range(0, max(len(x), 1), CHUNK)]
    with np.errstate(all="ignore"):  # what is not finite is looked for
        y = np.concatenate(list(map(network, chunks)))
        largest = max((float(abs(w).max(initial=0)) for w in network.arrays().values()), default=0)
        if largest > WILD or not np.isfinite(y).all():
            for chunk in chunks:
                _require_finite(network, chunk, largest)
    return y


def _require_finite(network: Layer, x: np.ndarray, largest: float) -> np.ndarray:
    """Go through the layers one by one: what an activation would hide is seen before it."""
    for layer in network.layers if isinstance(network, Sequential) else [network]:
        if isinstance(layer, Sequential):
            _require_finite(layer, x, largest)
        x = layer(x)
        if not np.isfinite(x).all():
            raise NonFiniteError(
                f"{layer!r} makes numbers that are NaN or infinite: the weights are too large, up to "
                f"{largest:.3g}, or the numbers that the network is given"
            )
    return x


def check_rows(name: str, rows: Any, width: int) -> None:
    """Refuse what are no rows (n, ``width``) of a training step; traced ones have no numbers yet."""
    errors.shaped(name, rows, ("n", width), rows=1)


def inputs(name: str, x: Any, network: Layer, width: int | None = None) -> np.ndarray:
    """Return rows (n, ``width``) of a user's as a network takes them; by default as wide as its input."""
    form, dtype = (
        ("n", width or getattr(network, "in_width", 0) or "d"),
        network.parameters.flat.dtype,
    )
    return np.ascontiguousarray(errors.array(name, x, form, dtype=dtype))


def turns(n: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return whose turn it is at each of n places, (n,), of k in rounds, each in an order drawn anew.

    At every place each is as likely, and none has two turns more than another.

    >>> turns(7, 3, np.random.default_rng(0))
    array([2, 0, 1, 2, 1, 0, 2])
    """
    rounds = np.tile(np.arange(k), (-(-n // k), 1))
    return rng.permuted(rounds, axis=1).reshape(-1)[:n]
