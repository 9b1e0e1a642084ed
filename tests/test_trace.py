"""A step seen from inside: every operation that ran, with its values, and the way from one to the next."""

import copy
import importlib
import itertools
import re
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from commands import run as command
from small_models import make_gan

import npgan
from npgan import Dense, InputError, LeakyReLU, ReLU, Sequential, backend
from npgan.backend import run
from npgan.check.tracing import arrays, docs, drawing, layout, mathtext
from npgan.check.tracing.graph import Value
from npgan.layers import Layer
from npgan.parameters import Parameters

STEPS = importlib.import_module("npgan.check.catalogue.steps")
X = np.array([[1.0, 2.0]])


def by_hand():
    """Return the network of the worked example."""
    net = Sequential(Dense(2, 2), ReLU(), Dense(2, 1)).astype(np.float64)
    weights = {
        "0.weight": [[1, -1], [0, 1]],
        "2.weight": [[2], [-1]],
        "0.bias": [0, 0],
        "2.bias": [0],
    }
    net.parameters.load({name: np.array(weight, float) for name, weight in weights.items()})
    return net


def worked():
    """Trace a forward and a backward pass by hand: x = (1, 2), label 1."""
    net = by_hand()

    def step():
        y, cache = net.forward(X)
        loss, dy = run.bce_with_logits(y, 1.0)
        return loss, net.backward(dy, cache, net.parameters.like())

    return npgan.trace(step)


def values(graph):
    """Return what every node made, by its number and the value's name."""
    return {
        (node.number, value.name): value.array for node in graph.nodes for value in node.outputs
    }


def names(graph):
    return [node.name for node in graph.nodes]


# --- a network by hand ---------------------------------------------------------------------------

BY_HAND = {
    (1, ""): [[1, 1]],
    (2, ""): [[1, 1]],
    (3, ""): [[1]],
    (5, "d net 2.weight"): [[-0.2689], [-0.2689]],
    (5, "d net 2.bias"): [-0.2689],
    (7, ""): [[-0.5379, 0.2689]],
    (8, "d net 0.weight"): [[-0.5379, 0.2689], [-1.0758, 0.5379]],
    (8, "d net 0.bias"): [-0.5379, 0.2689],
    (9, ""): [[-0.8068, 0.2689]],
}


@pytest.mark.parametrize("place", BY_HAND)
def test_a_network_by_hand_has_these_values_and_gradients(place):
    np.testing.assert_allclose(values(worked())[place], BY_HAND[place], atol=5e-5)


def test_a_loss_has_its_value_and_its_gradient():
    loss, delta = worked().nodes[3].outputs
    assert round(float(loss.array), 4) == 0.3133
    assert delta.array.round(4).tolist() == [[-0.2689]]


def test_a_table_has_a_row_for_each_operation_and_fits_a_terminal():
    table = str(worked())
    assert [int(n) for n in re.findall(r"^(\d+) ", table, re.MULTILINE)] == list(range(1, 10))
    assert max(map(len, table.splitlines())) <= 100
    for words in (
        "1 -1 0 1",
        "target 1",
        "0.3133",
        "-0.8068 0.2689",
        "(of 1)",
    ):
        assert words in table
    assert " ".join(table.split()).count("d net") == 4


def test_nodes_say_their_formula_their_source_and_what_they_go_back_through():
    graph = worked()
    assert [node.of for node in graph.nodes] == [None] * 4 + [3, 3, 2, 1, 1]
    assert graph.nodes[1].formula == r"y = \max(x, 0)"
    assert [node.kind for node in graph.nodes] == ["forward"] * 4 + ["backward"] * 5
    x = np.ones((1, 1))
    (node,) = npgan.trace(lambda: run.elu_forward(x, 1.0)).nodes
    assert (node.source, node.inputs[1]) == ("Clevert et al. 2016, eq. 15", ("alpha", 1.0))


# --- models --------------------------------------------------------------------------------------


