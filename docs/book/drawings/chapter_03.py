"""The figure of chapter 3."""

import numpy as np
from drawings.style import say
from matplotlib.figure import Figure


def outer_products():
    """Draw three outer products and their sum as tables of colours."""
    rng = np.random.default_rng(3)
    inputs, slopes = (rng.uniform(0.4, 1, (3, n)) * rng.choice([-1, 1], (3, n)) for n in (5, 7))
    products = [np.outer(x, d) for x, d in zip(inputs, slopes, strict=True)]
    tables = [*products, sum(products)]
    most = max(abs(table).max() for table in tables)
    figure = Figure((9, 1.9), layout="constrained")
    for i, (axes, table) in enumerate(zip(figure.subplots(1, 4), tables, strict=True)):
        axes.imshow(table, cmap="RdBu_r", vmin=-most, vmax=most)
        title = say("sample {}").format(i + 1) if i < 3 else say("sum")
        axes.set(title=title, xticks=[], yticks=[])
        axes.grid(visible=False)
        if i:
            axes.text(-0.14, 0.5, "=" if i == 3 else "+", transform=axes.transAxes, size=16)
    return figure


FIGURES = {"outer_products": outer_products}
