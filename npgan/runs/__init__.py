"""Runs on disk: a folder that holds everything that defines a training run, and everything that it makes.

::

    config.toml             everything that determines the run
    table.json              of a table: its schema, and how columns become numbers
    history.csv             the losses, and the metrics that were asked for
    samples/step-*.png      what the model makes, before training, every few seconds, and at the end
    losses.png              the history as curves
    checkpoint.safetensors  the whole state, with the history, from which a run resumes
    weights.safetensors     the networks, whenever training ends without an error
    best.safetensors        of a run with a measure for it, the networks when that was best
    classifier/             of labelled images, once they are evaluated: the run of a classifier of them

A run begins with its configuration and the state before the first step; one process writes to it at a time.
"""

from npgan.runs.classifier import *
from npgan.runs.folder import *
from npgan.runs.train import *
