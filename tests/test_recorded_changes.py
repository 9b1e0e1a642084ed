"""A recorded step when something changes: threads, numbers that overflow, arrays that are replaced."""

import copy
import gc

import numpy as np
import pytest
from steps_recorded import (
    BATCH,
    WIDTH,
    all_recorded,
    autoencoder,
    compiled,
    gan,
    rows,
    several,
    steps_of,
)
from test_players import bits

from npgan import GAN, Autoencoder, Dense, Sequential, backend, optim
from npgan.errors import InputError, NonFiniteError
from npgan.objectives.penalties import geometric
from npgan.training import Loop

pytest.importorskip("npgan.kernels")
from npgan.kernels import jit


@compiled
@pytest.mark.parametrize(("threads", "now"), [(1, 2), (2, 1)], indirect=["threads"])
def test_the_number_of_threads_may_change_after_the_recording(threads, now):
    backend.use("numba")
    mine, theirs = gan(), gan()
    step, _, _ = steps_of(mine, rows())
    _, single, _ = steps_of(theirs, rows())
    for i in range(10):
        step(), single()
        if i == 0:
            jit.set_threads(now)
    assert bits(mine) == bits(theirs)


def spoilt(network):
    """Return a GAN with a weight that is not a number."""
    model = gan(ema=0.9)
    model.networks[network].parameters.flat[7] = np.nan
    return model


def uneven():
    """Return a GAN whose discriminator's first update spoils the generator's."""
    model = gan(ema=0.9)
    rules = {"generator": optim.SGD(0.1), "discriminator": optim.SGD(1e38)}
    return GAN(model.generator, model.discriminator, optimizers=rules)


def wild():
    """Return an autoencoder that learns much too fast."""
    model = Autoencoder(*(Sequential(Dense(*w), rng=0) for w in ((WIDTH, 9), (9, WIDTH))))
    rules = {name: optim.Momentum(1e30) for name in ("encoder", "decoder")}
    return Autoencoder(model.encoder, model.decoder, optimizers=rules)


def vast():
    """Return an autoencoder whose gradients are finite, and their squares are not."""
    networks = (Sequential(Dense(*w), rng=0) for w in ((WIDTH, 9), (9, WIDTH)))
    model = Autoencoder(*networks, loss="l1")
    model.encoder.parameters["0.weight"][...] *= 1e23
    model.decoder.parameters["0.weight"][...] *= 1e-20
    return model


def steep():
    """Return a contractive autoencoder whose loss, of double precision, is infinite, but not its gradients."""
    model = autoencoder(contraction=1e-30)
    model.encoder.parameters["0.weight"][...] *= 1e21
    return model


BAD = {
    "a square": vast,
    "a loss in double precision": steep,
    "a generator's weight": lambda: spoilt("generator"),
    "a discriminator's weight": lambda: spoilt("discriminator"),
    "the other one's learning rate": uneven,
    "a learning rate": wild,
}


@compiled
@pytest.mark.parametrize("name", BAD)
def test_a_number_that_is_not_finite_is_refused_as_by_single_steps(name, threads):
    backend.use("numba")
    ends = []
    for place in (0, 1):
        model = BAD[name]()
        step = steps_of(model, rows())[place]
        caught = None
        while caught is None and model.step < 20:
            before = bits(model)[0]
            try:
                with np.errstate(all="ignore"):
                    step()
            except NonFiniteError as error:
                caught = str(error)
        assert caught is not None
        if name != "the other one's learning rate":  # whose own update was applied
            assert bits(model)[0] == before
        assert not any(grads.flat.any() for grads in model.grads.values())
        ends.append((caught, bits(model)))
    assert ends[0] == ends[1]


@compiled
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_in_a_schedule_ends_a_step_that_can_be_made_again(error, threads):
    backend.use("numba")
    raised = []

    def rate(t):
        if t == 2 and not raised:
            raised.append(t)
            raise error
        return 0.01

    model = gan(rule=lambda: optim.SGD(rate))
    step, _, _ = steps_of(model, rows())
    step(), step()
    before = bits(model)
    with pytest.raises(error):
        step()
    assert bits(model) == before
    step()
    assert model.step == 3


RESUMED = {
    "a GAN": lambda: gan(ema=0.9, n_critic=2),
    "decaying penalties": lambda: gan(packing=2, penalties={"r1": geometric(2.0, 0.1, 12)}),
    "several players": lambda: several(ema=0.9, objective="relativistic"),
}


@compiled
@pytest.mark.parametrize("name", RESUMED)
def test_a_resumed_run_is_an_uninterrupted_one(name, threads):
    backend.use("numba")
    data, ends = rows(), []
    for stop in (None, 5):
        loop = Loop(RESUMED[name](), data, batch_size=BATCH, rng=0)
        if stop:
            loop.run(steps=stop)
            arrays, numbers = loop.state()
            arrays = {name: array.copy() for name, array in arrays.items()}
            loop = Loop(RESUMED[name](), data, batch_size=BATCH, rng=0)
            loop.load_state(arrays, numbers)
        loop.run(steps=12)
        assert all_recorded(loop._next_step)
        ends.append((bits(loop.model), loop.history.rows[-1]["d_loss"]))
    assert ends[0] == ends[1]


def other_weights(model, batches):
    network = model.networks["generator"]
    twin = copy.deepcopy(network)
    network.bind(twin.parameters, twin.buffers)


def other_rule(model, batches):
    rule = model.optimizers["discriminator"] = optim.Adam(0.03)
    rule.init(model.networks["discriminator"].parameters.flat)


def other_moments(model, batches):
    rule = model.optimizers["discriminator"]
    rule.state = {name: moment / 2 for name, moment in rule.state.items()}


def other_data(model, batches):
    batches.data = batches.data[::-1].copy()


def no_moments(model, batches):
    rule = model.optimizers["discriminator"]
    rule.init(model.networks["discriminator"].parameters.flat)


@compiled
@pytest.mark.parametrize(
    ("change", "programs"),
    [(other_weights, 2), (other_rule, 2), (other_moments, 2), (other_data, 2), (no_moments, 1)],
)
def test_a_program_is_not_used_once_what_it_works_on_was_replaced(change, programs):
    backend.use("numba")
    mine, theirs = gan(), gan()
    (step, _, _), (other, single, _) = (steps_of(model, rows()) for model in (mine, theirs))
    for i in range(6):
        assert step() == single()
        if i == 2:
            change(mine, step.batches)
            change(theirs, other.batches)
            gc.collect()
    assert bits(mine) == bits(theirs)
    assert len(step._programs) == programs
    assert all_recorded(step)


@compiled
def test_moments_that_do_not_fit_are_refused_before_anything_is_recorded():
    backend.use("numba")
    model = gan(rule=lambda: optim.Adam(0.1))
    step, _, _ = steps_of(model, rows())
    model.optimizers["discriminator"].state["m"] = np.zeros(3, np.float32)
    with pytest.raises(InputError, match="m is float32"):
        step()


def test_moments_that_are_other_arrays_are_another_memory():
    model = gan(rule=lambda: optim.Adam(1e-2))
    before = model.memory()
    assert model.memory() == before
    state = model.optimizers["generator"].state
    state["m"] = state["m"].copy()
    assert model.memory() != before
