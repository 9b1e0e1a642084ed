r"""The autoencoder: squeeze the data through a narrow code and build it up again.

An encoder :math:`c = E(x)` and a decoder :math:`\hat x = R(c)` minimise the reconstruction loss
:math:`L(\hat x, x)` (:data:`npgan.objectives.losses.RECONSTRUCTIONS`). With linear layers and squared error the
code spans the same space as the first principal components (Baldi and Hornik 1989).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from npgan.backend import run
from npgan.errors import InputError, chosen, instance, not_negative
from npgan.layers import Dense, Sequential
from npgan.layers.layer import Array
from npgan.models.checks import CHUNK, bounds, check_networks, check_rows, reads_logits
from npgan.models.coder import Coder
from npgan.models.model import Model
from npgan.models.steps import Result, Step
from npgan.objectives import regularisers
from npgan.objectives.losses import RECONSTRUCTIONS
from npgan.objectives.regularisers import SPARSITIES
from npgan.optim import Optimizer
from npgan.parameters import Parameters


class Autoencoder(Coder, Model):
    """An encoder and a decoder.

    Parameters
    ----------
    encoder : x (n, d) -> code (n, k)
    decoder : code (n, k) -> reconstruction (n, d)
    loss : "mse", "bce" (the decoder must then end in a sigmoid) or "l1"
    sparsity : a name of :data:`npgan.objectives.regularisers.SPARSITIES` -> its weight: the code is simple
    contraction : weight of the Jacobian's norm, :func:`npgan.objectives.regularisers.contraction`: the code
        hardly changes with x; not negative
    tied : whether the decoder's dense weights are the encoder's, transposed and in reverse order
    optimizers : for "encoder" and "decoder"; by default Adam(1e-3) each

    Examples
    --------
    >>> from npgan import Dense, Sequential
    >>> model = Autoencoder(Sequential(Dense(4, 2), rng=0), Sequential(Dense(2, 4), rng=1))
    >>> x = np.random.default_rng(0).normal(size=(256, 4))
    >>> history = model.fit(x, epochs=2, batch_size=32, callbacks=[], rng=0, validation=x)
    >>> model.encode(x).shape, model.reconstruct(x).shape
    ((256, 2), (256, 4))
    """

    name = "autoencoder"
    recorded = True

    def __init__(
        self,
        encoder: Sequential,
        decoder: Sequential,
        *,
        loss: str = "mse",
        sparsity: Mapping[str, float] | None = None,
        contraction: float = 0.0,
        tied: bool = False,
        optimizers: Mapping[str, Optimizer] | None = None,
    ) -> None:
        check_networks(encoder=encoder, decoder=decoder)
        if encoder.out_width != decoder.in_width or decoder.out_width != encoder.in_width:
            raise InputError(
                f"the encoder takes {encoder.in_width} features to {encoder.out_width}, "
                f"the decoder {decoder.in_width} to {decoder.out_width}"
            )
        super().__init__({"encoder": encoder, "decoder": decoder}, optimizers)
        self.loss = chosen("loss", loss, RECONSTRUCTIONS)
        self.by_logits = reads_logits("loss", loss, "bce", decoder)
        self.sparsity = self._checked_sparsity(sparsity or {})
        self.contraction = not_negative("contraction", contraction)
        if self.contraction:  # a pass of one row finds layers that have no second derivative
            row = np.zeros((1, encoder.in_width), encoder.parameters.flat.dtype)
            with np.errstate(
                all="ignore"
            ):  # as a step does: BLAS may look at what lies beside an array
                code, cache = encoder.forward(row)
                regularisers.contraction(encoder, cache, code.shape, 0.0, encoder.parameters.like())
        instance("tied", tied, bool | np.bool_)
        self.tied = bool(tied)
        self.ties = self._checked_ties() if tied else []
        self.tie()

    def _checked_sparsity(self, sparsity: Mapping[str, float]) -> dict[str, float]:
        if not isinstance(sparsity, Mapping):
            raise InputError(f"sparsity must be a table, name -> weight, not {sparsity!r}")
        for name in sparsity:
            rule = chosen("sparsity", name, SPARSITIES)
            if rule.of_logits and bounds(self.encoder) != (0.0, 1.0):
                raise InputError(
                    f"the sparsity {name} needs codes in (0, 1): let the encoder end in a Sigmoid"
                )
        return {name: not_negative(f"the weight of {name}", w) for name, w in sparsity.items()}

    def _checked_ties(self) -> list[tuple[str, str]]:
        """Return the names of the weights that are each other's transpose, encoder's and decoder's."""
        ours, theirs = (
            [f"{i}.weight" for i, layer in enumerate(net.layers) if isinstance(layer, Dense)]
            for net in (self.encoder, self.decoder)
        )
        weights = self.encoder.parameters, self.decoder.parameters
        ties = list(zip(ours, reversed(theirs), strict=False))
        if len(ours) != len(theirs) or any(
            weights[0][a].shape != weights[1][b].shape[::-1] for a, b in ties
        ):
            raise InputError("tied weights need a decoder whose dense layers mirror the encoder's")
        return ties

    def tie(self) -> None:
        """Let the decoder's weights be the encoder's, transposed, where they are tied."""
        for ours, theirs in self.ties:
            weight = self.decoder.parameters[theirs], self.encoder.parameters[ours].T
            run.call(np.copyto, *weight)

    def _copy(self, mine: Mapping[str, Array], arrays: Mapping[str, Array]) -> None:
        """Copy arrays in; tied weights must be each other's transpose."""
        super()._copy(mine, arrays)
        for ours, theirs in self.ties:
            if (self.decoder.parameters[theirs] != self.encoder.parameters[ours].T).any():
                raise InputError(
                    f"encoder.{ours} and decoder.{theirs} are tied, but not each other's transpose"
                )

    def _coded(self, x: Array, rng: np.random.Generator | None) -> tuple[Any, Any, Any]:
        """Return the code, its logits where a penalty is of them, and the encoder's cache."""
        if not any(SPARSITIES[name].of_logits for name in self.sparsity):
            code, cache = self.encoder.forward(x, rng)
            return code, None, cache
        logits, cache = self.encoder.body().forward(x, rng)
        code, last = self.encoder.layers[-1].forward(logits)
        return code, logits, [*cache, last]

    def _encoder_backward(
        self, dy: Any, slopes: list[tuple[bool, Array]], cache: Any, grads: Parameters
    ) -> None:
        """Go back through the encoder; a penalty's slope joins at the code, or (True) at its logits."""
        encoder = self.encoder
        dy = sum((slope for of_logits, slope in slopes if not of_logits), dy)
        if any(of_logits for of_logits, _ in slopes):
            dy = encoder.layers[-1].backward(dy, cache[-1])
            dy = sum((slope for of_logits, slope in slopes if of_logits), dy)
            encoder, cache = encoder.body(), cache[:-1]
        encoder.backward(dy, cache, grads, input_grad=False)

    def reconstruction_step(
        self, x: Array, rng: np.random.Generator | None = None, grads: Any = None
    ) -> Result:
        r"""Return :math:`L(R(E(x)), x)` and penalties; add the gradients to ``grads["encoder"]``, ``["decoder"]``.

        The chain rule through the code: :math:`dc = (\partial R/\partial c)^\top d\hat x`, then
        :math:`d\theta_E = (\partial E/\partial\theta_E)^\top dc`, where the code's penalties join. A weight
        that both networks share has the sum of both gradients.
        """
        check_rows("x", x, self.features)
        self.tie()
        code, logits, encoder_cache = self._coded(x, rng)
        output, decoder_cache = self.reader.forward(code, rng)
        value, doutput = self.loss(output, x)
        rules = [(SPARSITIES[name], weight) for name, weight in self.sparsity.items()]
        penalties = [
            (s.of_logits, weight, *s.penalty(logits if s.of_logits else code))
            for s, weight in rules
        ]
        if grads is not None:
            dcode = self.reader.backward(doutput, decoder_cache, grads["decoder"])
            slopes = [(of, code.dtype.type(weight) * slope) for of, weight, _, slope in penalties]
            self._encoder_backward(dcode, slopes, encoder_cache, grads["encoder"])
        value = sum((weight * penalty for _, weight, penalty, _ in penalties), value)
        if self.contraction:
            mine = None if grads is None else grads["encoder"]
            seen = self.encoder, encoder_cache, code.shape
            value = value + regularisers.contraction(*seen, self.contraction, mine)
        if grads is not None:
            for ours, theirs in self.ties:
                run.call(_join, grads["encoder"][ours], grads["decoder"][theirs])
        return Result(value, {"loss": value})

    def steps(self) -> list[Step]:
        """Return the step of encoder and decoder."""
        return [Step("step", ["encoder", "decoder"], self.reconstruction_step)]

    def train_step(self, batch: Array, rng: np.random.Generator) -> dict[str, np.floating]:
        """Update both networks on one batch."""
        report = super().train_step(batch, rng)
        self.tie()
        return report

    def validate(self, data: Array) -> dict[str, float]:
        """Return the loss on held-out data, penalties included, in evaluation mode: without noise."""
        x = self.scaled(data)
        chunks = [x[i : i + CHUNK] for i in range(0, len(x), CHUNK)]
        sums = [len(chunk) * float(self.reconstruction_step(chunk).loss) for chunk in chunks]
        return {"val_loss": sum(sums) / len(x)}


def _join(gradient: Array, turned: Array) -> None:
    """Move the gradient of a weight's transpose to the weight's."""
    gradient += turned.T
    turned[...] = 0
