"""A step seen from inside: the graph of the operations that ran, with their values; printed and drawn."""
