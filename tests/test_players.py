"""Packed samples, a discriminator that runs ahead, several players: what gradient checks cannot see."""

import copy
import tomllib
from dataclasses import replace
from pathlib import Path

import naive
import numpy as np
import pytest
import tomli_w
from commands import run

from npgan import (
    GAN,
    Adam,
    Dense,
    InputError,
    LeakyReLU,
    MultiGAN,
    NonFiniteError,
    ReLU,
    Sequential,
    Sigmoid,
    runs,
)
from npgan.layers import build
from npgan.models import labels
from npgan.models.adversary import of_the_hardest
from npgan.models.config import Config
from npgan.models.multi import AGAINST
from npgan.models.presets import preset
from npgan.objectives.losses import GeneratorLoss

D = 4  # the data's width


def rng(seed=0):
    return np.random.default_rng(seed)


def data(n=24):
    return rng(9).random((n, D), np.float32)


def generator(seed=1, width=8):
    return Sequential(Dense(3, width), ReLU(), Dense(width, D), Sigmoid(), rng=seed)


def critic(seed=2, packing=1):
    return Sequential(Dense(packing * D, 8), LeakyReLU(), Dense(8, 1), rng=seed)


def optimizers(*names):
    return {name: Adam(1e-2, beta1=0.5) for name in names}


def make_gan(packing=1, **settings):
    rules = optimizers("generator", "discriminator")
    return GAN(generator(), critic(packing=packing), optimizers=rules, packing=packing, **settings)


def players(generators=2, discriminators=2):
    made = {"generator": generator(), "discriminator": critic()}
    made |= {f"generator{i}": generator(10 + i) for i in range(2, generators + 1)}
    return made | {f"discriminator{i}": critic(20 + i) for i in range(2, discriminators + 1)}


def make_several(generators=2, discriminators=2, **settings):
    networks = players(generators, discriminators)
    return MultiGAN(networks, optimizers=optimizers(*networks), **settings)


def bits(model):
    arrays, numbers = model.state()
    return {name: array.tobytes() for name, array in arrays.items()}, numbers


def train(model, steps=10):
    noise = rng(5)
    return [model.train_step(data(), noise) for _ in range(steps)]


# --- packing -------------------------------------------------------------------------------------


def test_a_pack_is_samples_side_by_side():
    gan = make_gan(packing=3)
    x = np.arange(24.0).reshape(6, D)
    np.testing.assert_array_equal(gan.discriminator_input(x), [np.arange(12), np.arange(12, 24)])
    seen = gan.discriminator_input(data())
    assert seen.shape == (8, 3 * D)
    np.testing.assert_array_equal(seen, np.hstack([data()[i::3] for i in range(3)]))
    assert gan.discriminator_step(data(), rng()).report["d_loss"] > 0


def test_packs_of_one_are_no_packs():
    a, b = make_gan(), make_gan(packing=1)
    assert train(a) == train(b)
    assert bits(a) == bits(b)


def test_packs_that_do_not_fit_are_refused_in_one_line(capsys, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="makes 4 features, 2 times, the discriminator takes 4"):
        GAN(generator(), critic(), packing=2)
    with pytest.raises(InputError, match="packing must be a whole number, at least 1, not 0"):
        GAN(generator(), critic(), packing=0)
    gan = make_gan(packing=5)
    for step in (gan.discriminator_step, gan.generator_step):
        with pytest.raises(InputError, match="a batch of 24 does not make packs of 5"):
            step(data(), rng())
    with pytest.raises(InputError, match="a batch of 8 does not make packs of 5"):
        gan.fit(data(), steps=1, batch_size=8, callbacks=[])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(preset("ring").settings, "packing", 3)
    monkeypatch.setitem(preset("ring").networks, "discriminator", ["dense 3*data 1"])
    code, _, err = run(capsys, "train", "ring", "--steps", 2, "--out", "r")
    assert (code, "batch of 256 does not make packs of 3" in err) == (2, True)
    assert not Path("r").exists()


# --- unrolled steps ------------------------------------------------------------------------------


def test_the_discriminator_that_ran_ahead_is_put_back_bit_for_bit():
    ahead, plain = make_gan(unrolled_steps=3), make_gan()
    for gan in (ahead, plain):
        gan.train_step(data(), rng())
    (mine, numbers), (theirs, others) = bits(ahead), bits(plain)
    assert numbers == others
    for name in mine:
        assert (mine[name] == theirs[name]) == ("discriminator" in name), name


