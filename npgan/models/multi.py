r"""Several generators, several discriminators: a mixture learns against several discriminators.

The generators :math:`G_1, \dots, G_K` make shares of every batch, equal to within a row, so that together
they are the mixture :math:`p = \frac1K\sum_k p_k`, of which samples are drawn; one may leave to another
the modes that it does not reach. The discriminators :math:`D_1, \dots, D_M` each learn from all of it,
alone; the generators have the loss

.. math:: L = \frac1M \sum_j L_G(D_j) \quad\text{or}\quad \max_j L_G(D_j)

of the mean or of the hardest one: where one discriminator gives no gradient another one may.
Sources: Durugkar et al. 2017 (GMAN); Hoang et al. 2018 (MGAN, here without its classifier).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from npgan import errors
from npgan.errors import InputError, chosen, count, instance
from npgan.layers import Layer, Sequential
from npgan.layers.layer import Array
from npgan.models.adversary import AGAINST
from npgan.models.checks import check_networks, in_chunks, inputs
from npgan.models.gan import GAN
from npgan.models.kinds import role
from npgan.models.labels import drawn_evenly
from npgan.optim import Optimizer
from npgan.parameters import Parameters, join

ROLES = {"generator", "discriminator"}


class Mixture(Layer):
    """Generators as one: the first makes the first share of the rows, and so on; shares are equal to within a row.

    Parameters
    ----------
    networks : name -> network; they live in one flat vector from now on

    Examples
    --------
    >>> from npgan import Dense
    >>> mixture = Mixture({name: Sequential(Dense(1, 1)) for name in ("a", "b")})
    >>> mixture.parameters["b.0.bias"][...] = 5  # the other biases are 0
    >>> mixture(np.zeros((4, 1), np.float32)).ravel()
    array([0., 0., 5., 5.], dtype=float32)
    """

    name = "mixture"

    def __init__(self, networks: Mapping[str, Sequential]) -> None:
        self.networks = dict(networks)
        parameters = join({name: net.parameters for name, net in networks.items()})
        self.bind(parameters, join({name: net.buffers for name, net in networks.items()}))
        first = next(iter(self.networks.values()))
        self.in_width, self.out_width = first.in_width, first.out_width

    def bind(self, parameters: Parameters, buffers: Parameters | None = None) -> None:
        """Let every network live in its part of this memory."""
        super().bind(parameters, buffers)
        for name, network in self.networks.items():
            network.bind(parameters.scope(name), self.buffers.scope(name))

    def _shares(self, n: int) -> Iterator[tuple[str, slice]]:
        """Yield the name of each network, and which of n rows it makes."""
        k = len(self.networks)
        for i, name in enumerate(self.networks):
            yield name, slice(i * n // k, (i + 1) * n // k)

    def forward(self, x: Array, rng: np.random.Generator | None = None) -> tuple[Array, list[Any]]:
        """Let each network make its rows; the cache is the list of theirs."""
        made = [self.networks[name].forward(x[rows], rng) for name, rows in self._shares(len(x))]
        return np.concatenate([y for y, _ in made]), [cache for _, cache in made]

    def backward(
        self, dy: Array, cache: list[Any], grads: Parameters | None = None, input_grad: bool = True
    ) -> Any:
        """Go back through each network with its rows of ``dy``; nothing else depends on it."""
        shares = zip(self._shares(len(dy)), cache, strict=True)
        dx = [
            self.networks[name].backward(dy[rows], one, grads and grads.scope(name), input_grad)
            for (name, rows), one in shares
        ]
        return np.concatenate(dx) if input_grad else None


class MultiGAN(GAN):
    """Several generators against several discriminators.

    Parameters
    ----------
    players : networks by name: ``generator``, ``generator2``, ..., ``discriminator``, ...; each has
        an optimiser of its own, of the same name
    against : a name of :data:`AGAINST`
    settings : as a :class:`~npgan.models.GAN` has them; there is no packing of several generators,
        since a pack would be of one of them alone

    Examples
    --------
    >>> from npgan import Dense
    >>> gan = MultiGAN(
    ...     {name: Sequential(Dense(2, 2)) for name in ("generator", "generator2")}
    ...     | {name: Sequential(Dense(2, 1)) for name in ("discriminator", "discriminator2")},
    ...     against="hardest",
    ... )
    >>> gan.sample(5).shape
    (5, 2)
    """

    name = "multi-gan"
    several = recorded = True
    tables = GAN.tables | {"against": AGAINST}
    generator_grads = "generators"

    def __init__(
        self,
        players: Mapping[str, Sequential],
        *,
        against: str = "mean",
        optimizers: Mapping[str, Optimizer] | None = None,
        **settings: Any,
    ) -> None:
        instance("players", players, Mapping)
        if not players.keys() >= ROLES or {role(name) for name in players} != ROLES:
            raise InputError(
                "the players must be generator, generator2, ..., and discriminator, ..., not "
                + ", ".join(players)
            )
        check_networks(**players)
        generators = {name: net for name, net in players.items() if role(name) == "generator"}
        widths = {(net.in_width, net.out_width) for net in generators.values()}
        ends = {type(net.layers[-1]) for net in generators.values()}
        if len(widths) > 1 or len(ends) > 1:
            raise InputError("all generators must have one width of z and of x, and one last layer")
        if len(generators) > 1 and count("packing", settings.get("packing", 1), 1) > 1:
            raise InputError("packing needs a single generator: packs would be of one each")
        self.against = chosen("value of against", against, AGAINST)
        super().__init__(
            Mixture(generators),
            players["discriminator"],
            networks=players,
            optimizers=optimizers,
            **settings,
        )

    def zero_grads(self) -> dict[str, Parameters]:
        """Return new gradients by name; all generators' together are one vector."""
        joint = self.generator.parameters.like()
        parts = {name: joint.scope(name) for name in self.generators}
        return {**super().zero_grads(), **parts, self.generator_grads: joint}

    def check_batch(self, batch_size: int) -> None:
        """Refuse a batch in which not every generator has a share."""
        super().check_batch(batch_size)
        if batch_size < len(self.generators):
            raise InputError(
                f"a batch of {batch_size} is too small for {len(self.generators)} generators: each "
                "must make a part of it"
            )

    def sample(self, n: int, rng: np.random.Generator | int | None = None) -> Array:
        """Return n samples (n, d) of the mixture, by the averaged weights if there are any.

        Generators take random turns: counts differ by at most 1.
        """
        n, rng = count("n", n), errors.generator(rng)
        z = self._spread_latent(n, rng)
        return self.decode(z, drawn_evenly(n, len(self.generators), rng))

    def decode(self, z: Array, which: Array | None = None) -> Array:
        """Return what generator number ``which``, 0, 1, ... (n,), makes of z, (n, d); by default in turn.

        This is in evaluation mode, and by the averaged weights if there are any.
        """
        networks = list((self.average or self.generator).networks.values())
        z = inputs("z", z, self.generator)
        which = np.arange(len(z)) % len(networks) if which is None else which
        which = errors.labels("which", which, len(z), len(networks))
        made = np.empty((len(z), self.features), self.generator.parameters.flat.dtype)
        for number, network in enumerate(networks):
            made[which == number] = in_chunks(network, z[which == number])
        return made

    def _generated_beside(self, real: Array, rng: np.random.Generator) -> Array:
        z = self.latent(len(real), rng)
        return self.decode(z, drawn_evenly(len(z), len(self.generators), rng))
