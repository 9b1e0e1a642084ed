"""A first GAN: two small networks learn to draw handwritten digits, in half a minute."""

import sys
from pathlib import Path

from npgan import GAN, Adam, Dense, Dropout, LeakyReLU, Sequential, Sigmoid, data
from npgan.plotting import save_grid


def main(path: str = "first_gan.png", epochs: str = "5") -> None:
    mnist = data.load("mnist")

    # The generator turns 64 random numbers into 784 pixels; the discriminator returns a logit,
    # large where an image looks real. Dropout keeps it from running ahead of the generator.
    generator = Sequential(Dense(64, 256), LeakyReLU(), Dense(256, 784), Sigmoid(), rng=0)
    discriminator = Sequential(Dense(784, 256), LeakyReLU(), Dropout(0.5), Dense(256, 1), rng=1)
    optimizers = {name: Adam(5e-4, beta1=0.5) for name in ("generator", "discriminator")}

    gan = GAN(generator, discriminator, optimizers=optimizers, ema=0.999)
    history = gan.fit(mnist, epochs=int(epochs), batch_size=64, rng=0)
    images = gan.sample(80, rng=2)

    last = history.rows[-1]
    print(f"{last['step']:,} steps in {last['seconds']:.0f} s")
    real, fake = last["d_real"], last["d_fake"]
    print(f"D's probability of real: {real:.2f} for real digits, {fake:.2f} for generated ones;")
    print("at 0.50 for both it cannot tell them apart: they are alike, or D has failed")
    print(f"mean pixel: real {mnist.train.mean() / 255:.3f}, generated {images.mean():.3f}")
    save_grid(Path(path), images, mnist.image_shape, columns=10)
    print(f"saved {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
