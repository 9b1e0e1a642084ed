"""Training: the loop, what happens beside it, and what it leaves on the disk."""

from npgan.history import History
from npgan.training.callbacks import (
    Checkpoints,
    CSVHistory,
    EarlyStopping,
    Measures,
    Pictures,
    Progress,
    StopOnInterrupt,
)
from npgan.training.loop import Callback, Loop
from npgan.training.work import Work

__all__ = [
    "CSVHistory",
    "Callback",
    "Checkpoints",
    "EarlyStopping",
    "History",
    "Loop",
    "Measures",
    "Pictures",
    "Progress",
    "StopOnInterrupt",
    "Work",
]