def test_its_buffers_are_put_back_as_well():
    critic = build(["spectral_dense 2 4", "leaky_relu", "spectral_dense 4 1"], rng=1)
    gan = GAN(build(["dense 3 2"], rng=0), critic, unrolled_steps=2)
    buffers = gan.discriminator.buffers.flat
    before = buffers.copy()
    with gan.unrolled(rng().standard_normal((8, 2)).astype(np.float32), rng()):
        assert (buffers != before).any()
    np.testing.assert_array_equal(buffers, before)


def test_the_generator_is_updated_against_the_discriminator_as_it_came_to_be():
    gan, twin = make_gan(unrolled_steps=2), make_gan()
    noise, same = rng(), rng()
    gan.train_step(data(), noise)
    for _ in range(3):
        d = twin.discriminator_step(data(), same, twin.grads)
        twin.update(d.loss, "discriminator")
    g = twin.generator_step(data(), same, twin.grads)
    twin.update(g.loss, "generator")
    np.testing.assert_array_equal(gan.generator.parameters.flat, twin.generator.parameters.flat)
    assert noise.random() == same.random()


def test_all_discriminators_are_put_back_and_also_after_an_error():
    gan = make_several(unrolled_steps=2)
    train(gan, 1)
    before = bits(gan)
    with gan.unrolled(data(), rng()):
        assert bits(gan) != before
    assert bits(gan) == before
    with pytest.raises(ZeroDivisionError), gan.unrolled(data(), rng()):
        _ = 1 / 0
    assert bits(gan) == before
    broken = np.full((24, D), np.nan, np.float32)
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError), gan.unrolled(broken, rng()):
        pass
    assert bits(gan) == before
    with pytest.raises(InputError, match="unrolled_steps must be a whole number, at least 0"):
        make_gan(unrolled_steps=-1)


# --- several players -----------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"objective": "relativistic", "penalties": {"r1": 1.0}}])
@pytest.mark.parametrize("against", AGAINST)
def test_one_of_each_is_a_gan_bit_for_bit(against, settings):
    settings = {"ema": 0.9, "n_critic": 2, "unrolled_steps": 1, "instance_noise": 0.1, **settings}
    gan, one = make_gan(**settings), make_several(1, 1, against=against, **settings)
    assert train(gan) == train(one)
    rename = {name: name.replace("average.", "average.generator.") for name in gan.weights()}
    weights = {rename.get(name, name): w for name, w in bits(gan)[0].items()}
    assert (weights, bits(gan)[1]) == bits(one)
    np.testing.assert_array_equal(gan.sample(9, rng=1), one.sample(9, rng=1))


def test_every_player_moves_by_its_own_optimiser():
    gan = make_several(3, 2, n_critic=2)
    before = copy.deepcopy(gan.weights())
    train(gan, 2)
    assert not any(np.array_equal(w, before[name]) for name, w in gan.weights().items())
    assert [gan.optimizers[name].t for name in players(3, 2)] == [1, 2, 1, 1, 2]