def traced(model, seed):
    """Trace all steps of a copy of a model, with weights and data of a seed; and make them untraced."""
    model, rng = copy.deepcopy(model), np.random.default_rng(seed)
    for network in model.networks.values():
        network.parameters.flat[...] += 0.01 * rng.standard_normal(network.parameters.flat.size)
    labels = np.arange(6) % getattr(model, "classes", 1)
    batch = model._batch(model.rows(rng.random((6, model.features)), labels))
    for step in model.steps():
        buffers = [network.buffers.flat.copy() for network in model.networks.values()]
        d, other = model.zero_grads(), model.zero_grads()
        graph = npgan.trace(lambda s=step, d=d: s.minimise(batch, np.random.default_rng(5), d))
        for network, before in zip(model.networks.values(), buffers, strict=True):
            network.buffers.flat[...] = before
        step.minimise(batch, np.random.default_rng(5), other)
        same = [np.array_equal(d[name].flat, other[name].flat) for name in d]
        yield step, graph, d, all(same)


FAMILIES = itertools.groupby(STEPS._models(), key=lambda pair: pair[0].split(" (")[0])
MODELS = {family: dict(pairs) for family, pairs in FAMILIES}


@pytest.mark.parametrize("family", MODELS)
def test_the_graph_of_a_models_step_is_whole_and_tracing_changes_no_bit(family):
    for name, model in MODELS[family].items():
        for first, second in zip(traced(model, 1), traced(model, 2), strict=True):
            step, graph, d, same = first
            assert same, name
            for node in graph.nodes:
                for _, value in node.inputs:
                    assert value not in graph.makers or graph.makers[value].number < node.number
            assert all(value.name for value in graph.given)
            constant = [
                [value.array for value in one.given if value.name == "constant"]
                for one in (graph, second[1])
            ]
            for one, other in zip(*constant, strict=True):  # whatever depends on data has a maker
                np.testing.assert_array_equal(one, other, err_msg=f"{name}, {step.name}")
            last = {v.name: v.array for node in graph.nodes for v in node.outputs}
            for network in step.networks:
                for parameter, gradient in d[network].items():
                    np.testing.assert_array_equal(last[f"d {network} {parameter}"], gradient)


def penalized(**settings):
    """Trace the steps of a small GAN with R1."""
    nets = [Dense(2, 4), ReLU(), Dense(4, 2)], [Dense(2, 4), LeakyReLU(), Dense(4, 1)]
    gan = npgan.GAN(*(Sequential(*net, rng=0) for net in nets), penalties={"r1": 1.0}, **settings)
    x, rng = np.ones((3, 2), np.float32), np.random.default_rng(0)
    d = gan.zero_grads()
    steps = gan.discriminator_step, gan.generator_step
    return [npgan.trace(partial(step, x, rng, d)) for step in steps]


def test_a_discriminators_step_with_r1_and_a_generators_have_so_many_operations():
    reported = {"mean_sigmoid"}
    kinds = [[n.kind for n in graph.nodes if n.name not in reported] for graph in penalized()]
    assert [kind.count("forward") + kind.count("backward") for kind in kinds] == [18, 14]


def test_a_gradient_that_is_added_to_is_taken_from_who_added_before():
    graph, _ = penalized()
    adds = [n for n in graph.nodes if any(v.name == "d discriminator 0.weight" for v in n.outputs)]
    assert [node.name for node in adds] == ["dense_backward_parameters", "dense_double_backward"]
    assert dict(adds[1].inputs)["dweight"] is adds[0].outputs[0]


def test_a_backward_operation_belongs_to_the_pass_that_it_goes_back_through():
    _, graph = penalized(objective="relativistic")  # D runs on generated, then on real rows
    of = {node.number: graph.nodes[node.of - 1] for node in graph.nodes if node.of}
    taken = {
        value.name for node in of.values() for _, value in node.inputs if isinstance(value, Value)
    }
    assert [node.number for node in of.values()] == [7, 6, 5, 4, 4, 3, 2]
    assert "batch" not in taken


def test_an_update_takes_the_gradients_side_by_side_and_changes_what_runs_after_it():
    gan, x, rng = make_gan(), np.ones((4, 4), np.float32), np.random.default_rng(0)
    graph = npgan.trace(lambda: gan.train_step(x, rng))
    update = next(node for node in graph.nodes if node.kind == "update")
    parts = graph.makers[dict(update.inputs)["g"]]
    assert parts.name == "side by side"
    assert {v.name for _, v in parts.inputs} == {
        f"d discriminator {p}" for p in gan.discriminator.parameters
    }
    later = [
        one.name for one in graph.makers.values() if dict(one.inputs).get("") is update.outputs[0]
    ]
    assert set(later) == {"slice"}


# --- what NumPy computes between the operations --------------------------------------------------

