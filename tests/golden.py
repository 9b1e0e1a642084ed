"""What PyTorch computes in the tests' cases, recorded for those who have no PyTorch; the presets; figures.

    python tests/golden.py              compare the record with PyTorch
    python tests/golden.py --write      write it anew
    python tests/golden.py --presets    write anew what the presets are
    python tests/golden.py --pictures   write anew what is in pictures
    python tests/golden.py --catalogue  write anew what is in the checker's catalogue
    python tests/golden.py --reports    write anew what the checker says of right and wrong gradients
    python tests/golden.py --defaults   write anew defaults, constants and the options' help

The cases' networks and inputs are the tests' own, and those are made from seeds.
"""

import json
import sys
from functools import cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "golden" / "torch.npz"
PRESETS = FILE.with_name("presets.json")
PICTURES = FILE.with_name("pictures.json")
CATALOGUE = FILE.with_name("catalogue.json")
REPORTS = FILE.with_name("reports.json")
DEFAULTS = FILE.with_name("defaults.json")
IN_TORCH = (
    "dense",
    "layer_norm",
    "batch_norm",
    "minibatch_discrimination",
    "minibatch_stddev",
    "spectral_dense",
    "fourier",
    "scale",
    "conv2d",
    "conv_transpose2d",
    "avg_pool2d",
    "max_pool2d",
    "global_avg_pool2d",
    "upsample_nearest",
    "upsample_bilinear",
    "pixel_shuffle",
    "group_norm",
    "pixel_norm",
    "spectral_conv2d",
    "batch_norm of images",
    "minibatch_stddev of images",
    "pixel_norm of images",
)


@cache
def _archive():
    with np.load(FILE) as archive:
        return dict(archive)


def recorded(*key):
    """Return the recorded array of this key, of several parts."""
    return _archive()["/".join(map(str, key))]


def _tensors(torch, net):
    return {name: torch.tensor(array, requires_grad=True) for name, array in net.parameters.items()}


def _flat(gradients, like):
    """Return gradients as one vector; one that is None is 0."""
    arrays = (
        np.zeros(tensor.shape) if gradient is None else gradient.numpy()
        for gradient, tensor in zip(gradients, like, strict=True)
    )
    return np.concatenate([array.ravel() for array in arrays])