@pytest.mark.parametrize("n", [0, 1, 2, 7, 1500])
def test_generators_share_a_batch_evenly(n):
    gan = make_several(3, 1)
    z = gan.latent(n, rng())
    made, bounds = gan.generator(z), [i * n // 3 for i in range(4)]
    assert made.shape == gan.sample(n, rng=0).shape == (n, D)
    assert max(np.diff(bounds)) - min(np.diff(bounds)) <= 1
    for name, i, j in zip(gan.generators, bounds[:-1], bounds[1:], strict=True):
        np.testing.assert_array_equal(made[i:j], gan.networks[name](z[i:j]))


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_at_every_place_each_has_its_turn_as_often_and_none_twice_more_than_another(n):
    k, draws = 3, 3000
    taken = np.array([labels.drawn_evenly(n, k, rng(seed)) for seed in range(draws)])
    counts = np.stack([(taken == i).sum(axis=1) for i in range(k)])
    assert counts.min() == n // k
    assert counts.max() == -(-n // k)
    shares = np.stack([(taken == i).mean(axis=0) for i in range(k)])
    # a share of 1/3 of 3000 errs by sqrt(2/9/3000) = 0.0086; five of these
    np.testing.assert_allclose(shares, 1 / k, atol=0.043)


def test_samples_are_of_every_generator_as_often():
    """Each generator of three makes its own number, whatever z is."""
    gan = MultiGAN(
        {
            name: Sequential(Dense(1, 1))
            for name in (*("generator", "generator2", "generator3"), "discriminator")
        }
    )
    for value, name in enumerate(gan.generators):
        gan.networks[name].parameters["0.weight"][...] = 0
        gan.networks[name].parameters["0.bias"][...] = value
    one = np.concatenate([gan.sample(1, rng=seed) for seed in range(600)])
    # a share of 1/3 of 600 errs by 0.019; five of these
    np.testing.assert_allclose([(one == i).mean() for i in range(3)], 1 / 3, atol=0.096)
    for n in (2, 3, 3000, 3001):
        counts = [(gan.sample(n, rng=0) == i).sum() for i in range(3)]
        assert max(counts) - min(counts) <= (n % 3 > 0)
    z, which = np.zeros((4, 1), np.float32), [2, 0, 0, 1]
    assert gan.decode(z, which).ravel().tolist() == which
    assert gan.decode(z).ravel().tolist() == [0, 1, 2, 0]
    with pytest.raises(InputError, match="which must be"):
        gan.decode(z, [3, 0, 0, 1])
    _, fake = gan.logits(np.zeros((7, 1), np.float32), rng())[0]
    assert len({*fake.ravel().tolist()}) == 3


def test_opinions_are_of_the_rows_and_then_of_as_many_generated_ones():
    gan = GAN(Sequential(Dense(1, 1)), Sequential(Dense(1, 1)))
    for network, slope, offset in ((gan.generator, 0, -2), (gan.discriminator, 1, 0)):
        for array, value in zip(network.parameters.values(), (slope, offset), strict=True):
            array[...] = value
    ((real, fake),) = gan.logits(np.full((3, 1), 5, np.float32), rng())
    assert (real.ravel().tolist(), fake.ravel().tolist()) == ([5, 5, 5], [-2, -2, -2])


def test_a_generator_without_a_share_of_the_batch_is_refused():
    with pytest.raises(InputError, match="a batch of 2 is too small for 3 generators"):
        make_several(3, 1).fit(data(), steps=1, batch_size=2, callbacks=[])


def test_generators_are_against_the_mean_or_the_hardest_of_the_losses():
    one = make_several(1, 3)
    fake = one.generator(one.latent(24, rng()))
    each = []
    for name in one.discriminators:
        alone = make_several(1, 3)
        alone.discriminators = {name: alone.discriminators[name]}
        each.append(alone.adversarial_loss(fake, fake, None))
    losses = [loss.value for loss in each]
    assert len(set(losses)) == 3
    value, dfake = one.adversarial_loss(fake, fake, None)
    assert value == pytest.approx(np.mean(losses), rel=1e-6)
    np.testing.assert_allclose(dfake, np.mean([loss.dfake for loss in each], axis=0), rtol=1e-5)
    hardest = make_several(1, 3, against="hardest").adversarial_loss(fake, fake, None)
    assert hardest.value == max(losses)
    np.testing.assert_array_equal(hardest.dfake, each[int(np.argmax(losses))].dfake)


def test_what_is_reported_is_the_mean_over_the_discriminators():
    gan, twin, noise = make_several(2, 2), make_several(2, 2), rng()
    metrics = gan.train_step(data(), rng())
    losses = []
    for name in twin.discriminators:
        d = twin.discriminator_step(data(), noise, twin.grads, name)
        twin.update(d.loss, name)
        losses.append(d.loss)
    assert metrics["d_loss"] == pytest.approx(np.mean(losses), rel=1e-6)


def test_the_average_is_of_all_generators_and_draws_the_samples():
    gan, seen = make_several(2, 1, ema=0.9), []
    noise = rng()
    for _ in range(5):
        gan.train_step(data(), noise)
        seen.append(gan.generator.parameters.flat.astype(float))
    np.testing.assert_allclose(gan.average.parameters.flat, naive.ema(seen, 0.9), atol=1e-6)
    z, which = gan.latent(6, rng()), np.arange(6) // 3  # as the shares of a batch are
    np.testing.assert_allclose(gan.decode(z, which), gan.average(z), rtol=1e-6)
    assert not np.allclose(gan.decode(z, which), gan.generator(z), rtol=1e-3)


def test_a_state_brings_other_players_to_the_same_future():
    model, twin = make_several(ema=0.9), make_several(ema=0.9)
    train(model)
    twin.load_state(*copy.deepcopy(model.state()))
    train(model), train(twin)
    assert bits(model) == bits(twin)


WRONG = [
    (["generator"], {}, "players must be of the class Mapping"),
    ({"generator": generator()}, {}, "players must be generator, generator2, .* not generator$"),
    (players() | {"critic": critic()}, {}, "not generator, discriminator, .*critic"),
    (players() | {"generator3": Sequential(Dense(2, D), Sigmoid())}, {}, "one width of z and of x"),
    (players() | {"generator3": Sequential(Dense(3, D))}, {}, "and one last layer"),
    (players() | {"discriminator3": Sequential(Dense(5, 1))}, {}, "the discriminator takes 5"),
    (players(), {"against": "median"}, "unknown value of against 'median'.*known: mean, hardest"),
    (players(), {"packing": 2}, "packing needs a single generator"),
    (players(), {"optimizers": optimizers("generator")}, "optimizers are needed for generator"),
    (players(), {"penalties": {"r3": 1.0}}, "unknown penalty 'r3'"),
]


@pytest.mark.parametrize(("networks", "settings", "message"), WRONG)
def test_players_that_do_not_fit_are_refused_in_words(networks, settings, message):
    with pytest.raises(InputError, match=message):
        MultiGAN(networks, **settings)


def config(**changes):
    """Return a configuration of two generators and two discriminators."""
    ring = replace(preset("ring"), model="multi-gan", steps=6, preset="", **changes)
    rules = preset("gan-small").optimizers  # whose rate does not depend on how long a run is
    tables = [
        {name: table[name.rstrip("2")] for name in players()} for table in (ring.networks, rules)
    ]
    return replace(ring, networks=tables[0], optimizers=tables[1])


def test_a_configuration_holds_several_players_and_survives_toml():
    settings = {"against": "hardest", "ema": 0.9, "n_critic": 2}
    again = Config.from_dict(tomllib.loads(tomli_w.dumps(config(settings=settings).to_dict())))
    model = again.build(rows=1000)
    assert list(model.networks) == list(players())
    weights = [net.parameters.flat for net in model.networks.values()]
    assert not np.array_equal(weights[0], weights[2])


def test_a_run_of_several_players_is_resumed_sampled_and_evaluated(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = config(settings={"ema": 0.9})
    runs.start(made, Path("a"))
    runs.start(replace(made, steps=3), Path("b"))
    runs.resume(Path("b"), steps=6)
    a, b = (Path(name, "weights.safetensors").read_bytes() for name in "ab")
    assert a == b
    assert run(capsys, "sample", "a", "--out", "s.png")[0] == 0
    code, out, _ = run(capsys, "evaluate", "a", "--samples", 100)
    assert (code, "d_accuracy" in out) == (0, True)


def test_a_gan_has_but_two_players():
    two = replace(config(), model="gan")
    with pytest.raises(InputError, match="gan needs networks and optimizers for generator, disc"):
        two.build(1000)


def test_of_losses_that_are_as_large_the_first_is_the_hardest():
    losses = [GeneratorLoss(np.float32(1), np.full((2, 2), i)) for i in range(2)]
    assert of_the_hardest(losses) is losses[0]


def test_one_of_several_generators_may_be_packed():
    networks = {"generator": generator(), "discriminator": critic(packing=2)}
    gan = MultiGAN(networks, optimizers=optimizers(*networks), packing=2)
    assert bits(gan) == bits(make_gan(packing=2))
    assert train(gan) == train(make_gan(packing=2))


def test_a_mixture_refuses_a_cache_of_more_networks_than_it_has():
    mixture = make_several().generator
    y, cache = mixture.forward(rng().random((6, 3), np.float32))
    assert mixture.backward(y, cache).shape == (6, 3)
    with pytest.raises(ValueError, match="is longer than"):
        mixture.backward(y, [*cache, cache[-1]])
