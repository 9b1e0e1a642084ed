"""Gradients held against numeric ones: the checker, the catalogue of all that is checked."""