def second_derivatives(torch):
    """Yield the gradients of v . dD/dx with respect to the parameters and x."""
    import in_torch
    import test_fourier
    import test_second_order as case

    networks = {("second order", a): case.network(a) for a in case.ACTIVATIONS}
    networks |= {("fourier", a): test_fourier.network(a) for a in ("relu", "tanh")}
    for key, net in networks.items():
        x, v = case.random(3, 4), case.random(3, 4, seed=1)
        parameters, points = _tensors(torch, net), torch.tensor(x, requires_grad=True)
        logits = in_torch.apply(torch, net, parameters, points)
        (dx,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
        (dx * torch.tensor(v)).sum().backward()
        tensors = [*parameters.values(), points]
        yield key, _flat([tensor.grad for tensor in tensors], tensors)


def layers(torch):
    """Yield a layer's output and gradients, with respect to its parameters and x."""
    import in_torch
    import test_normalisation as case

    for name in IN_TORCH:
        for training in (True, False):
            net, x = case.seen_by_torch(name)
            parameters, points = _tensors(torch, net), torch.tensor(x, requires_grad=True)
            y = in_torch.apply(torch, net, parameters, points, training)
            (y * torch.tensor(case.random(*y.shape, seed=1))).sum().backward()
            yield ("layer", name, training, "y"), y.detach().numpy()
            tensors = [*parameters.values(), points]
            yield ("layer", name, training, "grads"), _flat([t.grad for t in tensors], tensors)


def running_moments(torch):
    """Yield a batch norm's running moments after each of its batches."""
    import test_normalisation as case

    norm = torch.nn.BatchNorm1d(4).double()
    for t in range(1, 9):
        norm(torch.tensor(case.random(6, 4, seed=t) + 2))
        yield ("running", t), np.stack([norm.running_mean.numpy(), norm.running_var.numpy()])


def singular_vectors(torch):
    """Yield a spectral norm's singular vectors after one power iteration."""
    import test_normalisation as case

    dense, linear = case.spectral(), torch.nn.Linear(5, 3).double()
    linear.weight.data[...] = torch.tensor(dense.parameters["weight"].T)  # torch has it transposed
    norm = torch.nn.utils.parametrizations.spectral_norm(linear).parametrizations.weight[0]
    norm._u[...], norm._v[...] = (torch.tensor(dense.buffers[name]) for name in "vu")
    norm._power_method(torch.tensor(dense.parameters["weight"].T), 1)
    yield ("spectral", "u"), norm._v.numpy()
    yield ("spectral", "v"), norm._u.numpy()


def gradient_penalties(torch):
    """Yield a penalty and its gradient with respect to the parameters, as one vector."""
    import in_torch
    import test_penalties as case

    for name in case.PENALTIES:
        for layer in case.catalogue.CRITICS:
            net, x = case.penalized(name, layer)
            parameters, points = _tensors(torch, net), torch.tensor(x, requires_grad=True)
            logits = in_torch.apply(torch, net, parameters, points)
            (g,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
            norm = g.norm(dim=1)
            each = norm**2 / 2 if name in ("r1", "r2") else (norm - 1) ** 2
            penalty, tensors = 3 * each.mean(), list(parameters.values())
            gradients = torch.autograd.grad(penalty, tensors, allow_unused=True)
            yield (
                ("penalty", name, layer),
                np.append(penalty.item(), _flat(gradients, tensors)),
            )


def contraction(torch):
    """Yield a contractive penalty and its gradient with respect to the parameters, as one vector."""
    import in_torch
    import test_regularisers as case

    net = case.encoder().astype(np.float64)
    x = torch.tensor(case.X.astype(np.float64), requires_grad=True)
    parameters = _tensors(torch, net)
    code, total = in_torch.apply(torch, net, parameters, x), 0
    for j in range(case.K):
        (g,) = torch.autograd.grad(code[:, j].sum(), x, create_graph=True)
        total = total + (g**2).sum() / len(x)
    (0.7 * total).backward()
    tensors = list(parameters.values())
    gradients = _flat([tensor.grad for tensor in tensors], tensors)
    yield ("contraction",), np.append(0.7 * total.item(), gradients)


def first_weights(torch):
    """Yield percentiles of the sizes of a layer's first weights and of its biases."""
    torch.manual_seed(0)
    for name, tensor in torch.nn.Linear(100, 5000).named_parameters():
        yield ("init", name), np.percentile(abs(tensor.detach().numpy()), range(101))


RECORDINGS = (
    second_derivatives,
    layers,
    running_moments,
    singular_vectors,
    gradient_penalties,
    contraction,
    first_weights,
)


def trained_by(config):
    """Return all that decides what is trained."""
    names = "model", "data", "batch_size", "steps", "epochs", "optimizers", "settings"
    said = {name: value for name, value in config.to_dict().items() if name in names}
    networks = config.build(50_000).networks.items()
    return said | {"networks": {name: repr(network) for name, network in networks}}


def write_presets():
    """Write what each preset trains."""
    from npgan.models import presets

    found = {name: trained_by(config) for name, config in presets.PRESETS.items()}
    PRESETS.write_text(json.dumps(found, indent=1) + "\n")
    return 0


def write_pictures():
    """Write what is in each figure that the tests draw."""
    import pytest
    import test_pictures as case

    with pytest.MonkeyPatch.context() as patch:
        found = {name: case.drawn(patch, *figure) for name, figure in case.FIGURES.items()}
    lines = (f" {json.dumps(name)}: {json.dumps(figure)}" for name, figure in found.items())
    PICTURES.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return 0


def write_lines(path, table):
    """Write a table as JSON, a line for each entry."""
    lines = (f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in table.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return 0


def write_catalogue():
    """Write what the checker's catalogue checks."""
    import test_gradcheck as case

    return write_lines(CATALOGUE, {c.name: case.contents(c) for c in case.CASES})


def write_reports():
    """Write what the gradient checker says of right gradients and of wrong ones."""
    from gradcheck_cases import said
    from test_gradcheck_right import RIGHT
    from test_gradcheck_wrong import WRONG

    from npgan import InputError, gradcheck

    found = {}
    for way, table in (("right", RIGHT), ("wrong", WRONG)):
        for what, (target, *inputs) in table.items():
            for directions in (None, 3):
                try:
                    report = gradcheck(target, *inputs, directions=directions)
                    found[f"{way}: {what}, {directions}"] = said(report)
                except InputError:
                    pass
    return write_lines(REPORTS, found)


def write_defaults():
    """Write the defaults of public functions, constants and the options' help."""
    import test_defaults as case

    return write_lines(DEFAULTS, dict(sorted(case.on_record().items())))


def main(arguments):
    if "--presets" in arguments:
        return write_presets()
    if "--catalogue" in arguments:
        return write_catalogue()
    if "--reports" in arguments:
        return write_reports()
    if "--defaults" in arguments:
        return write_defaults()
    if "--pictures" in arguments:
        return write_pictures()
    import torch

    torch.set_num_threads(1)
    arrays = {
        "/".join(map(str, key)): array for record in RECORDINGS for key, array in record(torch)
    }
    if "--write" in arguments:
        np.savez_compressed(FILE, **arrays)
        print(f"wrote {FILE}: {len(arrays)} arrays, {FILE.stat().st_size:,} bytes")
        return 0
    if arrays.keys() != _archive().keys():
        print(f"the cases are not those of the record: {sorted(arrays.keys() ^ _archive().keys())}")
        return 1
    worst = max(abs(array - recorded(key)).max() for key, array in arrays.items())
    print(f"{len(arrays)} arrays, the largest difference {worst:.1e}")
    return int(worst > 1e-12)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
