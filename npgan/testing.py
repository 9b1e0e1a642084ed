"""Gradient checks for other people's suites, of :mod:`npgan.check.testing`."""

from npgan.check.testing import *  # noqa: F403