BETWEEN = {
    "slice": lambda x: x[1:3],
    "slice of columns": lambda x: x[:, :2],
    "choice": lambda x: x[[2, 0]],
    "negation": lambda x: -x,
    "join": lambda x: np.concatenate([np.zeros((1, 3)), x]),
    "transpose": lambda x: x.T,
    "reshape": lambda x: x.reshape(-1, 2),
    "split": lambda x: np.split(x, 2)[1],
    "where": lambda x: np.where(x > 0, x, 0.5),
    "mean": lambda x: x - x.mean(axis=0),
    "number": lambda x: np.ones(2) * x.mean(),
    "copy that is written to": lambda x: assigned(x.copy(), 1.0),
    "written into zeros": lambda x: assigned(np.zeros_like(x), x[0]),
    "in place": lambda x: np.multiply(x, 2, out=x),
    "plain view": lambda x: np.asarray(x)[1:],
}


def assigned(x, value):
    x[1] = value
    return x


@pytest.mark.parametrize("name", BETWEEN)
def test_what_numpy_computes_between_two_operations_leads_from_one_to_the_other(name):
    x = np.array([[-1.0, 2, 3], [4, -5, 6], [7, 8, -9], [1, 2, 3]])

    def step():
        return run.tanh_forward(BETWEEN[name](run.relu_forward(x)))

    graph = npgan.trace(step)
    np.testing.assert_array_equal(graph.nodes[-1].outputs[0].array, step())
    reached, last = {1}, graph.nodes[-1]
    for one, other in graph.edges():
        reached |= {other.number} if one.number in reached else set()
    assert last.name == "tanh_forward"
    assert last.number in reached
    assert len(graph.nodes) > 2


def test_what_leads_nowhere_is_left_out():
    def step():
        y = run.relu_forward(X)
        print(float((y * 2).sum()))
        return y + 1

    assert names(npgan.trace(step)) == ["relu_forward", "add"]


# --- layers of the user's own --------------------------------------------------------------------


class Cube(Layer):
    """A layer in plain NumPy, whose cache is a new array."""

    def forward(self, x, rng=None):
        x = np.array(x)
        return x**3, 3 * x**2

    def backward(self, dy, cache, grads=None, input_grad=True):
        return np.array(dy) * cache


class Twice(Layer):
    """A layer that calls an operation."""

    def forward(self, x, rng=None):
        return run.dropout_forward(x, np.full_like(x, 2.0)), None


def test_a_layer_of_ones_own_in_plain_numpy_is_a_box():
    net = Sequential(Dense(2, 2, rng=0), Cube())
    x = np.ones((1, 2), np.float32)

    def step():
        y, cache = net.forward(x)
        return net.backward(np.ones_like(y), cache)

    graph = npgan.trace(step)
    assert names(graph) == [
        *("dense_forward", "Cube.forward", "ones_like", "Cube.backward", "dense_backward_input")
    ]
    forward, _, backward = graph.nodes[1:4]
    assert [value.array.tolist() for _, value in backward.inputs[1:]] == [
        forward.outputs[1].array.tolist()
    ]
    assert {one.number for one, other in graph.edges() if other is backward} == {2, 3}
    assert "forward" in vars(Cube)
    assert Cube.forward.__qualname__ == "Cube.forward"
    assert not hasattr(Cube.forward, "__wrapped__")


class Stretch(Layer):
    """A layer in plain NumPy with a weight."""

    def __init__(self):
        self.bind(Parameters({"weight": (2,)}))
        self.parameters["weight"] = [2, 3]

    def forward(self, x, rng=None):
        return x * self.parameters["weight"], x

    def backward(self, dy, cache, grads=None, input_grad=True):
        grads["weight"] += (dy * cache).sum(axis=0)
        return dy * self.parameters["weight"]


def test_a_layer_of_ones_own_has_its_weight_and_its_gradient_by_name():
    net, x = Sequential(Stretch()), np.array([[1, 4]], np.float32)

    def step():
        y, cache = net.forward(x)
        net.backward(np.ones_like(y), cache, net.parameters.like())

    graph = npgan.trace(step)
    assert names(graph) == ["Stretch.forward", "ones_like", "Stretch.backward"]
    assert [value.name for value in graph.given] == ["x", "net 0.weight"]
    assert values(graph)[3, "d net 0.weight"].tolist() == [1, 4]
    assert values(graph)[3, ""].tolist() == [[2, 3]]


