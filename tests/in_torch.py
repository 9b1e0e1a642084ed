"""Layers in PyTorch, written with its own functions or as the papers' programs have them."""

import math


def _minibatch_stddev(torch, x):
    """Karras et al. 2018: their program, but for the constant sqrt(1e-8), which 0 then stands for."""
    y = x - x.mean(dim=0, keepdim=True)
    y = torch.sqrt((y**2).mean(dim=0) + 1e-8).mean() - 1e-4
    return torch.cat([x, y.expand(*x.shape[:-1], 1)], dim=-1)


def _minibatch_discrimination(torch, x, p, kernels):
    m = (x @ p["weight"]).reshape(len(x), kernels, -1)
    apart = (m.unsqueeze(3) - m.permute(1, 2, 0).unsqueeze(0)).abs().sum(dim=2)
    return torch.cat([x, torch.exp(-apart).sum(dim=2)], dim=1)


def _spectral(p, b):
    """Return the parameters with the weight divided by its largest singular value."""
    u, v = (vector / vector.norm() for vector in b.values())
    return p | {"weight": p["weight"] / (u @ p["weight"].flatten(0, -2) @ v)}


def _moved(way, x):
    """Apply a function to images with the channels first, as PyTorch has them, or to rows."""
    return way(x.movedim(-1, 1)).movedim(1, -1)


def _fourier(torch, x, frequencies):
    waves = 2 * math.pi * x[:, :, None] * torch.tensor(frequencies)
    return torch.cat([x, torch.sin(waves).flatten(1), torch.cos(waves).flatten(1)], dim=1)


def _channels_first(way, x, p, layer):
    """Let PyTorch convolve: its images are (n, channels, height, width), its weights (out, in, rows, columns)."""
    stride, padding, dilation, groups = layer.geometry
    given = x.permute(0, 3, 1, 2), p["weight"].permute(3, 2, 0, 1), p["bias"], stride, padding
    if layer.name != "conv_transpose2d":
        return way(*given, dilation, groups).permute(0, 2, 3, 1)
    return way(*given, layer.output_padding, groups, dilation).permute(0, 2, 3, 1)


RESAMPLED = {  # of images (n, channels, height, width)
    "avg_pool2d": lambda functions, x, layer: functions.avg_pool2d(x, *layer.settings),
    "max_pool2d": lambda functions, x, layer: functions.max_pool2d(x, *layer.settings),
    "upsample_nearest": lambda functions, x, layer: functions.interpolate(
        x, scale_factor=layer.factor, mode="nearest"
    ),
    "upsample_bilinear": lambda functions, x, layer: functions.interpolate(
        x, scale_factor=layer.factor, mode="bilinear", align_corners=False
    ),
    "pixel_shuffle": lambda functions, x, layer: functions.pixel_shuffle(x, layer.factor),
}


def apply(torch, net, parameters, x, training=False):
    """Return the network's output for x by tensors of its ``parameters``; buffers stay what they are."""
    functions = torch.nn.functional
    for i, layer in enumerate(net.layers):
        p = {name: parameters[f"{i}.{name}"] for name in layer.parameters}
        b = {name: torch.tensor(array) for name, array in layer.buffers.items()}
        both = p.get("weight"), p.get("bias")
        x = {
            "dense": lambda x, p=p: x @ p["weight"] + p["bias"],
            "identity": lambda x: x,
            "relu": torch.relu,
            "leaky_relu": lambda x: functions.leaky_relu(x, 0.2),
            "sigmoid": torch.sigmoid,
            "tanh": torch.tanh,
            "softplus": functions.softplus,
            "elu": functions.elu,
            "softsign": functions.softsign,
            "silu": functions.silu,
            "gelu": functions.gelu,
            "gelu_tanh": lambda x: functions.gelu(x, approximate="tanh"),
            "mish": functions.mish,
            "softmax": lambda x: torch.softmax(x, dim=-1),
            "dropout": lambda x: x,
            "scale": lambda x, layer=layer: layer.factor * x,
            "fourier": lambda x, layer=layer: _fourier(torch, x, layer.frequencies),
            "layer_norm": lambda x, both=both: functions.layer_norm(x, x.shape[1:], *both),
            "batch_norm": lambda x, b=b, both=both: _moved(
                lambda x: functions.batch_norm(
                    x, b["running_mean"], b["running_var"], *both, training
                ),
                x,
            ),
            "group_norm": lambda x, both=both, layer=layer: _moved(
                lambda x: functions.group_norm(x, layer.groups, *both), x
            ),
            "pixel_norm": lambda x: x / torch.sqrt((x**2).mean(dim=-1, keepdim=True) + 1e-8),
            "minibatch_stddev": lambda x: _minibatch_stddev(torch, x),
            "minibatch_discrimination": lambda x, p=p, layer=layer: _minibatch_discrimination(
                torch, x, p, layer.kernels
            ),
            "spectral_dense": lambda x, p=p, b=b: x @ _spectral(p, b)["weight"] + p["bias"],
            "conv2d": lambda x, p=p, layer=layer: _channels_first(functions.conv2d, x, p, layer),
            "spectral_conv2d": lambda x, p=p, b=b, layer=layer: _channels_first(
                functions.conv2d, x, _spectral(p, b), layer
            ),
            "conv_transpose2d": lambda x, p=p, layer=layer: _channels_first(
                functions.conv_transpose2d, x, p, layer
            ),
            "reshape": lambda x, layer=layer: x.reshape(len(x), *layer.out_shape(x.shape[1:])),
            "flatten": lambda x: x.flatten(1),
            "global_avg_pool2d": lambda x: x.mean((1, 2)),
            **{
                name: lambda x, way=way, layer=layer: way(
                    functions, x.permute(0, 3, 1, 2), layer
                ).permute(0, 2, 3, 1)
                for name, way in RESAMPLED.items()
            },
        }[layer.name](x)
    return x
