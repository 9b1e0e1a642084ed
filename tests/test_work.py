"""How much work a step is: a chain has the products that it makes, and training says how many there are."""

import threading
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from test_copies import DATA as SMALL
from test_copies import MAKERS

from npgan import GAN, Adam, Classifier, backend, ops
from npgan.data.batches import Batches
from npgan.layers import build
from npgan.training import Work
from npgan.training.work import PRODUCTS, operations, rate

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


def test_a_convolution_has_a_product_for_each_window_each_way():
    x, dy, weight, way = (
        np.ones((2, 6, 8, 3)),
        np.ones((2, 3, 4, 5)),
        np.ones((4, 4, 3, 5)),
        (2, 1, 1, 1),
    )
    given = {
        "conv2d_forward": (x, weight, None),
        "conv2d_backward_input": (dy, weight, (6, 8)),
        "conv2d_backward_parameters": (dy, x, weight, None),
        "conv2d_double_backward": (x, dy, weight, None),
        "conv_transpose2d_forward": (dy, weight, None),
        "conv_transpose2d_backward_input": (x, weight),
        "conv_transpose2d_backward_parameters": (x, dy, weight, None),
        "conv_transpose2d_double_backward": (dy, x, weight, None),
    }
    for name, arguments in given.items():
        assert PRODUCTS[name](*arguments, *way) == 2 * 3 * 4 * weight.size, name
    for name in ("conv2d_double_backward", "conv_transpose2d_double_backward"):
        *arguments, _ = given[name]
        assert PRODUCTS[name](*arguments, weight, *way) == 2 * (2 * 3 * 4 * weight.size), name


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


def test_a_step_is_the_mean_of_those_up_to_a_generators_update():
    """Three updates of a critic, of which one in three brings the generator's with it."""
    batches = Batches(X, N, np.random.default_rng(0))
    one, three = (operations(gan(n_critic=n), batches) for n in (1, 3))
    forward, own = 3 * 7 + 7 * 4 + 4 * D, D * 7 + 7 * 4 + 4 * 1
    back = lambda first, whole: 2 * whole - first  # noqa: E731
    critic = forward + 2 * own + 2 * back(D * 7, own)
    total = lambda n: n * critic + forward + own + own + back(3 * 7, forward)  # noqa: E731
    assert one == 2 * N * total(1)
    assert three == 2 * N * total(3) // 3


@pytest.mark.parametrize("first", [0, 2])
def test_the_work_that_is_left_is_said(first, capsys, monkeypatch):
    monkeypatch.setattr("npgan.training.work.operations", lambda *_: 2_500_000_000)
    monkeypatch.setattr("npgan.training.work.rate", lambda: 5e10)
    model = SimpleNamespace(
        weights=lambda: {"a": np.zeros(1500)}, state=lambda: ({"a": np.zeros((3, 50_000))}, {})
    )
    Work().on_train_begin(SimpleNamespace(model=model, batches=0, total_steps=2002, step=first))
    steps, work = ("2,002", "5,005") if first == 0 else ("2,000", "5,000")
    assert capsys.readouterr().err == (
        "1,500 weights, 1.2 MB with the optimisers' moments\n"
        f"{steps} steps of 2.5 GFLOP: {work} GFLOP in all, 100 s at the speed of NumPy's products here\n"
    )


def test_the_speed_of_products_is_one_that_a_machine_can_have():
    assert 1e8 < rate() < 1e14


def test_the_speed_is_that_of_the_quickest_of_five_products(monkeypatch):
    took = [3.0, 2.0, 0.5, 4.0, 1.0]
    clock = iter([moment for i, t in enumerate(took) for moment in (10.0 * i, 10.0 * i + t)])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    assert rate() == 2 * 256 * 512 * 512 / 0.5
    assert next(clock, None) is None


CALLS = {
    "dense_double_backward": lambda w, g: (X[:N], X[:N], w, g),
    "minibatch_discrimination_backward": lambda w, g: (X[:N], X[:N], None, w, g),
    "minibatch_discrimination_double_backward": lambda w, g: (X[:N], X[:N], X[:N], None, w, g),
}


@pytest.mark.parametrize(
    ("name", "fixed", "trained"),
    [(name, i, 2 * i) for i, name in zip((1, 1, 2), CALLS, strict=True)],
)
def test_a_gradient_of_the_weights_is_one_more_product(name, fixed, trained):
    w = np.ones((D, 7))
    for gradient, times in ((None, fixed), (w, trained)):
        assert PRODUCTS[name](*CALLS[name](w, gradient)) == times * N * D * 7


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize(("curved", "again"), [([], 0), ([0], 35), ([1], 35 + 2 * 28)])
def test_a_penalized_chain_goes_down_up_and_back_from_its_last_curved_stage(curved, again, trained):
    plan = np.array(PLAN)
    plan[:, 4] = ops.chain.ACTIVATIONS.index("relu")
    plan[curved, 4] = ops.chain.ACTIVATIONS.index("tanh")
    gradient = np.ones(84) if trained else None
    given = np.ones((N, 2)), 1.0, X[:N], X[:N], np.ones(84), plan, np.zeros(3), gradient
    down, up, weights = 35 + 28 + 8, 35 + 28, 35 + 28 + 8
    expected = N * (down + trained * (up + weights + again))
    assert PRODUCTS["chain_penalized_backward"](*given) == expected


READ = {
    "gan": {"discriminator": 2},  # for both penalties in one, and for the generator
    "conditional-gan": {"discriminator": 1},
    "multi-gan": {"discriminator": 1, "discriminator2": 1},
    "autoencoder": {"decoder": 1},
    "vae": {"decoder": 1},
    "iwae": {"decoder": 1},
    "conditional-vae": {"decoder": 1},
    "vae-gan": {"discriminator": 2, "decoder": 1},  # its hidden layer's error, and its opinion
    "adversarial-autoencoder": {"discriminator": 1, "decoder": 1},
    "bigan": {"discriminator": 2},  # for a penalty, and for encoder and decoder
    "translator": {"discriminator": 1},
    "classifier": {"classifier": 2},  # for two steps of an attack
}


@pytest.mark.parametrize("name", READ)
def test_a_gradient_by_a_networks_input_is_computed_where_it_is_read_alone(name):
    model, found = MAKERS[name](), Counter()

    def see(operation, arguments):
        if operation == "dense_backward_input":
            for player, network in model.networks.items():
                found[player] += arguments[1] is network.layers[0].parameters["weight"]

    model.step = getattr(model, "n_critic", 1) - 1  # the generator moves as well
    with backend.watched(see):
        backend.run.fused = False
        model.train_step(model.rows(SMALL.train, SMALL.train_labels), np.random.default_rng(0))
    assert +found == READ[name]


def test_a_step_of_numbers_beyond_floats_is_counted_in_silence():
    model, batches = gan(), Batches(X, N, np.random.default_rng(0))
    usual = operations(model, batches)
    model.generator.parameters["4.weight"][...] = 0
    model.generator.parameters["4.bias"][...] = 1
    model.discriminator.parameters["0.weight"][...] = 3e38  # whose tanh is 1
    assert operations(model, batches) == usual
