"""A derivative by number, in three ways (chapter 1).

f is a function of one number, t the place and h the step. central is d(h), richardson is R(h) from
d(h) and d(h/2), and complex_step steps along the imaginary axis. f can be given a complex number.

1. d(h) is the change of f from t - h to t + h, divided by the length of that interval.
2. R(h) is made so that the error a h^2 of d(h) cancels that of d(h/2), which is a quarter of it.
3. In Python the imaginary unit is 1j, and the imaginary part of a number c is c.imag. Divide it by
   the step.
"""


def central(f, t, h):
    """Return d(h), a number."""
    # write
    return (f(t + h) - f(t - h)) / (2 * h)
    # end


def richardson(f, t, h):
    """Return R(h), a number."""
    # write
    return (4 * central(f, t, h / 2) - central(f, t, h)) / 3
    # end


def complex_step(f, t, h):
    """Return the imaginary part of f(t + i h), divided by h."""
    # write
    return f(t + 1j * h).imag / h
    # end
