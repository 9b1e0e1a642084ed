"""The gradient checker, of :mod:`npgan.check.gradcheck`."""

from npgan.check.gradcheck import *  # noqa: F403
