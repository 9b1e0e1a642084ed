"""A dense layer's weight gradient is a sum of outer products; the cross product is another thing.

For the input row x_n and the gradient δ_n at the output, dW = Σ_n x_n ⊗ δ_n = xᵀδ: one matrix of
rank 1 a sample. In three dimensions a × b is what is left of a ⊗ b when its transpose is taken off.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

from npgan import Dense


def main(path: str = "outer_product.png") -> None:
    rng = np.random.default_rng(0)
    ranks = gradient_is_a_sum_of_outer_products(rng)
    a, b = np.array([1.0, 0.2, 0.3]), np.array([0.2, 1.0, 0.0])
    cross_product_is_antisymmetric(a, b)
    figure = Figure(figsize=(11, 6.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1)
    draw_sum(top, rng)
    draw_ranks(bottom.add_subplot(1, 2, 1), ranks)
    draw_cross(bottom.add_subplot(1, 2, 2, projection="3d"), a, b)
    figure.savefig(path, dpi=130)
    print(f"saved {path}")


def weight_gradient(x: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Return dW as npgan's dense layer computes it."""
    layer = Dense(x.shape[1], delta.shape[1], rng=0, dtype=np.float64)
    _, cache = layer.forward(x)
    grads = layer.parameters.like()
    layer.backward(delta, cache, grads)
    return grads["weight"]


def gradient_is_a_sum_of_outer_products(rng: np.random.Generator) -> dict[int, int]:
    print("a dense layer with 8 inputs and 6 outputs: rank of dW at most min(batch, 8, 6)")
    print("batch  rank of dW  largest difference from the sum of outer products")
    ranks = {}
    for batch in (1, 2, 3, 4, 5, 6, 7, 8, 12, 16):
        x, delta = rng.normal(size=(batch, 8)), rng.normal(size=(batch, 6))
        gradient = weight_gradient(x, delta)
        summed = sum(np.outer(x[n], delta[n]) for n in range(batch))
        ranks[batch] = int(np.linalg.matrix_rank(gradient))
        print(f"{batch:5}  {ranks[batch]:10}  {abs(gradient - summed).max():.1e}")
    return ranks


def cross_product_is_antisymmetric(a: np.ndarray, b: np.ndarray) -> None:
    difference = np.outer(a, b) - np.outer(b, a)
    cross = np.cross(a, b)
    entries = np.array([difference[1, 2], difference[2, 0], difference[0, 1]])
    angle = np.arccos(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
    print(f"\na ⊗ b − b ⊗ a for a = {a}, b = {b}:")
    print(np.array2string(difference, precision=2, suppress_small=True))
    print(f"a × b                         {cross.round(3)}")
    print(f"its entries (2,3) (3,1) (1,2) {entries.round(3)}")
    print(f"at right angles to both: a · (a × b) = {a @ cross:.0e}, b · (a × b) = {b @ cross:.0e}")
    print(f"|a × b|        {np.linalg.norm(cross):.12f}")
    print(f"|a| |b| sin θ  {np.linalg.norm(a) * np.linalg.norm(b) * np.sin(angle):.12f}", end="")
    print(f"  (θ = {np.degrees(angle):.1f}° from the dot product)")


def draw_sum(figure, rng: np.random.Generator) -> None:
    x, delta = rng.normal(size=(3, 8)), rng.normal(size=(3, 6))
    products = [np.outer(*pair) for pair in zip(x, delta, strict=True)]
    matrices = [*products, weight_gradient(x, delta)]
    names = ["$x_1 ⊗ δ_1$", "$x_2 ⊗ δ_2$", "$x_3 ⊗ δ_3$", "$dW = x^T δ$"]
    limit = max(abs(m).max() for m in matrices)
    panels = figure.subplots(1, 4)
    for axes, matrix, name, sign in zip(panels, matrices, names, ["", "+", "+", "="], strict=True):
        image = axes.imshow(matrix, cmap="RdBu_r", vmin=-limit, vmax=limit)
        title = f"{name}, rank {np.linalg.matrix_rank(matrix)}"
        axes.set(title=title, xlabel="output", xticks=range(6), yticks=range(8))
        axes.text(-0.32, 0.5, sign, transform=axes.transAxes, fontsize=20, va="center", ha="right")
    panels[0].set_ylabel("input")
    figure.colorbar(image, ax=panels, label="gradient", shrink=0.8)
    figure.suptitle("Three samples' outer products add up to the weight gradient")


def draw_ranks(axes, ranks: dict[int, int]) -> None:
    batch = np.array(list(ranks))
    axes.plot(batch, np.minimum(batch, 6), color="gray", label="min(batch, 8, 6)")
    axes.plot(batch, list(ranks.values()), "o", label="rank of dW")
    axes.set(title="Each sample adds at most 1 to the rank", xlabel="batch size", ylabel="rank")
    axes.set(xticks=range(0, 17, 2), ylim=(0, 7), box_aspect=0.6)
    axes.legend(loc="lower right")


def draw_cross(axes, a: np.ndarray, b: np.ndarray) -> None:
    up = np.array([0, 0, 0.06])
    vectors = {"a": a, "b": b, "a × b": np.cross(a, b)}
    for color, (name, vector) in zip(("C0", "C2", "C3"), vectors.items(), strict=True):
        axes.quiver(0, 0, 0, *vector, color=color, arrow_length_ratio=0.12, linewidth=2)
        axes.text(*(vector + up), name, color=color)
    corners = np.array([0 * a, a, a + b, b, 0 * a])
    axes.plot(*corners.T, color="gray", linewidth=1)
    axes.set_title("a × b: at right angles to both, as long as\nthe parallelogram's area")
    axes.set(xlabel="$e_1$", ylabel="$e_2$", zlabel="$e_3$", xlim=(-0.4, 1.2))
    axes.set(xticks=(0, 1), yticks=(0, 1), zticks=(0, 1), ylim=(0, 1.2), zlim=(0, 1))
    axes.set_box_aspect((1.6, 1.2, 1.0), zoom=1.1)
    axes.view_init(elev=20, azim=-65)


if __name__ == "__main__":
    main(*sys.argv[1:])
