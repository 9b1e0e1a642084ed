"""Optimisers over flat vectors, and the schedules that learning rates and penalties follow."""

from npgan.optim.rules import *
from npgan.optim.schedules import *
