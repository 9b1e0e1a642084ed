"""What models share that play against a discriminator: an objective, penalties, what is reported."""

from collections.abc import Mapping

import numpy as np

from npgan.errors import chosen
from npgan.layers import Sequential
from npgan.models.model import Model, check_critic
from npgan.objectives.losses import OBJECTIVES, Objective
from npgan.objectives.penalties import PENALTIES, check_penalties
from npgan.objectives.reports import Reports
from npgan.schedules import Varying


class Judged(Model):
    """A model with a discriminator.

    Attributes
    ----------
    objective : what both sides minimise
    """

    objective: Objective

    def targets(self) -> tuple[float, float]:
        """Return the labels of what is real and of what is made, where the objective has labels."""
        return 1.0, 0.0

    def play_by(
        self,
        objective: str,
        penalties: Mapping[str, Varying] | None,
        *discriminators: Sequential,
    ) -> None:
        """Play by an objective and penalties against discriminators; what cannot be is an InputError."""
        self.objective = chosen("objective", objective, OBJECTIVES)
        for discriminator in discriminators:
            check_critic(discriminator)
            self.penalties = check_penalties(penalties or {}, discriminator)

    @property
    def data_columns(self) -> np.ndarray | None:
        """Which columns of what D is shown are data, and not given with it; None: all."""
        return None

    @property
    def reports(self) -> Reports:
        """What is reported of the discriminator."""
        return self.objective.reports

    def report(self, real_logits: np.ndarray, fake_logits: np.ndarray) -> dict[str, np.floating]:
        """Return the reports of a discriminator's logits, by name."""
        return {
            name: report.measure(real_logits, fake_logits) for name, report in self.reports.items()
        }

    def equilibrium(self) -> dict[str, float]:
        """Return what columns of the history are where what is made is like what is real.

        A penalty that also charges D for being flat keeps it from its best answer: the losses then end
        at other values.
        """
        found = self.objective.equilibrium(*self.targets())
        flat = np.zeros((1, 1))
        if any(PENALTIES[name].measure(flat)[0] for name in self.penalties):
            found = {name: value for name, value in found.items() if name in self.reports}
        return found
