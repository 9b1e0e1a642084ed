"""How much work a step is: a chain has the products that it makes, and training says how many there are."""

import threading

import numpy as np
import pytest

from npgan import GAN, Adam, Classifier, backend, ops
from npgan.data.batches import Batches
from npgan.layers import build
from npgan.training import Work
from npgan.training.work import PRODUCTS, operations

N, D = 6, 5
X = np.random.default_rng(0).random((2 * N, D), np.float32)


def gan(activation="tanh", **settings):
    rules = {name: Adam(0.01) for name in ("generator", "discriminator")}
    networks = (
        build([f"dense {a} 7", activation, "dense 7 4", activation, f"dense 4 {b}"], rng=0)
        for a, b in ((3, D), (D, 1))
    )
    return GAN(*networks, optimizers=rules, **settings)


def counted(model, fused):
    """Return the operations of a step, its networks as chains or layer by layer."""
    total = 0

    def see(name, arguments):
        nonlocal total
        total += 2 * int(PRODUCTS.get(name, lambda *_: 0)(*arguments))

    with backend.watched(see):
        backend.run.fused = fused
        model.train_step(X[:N], np.random.default_rng(0))
    return total


def test_a_dense_layer_has_2nkm_operations_each_way():
    x, w, dy = np.ones((2, 3)), np.ones((3, 4)), np.ones((2, 4))
    assert PRODUCTS["dense_forward"](x, w, None) == 2 * 3 * 4
    assert PRODUCTS["dense_backward_input"](dy, w) == 2 * 3 * 4
    assert PRODUCTS["dense_backward_parameters"](dy, x, w, None) == 2 * 3 * 4
    assert PRODUCTS["dense_double_backward"](x, dy, w, w) == 2 * (2 * 3 * 4)


PLAN = [[5, 7, 0, 35, 1, 0], [7, 4, 42, 70, 1, 7], [4, 2, 74, 82, 0, 11]]


@pytest.mark.parametrize("curved", [[], [0], [1], [0, 2]])
@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("input_grad", [False, True])
@pytest.mark.parametrize("way", ["backward", "double_backward"])
def test_a_chain_has_the_products_that_it_makes(way, input_grad, trained, curved, monkeypatch):
    plan, total = np.array(PLAN), 0
    plan[curved, 4] = ops.chain.ACTIVATIONS.index("tanh")

    def watch(name):
        def call(*arguments):
            nonlocal total
            total += PRODUCTS[name](*arguments)
            return getattr(ops, name)(*arguments)

        monkeypatch.setattr(ops.chain, name, call)

    w, x = np.random.default_rng(0).standard_normal(84), X[:N].astype(float)
    y = ops.chain_forward(x, w, plan, np.zeros(3))
    given = [np.ones((N, 2)), x, y, w, plan, np.zeros(3), np.zeros(84) if trained else None]
    given = [np.ones((N, D))] * (way == "double_backward") + given
    for name in ("dense_backward_input", "dense_backward_parameters", "dense_double_backward"):
        watch(name)
    getattr(ops, f"chain_{way}")(*given, input_grad)
    assert total == PRODUCTS[f"chain_{way}"](*given, input_grad) > 0


def test_a_penalty_shares_products_with_the_loss():
    def shared(activation):
        r1 = {"penalties": {"r1": 1.0}}
        return counted(gan(activation, **r1), False) - counted(gan(activation, **r1), True)

    d = np.array([5 * 7, 7 * 4, 4])  # two ways back, one product a stage in place of two, no last
    assert shared("relu") == shared("tanh") == 2 * 2 * N * (d.sum() + d[1:].sum() + d[-1])


@pytest.mark.parametrize("settings", [{}, {"objective": "relativistic"}, {"n_critic": 2}])
def test_a_chain_has_the_products_of_its_layers(settings):
    assert counted(gan(**settings), fused=True) == counted(gan(**settings), fused=False) > 0


def test_what_compares_samples_is_counted():
    assert set(PRODUCTS) <= set(backend.TABLE)
    model = Classifier(build(["minibatch_discrimination 5 2 3", "dense 7 2"]))
    labels = np.eye(2, dtype=np.float32)[np.arange(2 * N) % 2]
    batches = Batches(np.concatenate([X, labels], axis=1), N, np.random.default_rng(0))
    assert operations(model, batches) == 2 * N * 3 * (D * 6 + 7 * 2)


def test_a_model_is_left_as_it_was_and_so_is_the_backend():
    model, before = gan(n_critic=2), dict(vars(backend.run))
    weights = model.generator.parameters.flat.copy()
    many = operations(model, Batches(X, N, np.random.default_rng(0)))
    assert vars(backend.run) == before
    assert model.step == 0
    np.testing.assert_array_equal(model.generator.parameters.flat, weights)
    assert many < operations(gan(), Batches(X, N, np.random.default_rng(0)))


def test_other_threads_are_not_watched():
    seen = []
    with backend.watched(lambda name, arguments: seen.append(name)):
        thread = threading.Thread(target=lambda: backend.run.relu_forward(X))
        thread.start()
        thread.join()
        backend.run.tanh_forward(X)
    assert seen == ["tanh_forward"]


def test_training_says_beforehand_how_much_there_is_to_do(capsys):
    model = gan()
    step = operations(model, Batches(X, N, np.random.default_rng(0)))
    model.fit(X, steps=3, batch_size=N, callbacks=[Work()], rng=0)
    assert f"3 steps of {step / 1e9:.3g} GFLOP: 0 GFLOP in all" in capsys.readouterr().err
