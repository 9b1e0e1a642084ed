"""An autoencoder against PCA: 784 pixels through 32 numbers and back, and what each loses."""

import sys

import numpy as np
from matplotlib.figure import Figure

from npgan import Adam, Autoencoder, Dense, ReLU, Sequential, Sigmoid, data

CODE = 32


def main(path: str = "autoencoder_vs_pca.png", epochs: str = "5") -> None:
    mnist = data.load("mnist")
    model = Autoencoder(
        encoder=Sequential(Dense(784, 128), ReLU(), Dense(128, CODE), rng=0),
        decoder=Sequential(Dense(CODE, 128), ReLU(), Dense(128, 784), Sigmoid(), rng=1),
        optimizers={"encoder": Adam(2e-3), "decoder": Adam(2e-3)},
    )
    model.fit(mnist, epochs=int(epochs), rng=0)

    train, test = model.scaled(mnist.train), model.scaled(mnist.test)
    by_pca = pca(train, test, CODE)
    by_autoencoder = model.reconstruct(test)
    print("mean squared error on the 10,000 test images")
    print(f"  mean image         {np.square(test - train.mean(axis=0)).mean():.4f}")
    print(f"  PCA, {CODE} numbers    {np.square(test - by_pca).mean():.4f}")
    print(f"  autoencoder, {CODE}    {np.square(test - by_autoencoder).mean():.4f}")

    first = [int(np.argmax(mnist.test_labels == digit)) for digit in range(10)]
    rows = {"original": test, f"PCA, {CODE}": by_pca, f"autoencoder, {CODE}": by_autoencoder}
    save_rows({name: images[first] for name, images in rows.items()}, path)
    print(f"saved {path}")


def pca(train: np.ndarray, test: np.ndarray, components: int) -> np.ndarray:
    """Project ``test`` onto the first principal components of ``train``."""
    mean = train.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov(train.T))  # eigenvalues ascend: the last are the largest
    basis = vectors[:, -components:]
    return mean + (test - mean) @ basis @ basis.T


def save_rows(rows: dict[str, np.ndarray], path: str) -> None:
    figure = Figure(figsize=(8, 2.7), layout="constrained")
    for axes, (name, images) in zip(figure.subplots(len(rows)), rows.items(), strict=True):
        axes.imshow(np.hstack(images.reshape(-1, 28, 28)), cmap="gray_r", vmin=0, vmax=1)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
        axes.set(xticks=[], yticks=[])
    figure.suptitle("the first test image of each digit, through 32 numbers and back")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:])