def test_a_layer_of_ones_own_that_calls_operations_is_not():
    x = np.ones((1, 2))
    assert "dropout_forward" in names(npgan.trace(lambda: Twice().forward(x)))


# --- what tracing leaves behind, and what it refuses ---------------------------------------------


def everything(thing):
    return {name: type(array) for name, array in thing.parameters.items()} | {
        "": type(thing.parameters.flat)
    }


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_of_a_trace(fails):
    net, one, before = by_hand(), Parameters({"a.weight": (2,)}), dict(run.__dict__)

    def step():
        net.forward(X)
        one.scope("a")
        return 1 / (not fails)

    try:
        npgan.trace(step)
    except ZeroDivisionError:
        assert fails
    assert run.__dict__ == before
    assert set(everything(net).values()) | set(everything(net.layers[0]).values()) == {np.ndarray}
    assert type(one.scope("a").flat) is np.ndarray
    assert arrays.LISTENER.get() is None


def test_an_array_that_outlives_its_trace_computes_as_any_other():
    kept = []
    npgan.trace(lambda: kept.append(run.relu_forward(X)))
    (y,) = kept
    assert type(y + 1) is type(y.sum(axis=0)) is np.ndarray
    assert (y[0, 1], y.mean(), np.concatenate([y, y]).shape) == (2, 1.5, (2, 2))


def test_noise_is_drawn_from_the_same_stream():
    one, other = (np.random.default_rng(3) for _ in range(2))
    x = np.zeros(2)
    graph = npgan.trace(lambda: run.relu_forward(x + one.random(2)) + one.poisson(9))
    expected = other.random(2)
    np.testing.assert_array_equal(graph.nodes[2].outputs[0].array, expected)
    np.testing.assert_array_equal(graph.nodes[3].outputs[0].array, expected + other.poisson(9))
    assert [node.kind for node in graph.nodes] == ["noise", "numpy", "forward", "numpy"]
    assert one.random() == other.random()


