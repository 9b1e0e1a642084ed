r"""The Dirac-GAN, whose training is known in closed form (Mescheder et al. 2018, sec. 2 and 3).

Real data is the point 0, generated data the point theta, and the discriminator is linear,
D(x) = psi x. The only equilibrium is (theta, psi) = (0, 0). With f(t) = -log(1 + e^-t), minimax
training follows

    theta' = -psi f'(theta psi),    psi' = theta f'(theta psi),    f'(t) = 1 / (1 + e^t);

Mescheder's D is large for generated data, npgan's for real data: his psi is minus ours.
Everything here goes through the library's own steps: G(z) = theta z at z = 1, D(x) = psi x.
"""

from math import exp, hypot, sqrt

import numpy as np
import pytest

from npgan import GAN, SGD, Dense, Sequential

ONE, DATA = np.ones((1, 1)), np.zeros((1, 1))
H = 0.2


class Linear(Dense):
    """A dense layer whose bias stays 0."""

    def __init__(self):
        super().__init__(1, 1)

    def backward(self, dy, cache, grads=None, input_grad=True):
        dx = super().backward(dy, cache, grads, input_grad)
        if grads is not None:
            grads["bias"][...] = 0
        return dx


class Dirac:
    """A Dirac-GAN with the learning rate h, and Mescheder's coordinates of its two weights."""

    def __init__(self, objective, theta=1.0, psi=1.0, h=H, **settings):
        networks = [Sequential(Linear()).astype(np.float64) for _ in "GD"]
        optimizers = {name: SGD(h) for name in ("generator", "discriminator")}
        self.gan = GAN(*networks, objective=objective, optimizers=optimizers, **settings)
        self.gan.latent_for = lambda batch, rng: ONE
        self.rng = None
        self.gan.generator.parameters["0.weight"][...] = theta
        self.gan.discriminator.parameters["0.weight"][...] = -psi

    @property
    def state(self):
        theta = self.gan.generator.parameters["0.weight"].item()
        return theta, -self.gan.discriminator.parameters["0.weight"].item()

    def discriminator(self):
        return self.gan.discriminator_step(DATA, self.rng, self.gan.grads).loss

    def generator(self):
        return self.gan.generator_step(DATA, self.rng, self.gan.grads).loss

    def simultaneous(self, steps=1):
        for _ in range(steps):
            d, g = self.discriminator(), self.generator()
            self.gan.update(d, "discriminator")
            self.gan.update(g, "generator")
        return self.state

    def alternating(self, steps=1):
        for _ in range(steps):
            self.gan.update(self.discriminator(), "discriminator")
            self.gan.update(self.generator(), "generator")
        return self.state


def slope(t):
    """f' of the minimax game."""
    return 1 / (1 + exp(t))


def minimax(theta, psi, steps, alternating):
    for _ in range(steps):
        old = theta, psi
        psi = psi + H * theta * slope(theta * psi)
        seen = psi if alternating else old[1]
        theta = theta - H * seen * slope(theta * seen)
    return theta, psi


@pytest.mark.parametrize("steps", [1, 10, 100])
def test_minimax_follows_the_formula_simultaneously_and_alternating(steps):
    # each step rounds numbers of order 1 a few times, and errors grow no faster than the orbit
    close = {"abs": 20 * steps * np.finfo(float).eps}
    assert Dirac("minimax").simultaneous(steps) == pytest.approx(
        minimax(1, 1, steps, False), **close
    )
    assert Dirac("minimax").alternating(steps) == pytest.approx(minimax(1, 1, steps, True), **close)


def test_unregularised_minimax_moves_away_simultaneously_and_orbits_alternating():
    assert hypot(*Dirac("minimax").simultaneous(500)) == pytest.approx(3.09695, abs=5e-6)
    dirac = Dirac("minimax")
    norms = [hypot(*dirac.alternating()) for _ in range(500)]
    assert min(norms) > 1  # it does not converge either
    assert max(norms) < 2


