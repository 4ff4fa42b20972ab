"""Trainable families by PyTorch in float64, put together from torch.nn.

Reads a list of {"model": kind, "options": {...}, "weights": {name: {"shape", "values"}}, "x": {...}, "r": {...},
"training": bool} from standard input; writes for each the output y, the gradients of sum(y r) by the weights and by x,
and the statistics after. `names` in the options tells under which name torch.nn holds each weight.
"""

import json
import sys

import torch
from torch import nn

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

ACTIVATIONS = {
    "relu": nn.ReLU(),
    "leaky-relu": nn.LeakyReLU(),
    "elu": nn.ELU(),
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
    "softplus": nn.Softplus(),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
}


def tensor(item):
    return torch.tensor(item["values"]).reshape(item["shape"])


class Residual(nn.Module):
    def __init__(self, channels, phi):
        super().__init__()
        self.body = nn.Sequential(
            phi,
            nn.Conv2d(channels, channels, 3, padding="same"),
            phi,
            nn.Conv2d(channels, channels, 3, padding="same"),
        )

    def forward(self, h):
        return h + self.body(h)


class Transformer(nn.Module):
    def __init__(self, channels, side, patch, embedding, depth, heads, outputs):
        super().__init__()
        self.patches = nn.Conv2d(channels, embedding, patch, stride=patch)
        self.positions = nn.Parameter(torch.zeros((side // patch) ** 2, embedding))
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                embedding, heads, 4 * embedding, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embedding)
        self.output = nn.Linear(embedding, outputs)

    def forward(self, images):
        t = self.patches(images).flatten(2).transpose(1, 2) + self.positions
        for block in self.blocks:
            t = block(t)
        return self.output(self.norm(t).mean(dim=1))


def module(kind, options):
    """The network, and the channels of the images it takes (0 for vectors)."""
    phi = ACTIVATIONS[options.get("activation", "relu")]
    if kind == "mlp":
        widths = options["widths"]
        layers = [m for a, b in zip(widths, widths[1:]) for m in (nn.Linear(a, b), phi)]
        return nn.Sequential(*layers[:-1]), 0
    if kind == "two-layer-batch-norm":
        d, k, m = options["widths"]
        return nn.Sequential(nn.Linear(d, k, bias=False), nn.BatchNorm1d(k), phi, nn.Linear(k, m)), 0
    if kind == "madry":
        s, c, side, m = options["scale"], options["channels"], options["side"], options["outputs"]
        return (
            nn.Sequential(
                nn.Conv2d(c, 2 * s, 5, padding="same"),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Conv2d(2 * s, 4 * s, 5, padding="same"),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Flatten(),
                nn.Linear(4 * s * (side // 4) ** 2, 64 * s),
                nn.ReLU(),
                nn.Linear(64 * s, m),
            ),
            c,
        )
    if kind == "cnn":
        c, hidden, m = options["channels"], options["hidden"], options["outputs"]
        convolutions = [l for a, b in zip(c, c[1:]) for l in (nn.Conv2d(a, b, 3, stride=2, padding=1), phi)]
        return (
            nn.Sequential(*convolutions, nn.Flatten(), nn.LazyLinear(hidden), phi, nn.Linear(hidden, m)),
            c[0],
        )
    if kind == "residual-cnn":
        c, width, m = options["channels"], options["width"], options["outputs"]
        blocks = [Residual(width, phi) for _ in range(options["blocks"])]
        stem = nn.Conv2d(c, width, 3, stride=2, padding=1)
        head = (phi, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, m))
        return nn.Sequential(stem, *blocks, *head), c
    c = options["channels"]
    return Transformer(c, options["side"], options["patch"], options["embedding"], options["depth"], options["heads"], options["outputs"]), c


def answer(given):
    options = given["options"]
    names = options["names"]
    x = tensor(given["x"]).requires_grad_()
    network, channels = module(given["model"], options)
    images = x if channels == 0 else x.reshape(x.shape[0], channels, options["side"], options["side"])
    network(images.detach())  # Gives lazy layers their shapes.
    state = network.state_dict()
    for name, item in given["weights"].items():
        target = state[names[name]]
        target.copy_(tensor(item).reshape(target.shape))
    network.load_state_dict(state)
    network.train(given["training"])
    y = network(images)
    (y * tensor(given["r"])).sum().backward()

    own = dict(network.named_parameters())
    after = network.state_dict()
    missing = set(own) - set(names.values())
    if missing:
        sys.exit(f"no weights given for {sorted(missing)}")
    return {
        "y": y.flatten().tolist(),
        "x": x.grad.flatten().tolist(),
        "gradients": {ours: own[theirs].grad.flatten().tolist() for ours, theirs in names.items() if theirs in own},
        "after": {ours: after[theirs].flatten().tolist() for ours, theirs in names.items() if theirs not in own},
    }


json.dump([answer(given) for given in json.load(sys.stdin)], sys.stdout)