WRONG = {
    "no function": (
        lambda: npgan.trace(X),
        "trace takes a function without arguments, not float64",
    ),
    "arguments": (lambda: npgan.trace(lambda x: x), "trace takes a function without arguments"),
    "no operation": (lambda: npgan.trace(lambda: X + 1), "the step runs no operation of npgan"),
    "another ending": (lambda: worked().save("step.png"), "must end in .svg or .html"),
    "no path": (lambda: worked().save(3), "a path is needed"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_traced_or_saved_is_refused(name):
    call, words = WRONG[name]
    with pytest.raises(InputError, match=re.escape(words)):
        call()


# --- pictures and pages --------------------------------------------------------------------------


def test_a_picture_is_the_same_each_time_and_has_a_box_for_each_operation(tmp_path):
    for name in ("one.svg", "two.svg"):
        worked().save(tmp_path / name)
    one, two = ((tmp_path / name).read_bytes() for name in ("one.svg", "two.svg"))
    assert one == two
    comments = re.findall(rb"<!-- (\d+  \w+)", one)
    assert len(comments) == 9
    ElementTree.fromstring(one)


@pytest.mark.parametrize("ending", [".svg", ".html"])
def test_a_step_of_a_single_operation_is_drawn(tmp_path, ending):
    npgan.trace(lambda: run.relu_forward(np.ones(3))).save(tmp_path / f"step{ending}")
    assert "relu_forward" in (tmp_path / f"step{ending}").read_text()


def test_a_function_of_numpy_that_is_called_like_an_operation_is_none():
    *_, node = npgan.trace(lambda: np.tanh(run.relu_forward(np.ones(3)))).nodes
    assert (node.name, node.kind) == ("tanh", "numpy")


def test_a_page_has_values_formulas_and_sources_and_asks_no_other_host(tmp_path):
    worked().save(tmp_path / "step.html")
    page = (tmp_path / "step.html").read_text()
    for words in ('aria-label="y = xW + b"', "-1.076", "0.3133", "<svg", 'id="n9"', 'href="#n7"'):
        assert words in page
    assert not re.search(r"""(src|href)="(?!#)|@import|url\((?!#)""", page)
    table = page.partition("<table>")[2]
    assert "\\" not in re.sub('aria-label="[^"]*"', "", table)  # no LaTeX as text


@pytest.mark.parametrize("name", [name for name in backend.TABLE if docs.of_operation(name)[0]])
def test_a_formula_is_drawn_on_the_page_with_its_latex_as_label(name):
    formula = docs.of_operation(name)[0]
    for equation in mathtext.html(formula).split("<br>"):
        ElementTree.fromstring(equation)
        assert equation.startswith("<svg")


def test_large_arrays_are_summed_up():
    x = np.arange(1e5).reshape(1000, 100)
    graph = npgan.trace(lambda: run.relu_forward(x))
    assert "mean 5e+04 from 0 to 1e+05" in " ".join(str(graph).split())
    assert len(str(graph)) < 500


@pytest.mark.parametrize("seed", range(5))
def test_boxes_do_not_overlap_and_arrows_lead_down_past_them(seed):
    rng = np.random.default_rng(seed)
    n = 25
    sizes = [(rng.uniform(20, 90), rng.uniform(10, 60)) for _ in range(n)]
    edges = sorted({(int(rng.integers(b)), b) for b in rng.integers(1, n, 40)})
    centres, ways = layout.layered(sizes, edges)
    boxes = [
        (x - w / 2, x + w / 2, y - h / 2, y + h / 2)
        for (x, y), (w, h) in zip(centres, sizes, strict=True)
    ]
    for a, b in itertools.combinations(boxes, 2):
        assert a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]
    for way in ways.values():
        assert all(one[1] <= other[1] + 1e-6 for one, other in itertools.pairwise(way))
        for (x, top), (same, low) in zip(way[::2], way[1::2], strict=True):  # within a layer
            assert x == same
            middle = [y for y in (top + 1e-6, (top + low) / 2, low - 1e-6) if top + 1e-6 < y < low]
            assert not any(a < x < b and c < y < d for a, b, c, d in boxes for y in middle)


WITHOUT = {
    "identity_forward",
    "mean_heaviside",
    "gather_table",
    "flip_backward",
    "block_mask",
    "all_finite",
}


def test_operations_have_formulas():
    formulas = {name: docs.of_operation(name)[0] for name in backend.TABLE}
    assert {name for name, formula in formulas.items() if not formula} == WITHOUT


DRAWN = {
    "dense_backward_input": 2,
    "bce_with_logits": 1,
    "adam_update": 3,
    "conv2d_backward_input": 2,
    "batch_norm_forward": 3,
    "gelu_tanh_forward": 1,
    "pixelate_forward": 1,
    "log_table_forward": 0,  # too wide
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_formula_is_drawn_in_lines(name):
    assert len(drawing.of_formula(docs.of_operation(name)[0])) == DRAWN[name]


@pytest.fixture
def sketched(monkeypatch):
    """Leave the drawing out, which takes most of the time."""
    monkeypatch.setattr(drawing, "svg", lambda _: "<svg/>")
    monkeypatch.setattr("npgan.check.tracing.page.svg", drawing.svg)


def test_the_examples_of_the_page_run(tmp_path, monkeypatch, capsys, sketched):
    monkeypatch.chdir(tmp_path)
    page, names = (Path(npgan.__file__).parents[1] / "docs" / "trace.md").read_text(), {}
    for code in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(code, names)
    (table,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert capsys.readouterr().out.startswith(table)
    assert {file.name for file in tmp_path.iterdir()} == {"by_hand.svg", "trace.svg"}


# --- the command ---------------------------------------------------------------------------------


def test_the_command_traces_the_steps_of_a_run(
    capsys, labelled, tmp_path, monkeypatch, undrawn, sketched
):
    monkeypatch.chdir(tmp_path)
    words = ("--data", labelled, "--steps", 1, "--batch-size", 20, "--quiet", "--out", "r")
    assert command(capsys, "train", "gan-small", *words)[0] == 0
    code, out, _ = command(capsys, "trace", "r", "--rows", 3)
    assert code == 0
    assert out.index("discriminator step\n") < out.index("generator step\n")
    assert "generator 0.weight" in out
    assert command(capsys, "trace", "r", "--step", "gen", "--out", "step.html")[0] == 0
    assert "dense_backward_input" in (tmp_path / "step.html").read_text()
    for given in (("--out", "step.svg"), ("--step", "critic")):
        code, _, err = command(capsys, "trace", "r", *given)
        assert (code, err.count("\n")) == (2, 1)
        assert "--step must choose one of discriminator step, generator step" in err
