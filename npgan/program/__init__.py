"""A training step recorded once and replayed: its operations as rows, scheduled, performed by threads."""
