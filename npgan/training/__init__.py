"""Training: the loop, what happens beside it, and what it leaves on the disk."""

from npgan.training.callbacks import (
    Callback,
    Checkpoints,
    CSVHistory,
    EarlyStopping,
    Measures,
    Pictures,
    Progress,
    StopOnInterrupt,
)
from npgan.training.history import History
from npgan.training.loop import Loop
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
