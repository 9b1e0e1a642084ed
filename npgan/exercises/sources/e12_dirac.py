"""The smallest GAN, with R1 (chapter 9).

Real data is the number 0, generated data is theta, and D(x) = psi x. The losses are
L_D = ln 2 + ln(1 + e^(psi theta)) + gamma psi^2 / 2 and L_G = -ln(1 + e^(psi theta)).

1. The derivative of ln(1 + e^l) with respect to l is sigma(l). Here l = psi theta.
2. dtheta is the derivative of the generator's loss, dpsi that of the discriminator's: each player
   differentiates a loss of its own.
3. In a step each number goes down by h times its derivative. Both derivatives are taken before
   either number is changed.
"""

import numpy as np


def derivatives(theta, psi, gamma):
    """Return dtheta and dpsi, each player's own."""
    # write
    s = 1 / (1 + np.exp(-psi * theta))
    return -psi * s, theta * s + gamma * psi
    # end


def step(theta, psi, gamma, h):
    """Return theta and psi after both players step at once, with the learning rate h."""
    # write
    dtheta, dpsi = derivatives(theta, psi, gamma)
    return theta - h * dtheta, psi - h * dpsi
    # end
