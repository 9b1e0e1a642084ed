"""Training: the loop, what happens beside it, and what it leaves on the disk."""

from npgan.training.callbacks import *
from npgan.training.history import History
from npgan.training.loop import Callback, Loop
from npgan.training.watch import *
from npgan.training.work import *
