"""Exercises: write a piece of npgan by hand, or find the mistake in one; the gradient checker judges it.

Each is one file in ``sources``: a right answer, whose marked lines are cut out, or exchanged, for the reader.
"""

from npgan.exercises.exercise import EXERCISES, Exercise

__all__ = ["EXERCISES", "Exercise"]