def test_a_simultaneous_step_always_leads_away_from_the_equilibrium():
    # |next|^2 = |now|^2 + h^2 f'^2 |now|^2: the step is at right angles to where it starts
    dirac, before = Dirac("minimax"), (1.0, 1.0)
    for _ in range(50):
        after = dirac.simultaneous()
        growth = sqrt(1 + (H * slope(before[0] * before[1])) ** 2)
        assert hypot(*after) / hypot(*before) == pytest.approx(growth, rel=1e-14)
        before = after


@pytest.mark.parametrize("steps", [1, 10, 500])
def test_wasserstein_without_clipping_grows_by_the_same_factor_at_every_step(steps):
    growth = sqrt(1 + H**2) ** steps  # f' = 1
    assert hypot(*Dirac("wasserstein").simultaneous(steps)) == pytest.approx(
        sqrt(2) * growth, rel=1e-12
    )


def test_alternating_wasserstein_stays_on_its_ellipse():
    # psi' = psi + h theta and theta' = theta - h psi' keep Q = theta^2 + psi^2 + h theta psi:
    # Q = theta^2 + psi psi' and Q' = theta theta' + psi'^2 differ by h theta psi' - h psi' theta
    invariant = lambda theta, psi: theta**2 + psi**2 + H * theta * psi  # noqa: E731
    dirac = Dirac("wasserstein")
    start = invariant(*dirac.state)
    for _ in range(100):
        assert invariant(*dirac.alternating()) == pytest.approx(start, rel=1e-12)


def jacobian(objective, **settings):
    """Return the Jacobian of a simultaneous step at the equilibrium, by central differences."""
    columns = []
    for direction in ((1e-5, 0.0), (0.0, 1e-5)):
        high, low = (
            Dirac(objective, *(sign * d for d in direction), **settings).simultaneous()
            for sign in (1, -1)
        )
        columns.append((np.array(high) - low) / 2e-5)
    return np.array(columns).T


@pytest.mark.parametrize("penalty", ["r1", "r2"])
@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 2.0])
@pytest.mark.parametrize("objective", ["minimax", "non-saturating", "relativistic"])
def test_a_penalty_moves_the_eigenvalues_by_minus_half_gamma(objective, gamma, penalty):
    # lambda = -g/2 +- sqrt(g^2/4 - f'(0)^2), f'(0) = 1/2 (Mescheder et al. 2018, sec. 3.3);
    # a step's eigenvalues are 1 + h lambda. The penalty of D is gamma/2 psi^2 wherever it is taken.
    root = np.emath.sqrt(gamma**2 / 4 - 1 / 4)
    expected = 1 + H * np.array([-gamma / 2 + root, -gamma / 2 - root])
    found = np.linalg.eigvals(jacobian(objective, penalties={penalty: gamma}))
    # at gamma = 1 the eigenvalues meet: they err by the square root of the Jacobian's 1e-10
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=2e-5)
    assert (abs(found).max() < 1) == (gamma > 0)


def test_r1_converges_where_the_unregularised_game_does_not():
    for train in (Dirac.simultaneous, Dirac.alternating):
        assert hypot(*train(Dirac("minimax", penalties={"r1": 1.0}), 500)) < 1e-10


def test_wgan_gp_does_not_converge():
    # its penalty wants |psi| = 1, the equilibrium has psi = 0 (Mescheder et al. 2018, sec. 3.1)
    dirac = Dirac("wasserstein", penalties={"wgan-gp": 1.0})
    dirac.rng = np.random.default_rng(0)
    norms = [hypot(*dirac.simultaneous()) for _ in range(1000)]
    assert min(norms[-100:]) > 0.1


def test_weight_clipping_keeps_the_critic_in_its_bounds_and_the_game_in_an_orbit():
    dirac = Dirac("wasserstein")
    dirac.gan.optimizers["discriminator"] = SGD(H, clip_weights=0.5)
    dirac.gan.optimizers["discriminator"].init(dirac.gan.discriminator.parameters.flat)
    states = [dirac.simultaneous() for _ in range(500)]
    assert max(abs(psi) for _, psi in states) <= 0.5
    assert max(hypot(*state) for state in states[-100:]) > 0.4
