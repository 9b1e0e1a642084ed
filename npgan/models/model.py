"""What all models share: networks by name, an optimiser for each, updates, state, ``fit``."""

import copy
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from npgan import backend, errors
from npgan.backend import run
from npgan.data.dataset import Dataset
from npgan.errors import InputError, NonFiniteError, count
from npgan.layers import Layer, Sequential
from npgan.layers.layer import Array
from npgan.models import saved
from npgan.models.blame import explain
from npgan.models.checks import bounds, copy_in
from npgan.models.kinds import PLAYERS
from npgan.models.labels import Labels
from npgan.models.recorded import why_not
from npgan.models.steps import GradientStep, Loss, Step, gradient_step
from npgan.objectives.losses import OBJECTIVES, RECONSTRUCTIONS, Objective
from npgan.objectives.penalties import PENALTIES
from npgan.objectives.reports import Reports
from npgan.optim import Adam, Optimizer
from npgan.optim.schedules import Varying
from npgan.parameters import Parameters
from npgan.training import Callback, History, Loop, Progress
from npgan.training.loop import Trainable

LARGEST = 1e15  # of data: the squares of many can be summed up in float32


class Model(Trainable):
    """Networks that are trained together.

    Subclasses say by :meth:`steps` what their networks minimise.

    Raises InputError if the networks do not fit each other or the labels, or a setting is outside its range;
    subclasses raise it, too.

    Parameters
    ----------
    networks : name -> network
    optimizers : name -> optimiser, for the same names; by default Adam(1e-3) each

    Attributes
    ----------
    name, made_of : what configurations call it, and its networks in the order of its arguments
    several : whether there may be more of each network: generator2, generator3, ...
    recorded : whether its steps can be recorded; a subclass must say so again
    of_tables : whether its data are rows of tables (:func:`npgan.data.load_table`)
    held_out : the column of :meth:`validate`; None: it has none
    tables : setting -> the table that it is an entry of
    step : the number of training steps made
    output : the name of the network that makes data
    labels : the classes that are joined to the data, of a model that learns from them
    objective, penalties : what generator and discriminator minimise, of a model that has them
    history : of the last :meth:`fit`, as far as it came
    """

    name = ""
    made_of: Sequence[str] = PLAYERS
    several = recorded = of_tables = False
    held_out: str | None = None
    tables: ClassVar[dict[str, Mapping[str, Any]]] = {
        "objective": OBJECTIVES,
        "loss": RECONSTRUCTIONS,
    }
    output = "generator"
    _copy = staticmethod(copy_in)
    default_rule: Callable[[], Optimizer] = partial(Adam, 1e-3)
    labels: Labels | None = None
    objective: Objective | None = None
    penalties: Mapping[str, Varying] = {}

    def __init__(
        self, networks: Mapping[str, Sequential], optimizers: Mapping[str, Optimizer] | None = None
    ) -> None:
        if optimizers is None:
            optimizers = {name: self.default_rule() for name in networks}
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
        return self.zero_grads()

    def zero_grads(self) -> dict[str, Parameters]:
        """Return new gradients, all zero, in which a step adds up its own."""
        return {name: net.parameters.like() for name, net in self.networks.items()}

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy has; what was only found once is found anew, in memory of the copy's own."""
        cached = [
            name for name in vars(self) if isinstance(getattr(type(self), name, 0), cached_property)
        ]
        return {name: value for name, value in vars(self).items() if name not in cached}

    def __copy__(self) -> Self:
        """Return a deep copy: shared weights or moments would be of no use."""
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

    def check_data(self, data: Array) -> Array:
        """Return the data as (n, d), uint8 or the networks' float type; images may be (n, h, w) or (n, h, w, channels).

        Raises InputError if it is empty, has the wrong width, is not of numbers, has NaN or infinity, or values
        that the output cannot reach.
        """
        data = errors.as_array("the data", data)
        if data.ndim in (3, 4):
            data = data.reshape(len(data), math.prod(data.shape[1:]))
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

    def rows(self, data: Array, labels: Array | None = None) -> Array:
        """Return what batches are drawn from: the data, checked, (n, d); labels are joined, (n, d + classes).

        Raises InputError if the model learns from labels and there are none, or they or the data do not fit.
        """
        data = self.check_data(data)
        if self.labels is None:
            return data
        if labels is None:
            raise InputError(f"a {type(self).__name__} learns from data with labels: this has none")
        return self.labels.join(data, labels, self.value_range)

    def _batch(self, rows: Array) -> Array:
        """Return all rows, as :meth:`rows` returned them, in one batch."""
        return run.gather(rows, np.arange(len(rows)), *self.value_range)

    def scaled(self, data: Array) -> Array:
        """Return data as the networks see it: checked, bytes scaled to :attr:`value_range`."""
        return self._batch(self.check_data(data))

    def update(self, loss: np.floating, *names: str) -> None:
        """Let the optimisers of the named networks use up their gradients in ``grads``.

        Raises NonFiniteError if the loss or one of the gradients is NaN, infinite, or too large to be squared;
        no weight is changed then.
        """
        for name in names:
            run.require_finite(partial(self._refuse, name, loss), loss, self.grads[name].flat)
        for name in names:
            self.optimizers[name].step(self.networks[name].parameters.flat, self.grads[name].flat)

    def _refuse(self, name: str, loss: np.floating) -> None:
        explanation = explain(self, name, float(loss))
        self._forget()
        raise NonFiniteError(explanation)

    @property
    def reports(self) -> Reports:
        """What is reported beside losses, by its column of the history."""
        return self.objective.reports if self.objective else {}

    def targets(self) -> tuple[float, float]:
        """Return the labels of real and of generated data, where the objective has labels."""
        return 1.0, 0.0

    def equilibrium(self) -> dict[str, float]:
        """Return what columns of the history are where generated data is like real data, if that is known.

        A penalty that also charges D for being flat keeps it from its best answer: the losses then end
        at other values.
        """
        if self.objective is None:
            return {}
        found = self.objective.equilibrium(*self.targets())
        flat = np.zeros((1, 1))
        if any(PENALTIES[name].measure(flat)[0] for name in self.penalties):
            found = {name: value for name, value in found.items() if name in self.reports}
        return found

    def coefficients(self) -> dict[str, float]:
        """Return the penalties' coefficients at the next step."""
        return {name: c(self.step) if callable(c) else c for name, c in self.penalties.items()}

    def _count(self) -> None:
        self.step += 1

    def _forget(self) -> None:
        """Clear the gradients that an unfinished step left."""
        for grads in self.grads.values():
            grads.flat.fill(0)

    def steps(self) -> list[Step]:
        """Return what a training step does on its batch, in this order: each trains some networks."""
        raise InputError(
            f"{type(self).__name__} does not say what its losses are: check each alone"
        )

    def train_step(self, batch: Array, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update the networks on one batch (n, d) and return what there is to report."""
        batch = self._training_batch(batch, rng)
        report: dict[str, np.floating] = {}
        for step in self.steps():
            result = step.minimise(batch, rng, self.grads)
            self.update(result.loss, *step.networks)
            report |= result.report
        run.after(self._count)
        return report

    def _training_batch(self, batch: Array, rng: np.random.Generator) -> Array:
        """Return a batch as the steps of training take it; some models change it at random."""
        return batch

    def losses(self, batch: Array) -> Iterator[Loss]:
        """Yield what the steps of training minimise on a batch, for the gradient checker."""
        for name, networks, minimise in self.steps():
            yield Loss(name, networks, lambda rng, grads, f=minimise: f(batch, rng, grads).loss)  # type: ignore[misc]

    def gradient_steps(self, data: Array, labels: Array | None = None) -> Iterator[GradientStep]:
        """Yield each step of training on these rows: :func:`npgan.check.gradcheck` checks them all."""
        rows = self.rows(data, labels)
        batch = self._batch(rows)
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
        """Return True (one kind of step) if steps can be recorded, else None."""
        return vars(type(self)).get("recorded") or None

    def not_recorded(self) -> str | None:
        """Return why steps are not recorded and replayed, or None if they may be."""
        return why_not(self)

    def memory(self) -> Hashable:
        """Return which arrays and optimisers training works on, by identity: a program keeps its own alive."""
        rules = self.optimizers.values()
        arrays = [owner.parameters.flat for owner in self._owners()]
        arrays += [moment for rule in rules for moment in rule.state.values()]
        return tuple(map(id, (*arrays, *rules)))

    def fit(
        self,
        data: Array | Dataset,
        *,
        epochs: int | None = None,
        steps: int | None = None,
        batch_size: int = 128,
        callbacks: Iterable[Callback] | None = None,
        rng: np.random.Generator | int | None = None,
        validation: Array | None = None,
        validation_labels: Array | None = None,
    ) -> History:
        """Train for a number of epochs, or of steps, on the backend of :func:`npgan.backend.choice`.

        Raises InputError for data that does not fit, a batch larger than the data, less than one epoch or step.
        Raises NonFiniteError if a loss or a gradient is NaN or infinite; that update is not applied.

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

    def weights(self) -> dict[str, Array]:
        """Return every parameter and buffer by name, ``network.layer.parameter``."""
        return {
            f"{name}.{inner}": array
            for name, network in self.networks.items()
            for inner, array in network.arrays().items()
        }

    def state(self) -> tuple[dict[str, Array], dict[str, Any]]:
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

        Raises InputError if that cannot be said: of a layer, an optimiser or a schedule of one's own.
        """
        saved.save(self, path)

    def load_weights(self, arrays: Mapping[str, Array]) -> None:
        """Copy weights in, by the names of :meth:`weights`; others are an InputError."""
        self._copy(self.weights(), arrays)

    def load_state(self, arrays: Mapping[str, Array], numbers: Mapping[str, Any]) -> None:
        """Go back to a :meth:`state`; one of another model is an InputError."""
        self._copy(self.state()[0], arrays)
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
