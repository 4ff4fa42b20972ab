"""Which of the choices that Bubeck, Li and Nagaraj (COLT 2021, section 4) leave open give their gradients?

Two-layer networks with batch normalisation memorize n signs to a mean squared error of 0.02 in PyTorch, under several
recipes: initialisation, epsilon and momentum of the normalisation, learning rate, batch, and whether the error that ends
the training is that of the network in training or in use. For each, the largest gradient at 1,000 fresh points with the
running statistics of batch normalisation and with the statistics of all points, and least-squares fits

    gradient = a + b sqrt(d) + c sqrt(n/k),

and the network where the two gradients are furthest apart.

Usage: python3 bench/two_layer_recipes.py [RECIPE ...]        One draw of 18 networks takes 12 seconds a recipe.
"""

import math
import sys

import numpy
import torch

FULL = 10**9
# initialisation, epsilon, share of the latest batch, learning rate, batch, error of the network in `use` or in `training`
RECIPES = {
    "keras": ("glorot", 1e-3, 0.01, 1e-3, 32, "use"),
    "keras, in training": ("glorot", 1e-3, 0.01, 1e-3, 32, "training"),
    "keras, full batch, in training": ("glorot", 1e-3, 0.01, 1e-3, FULL, "training"),
    "pytorch, full batch": ("default", 1e-5, 0.1, 1e-3, FULL, "use"),
    "pytorch, full batch, slow, in training": ("default", 1e-5, 0.1, 1e-4, FULL, "training"),
    "pytorch, batch 32, in training": ("default", 1e-5, 0.1, 1e-3, 32, "training"),
    "pytorch, batch 64, in training": ("default", 1e-5, 0.1, 1e-3, 64, "training"),
    "pytorch, batch 64, slow, in training": ("default", 1e-5, 0.1, 3e-4, 64, "training"),
    "pytorch, batch 256, slower, in training": ("default", 1e-5, 0.1, 1e-4, 256, "training"),
    "zero, full batch": ("zero", 1e-5, 0.1, 1e-3, FULL, "use"),
    "zero, full batch, fast": ("zero", 1e-5, 0.1, 1e-2, FULL, "use"),
    "zero, batch 64": ("zero", 1e-5, 0.1, 1e-3, 64, "use"),
}

# n, d, k
GRID = [
    (200, 50, 10), (200, 50, 50), (200, 50, 200), (200, 200, 10), (200, 200, 50), (200, 200, 200),
    (500, 50, 50), (500, 50, 500), (500, 200, 20), (500, 200, 100), (500, 200, 500), (500, 500, 20),
    (500, 500, 100), (500, 500, 500), (1000, 200, 40), (1000, 200, 200), (1000, 1000, 40), (1000, 1000, 200),
]  # fmt: skip

MOST_STEPS = 6000
FRESH = 1000


def network(d, k, initialisation, epsilon, momentum):
    """Dense layer, normalisation, ReLU, dense layer."""
    hidden, output = torch.nn.Linear(d, k), torch.nn.Linear(k, 1)
    if initialisation == "glorot":
        for layer in (hidden, output):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
    if initialisation == "zero":
        torch.nn.init.zeros_(output.weight)
        torch.nn.init.zeros_(output.bias)
    normalisation = torch.nn.BatchNorm1d(k, eps=epsilon, momentum=momentum)
    return torch.nn.Sequential(hidden, normalisation, torch.nn.ReLU(), output)


class RestoredStatistics:
    """Whatever happens inside, the running statistics are the old ones afterwards."""

    def __init__(self, normalisation):
        self.normalisation = normalisation

    def __enter__(self):
        self.saved = [value.clone() for value in (self.normalisation.running_mean, self.normalisation.running_var)]

    def __exit__(self, *_):
        self.normalisation.running_mean.copy_(self.saved[0])
        self.normalisation.running_var.copy_(self.saved[1])


def memorized(net, x, y, how):
    with torch.no_grad(), RestoredStatistics(net[1]):
        net.train(how == "training")
        prediction = net(x)[:, 0]
    right = bool(((prediction > 0) == (y > 0)).all())
    return right and ((prediction - y) ** 2).mean().item() <= 0.02


def steepest(net, z):
    net.train(False)
    z = z.clone().requires_grad_(True)
    (gradients,) = torch.autograd.grad(net(z).sum(), z)
    return gradients.norm(dim=1).max().item()


def measured(n, d, k, recipe, seed=1):
    """Steps, and the largest gradient with running statistics and with those of all points; None if it did not memorize."""
    initialisation, epsilon, momentum, rate, batch, how = recipe
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    x = torch.randn(n, d, generator=generator) / math.sqrt(d)
    y = torch.sign(torch.randn(n, generator=generator))
    z = torch.randn(FRESH, d, generator=torch.Generator().manual_seed(seed + 999)) / math.sqrt(d)
    net = network(d, k, initialisation, epsilon, momentum)
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    steps = 0
    while steps < MOST_STEPS:
        net.train(True)
        order = torch.randperm(n)
        for rows in order.split(min(batch, n)):
            if len(rows) < min(batch, n):
                continue
            loss = ((net(x[rows])[:, 0] - y[rows]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            steps += 1
        if memorized(net, x, y, how):
            break
    else:
        return None
    running = steepest(net, z)
    with torch.no_grad():
        before = net[0](x)
        net[1].running_mean.copy_(before.mean(0))
        net[1].running_var.copy_(before.var(0, unbiased=False))
    return steps, running, steepest(net, z)


def line(columns, y):
    """Coefficients and R^2."""
    matrix = numpy.column_stack([numpy.ones(len(y)), *columns])
    coefficients, *_ = numpy.linalg.lstsq(matrix, y, rcond=None)
    residual = y - matrix @ coefficients
    return coefficients, 1 - residual @ residual / ((y - y.mean()) @ (y - y.mean()))


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or RECIPES:
        rows = []
        for n, d, k in GRID:
            found = measured(n, d, k, RECIPES[name])
            if found:
                rows.append((math.sqrt(d), math.sqrt(n / k), *found, n, d, k))
        table = numpy.array(rows)
        roots, widths, steps = table[:, 0], table[:, 1], table[:, 2]
        print(f"{name}: {len(rows)} of {len(GRID)} memorized, {steps.min():.0f} to {steps.max():.0f} steps")
        for title, y in (("running statistics", table[:, 3]), ("all points", table[:, 4])):
            (a, b, c), both = line([roots, widths], y)
            (_, widths_alone), (_, roots_alone) = line([widths], y), line([roots], y)
            print(f"  {title}: {a:.2f} + {b:.2f} sqrt(d) + {c:.2f} sqrt(n/k), R2 {both:.2f}", end="; ")
            print(f"alone sqrt(n/k) R2 {widths_alone:.2f}, sqrt(d) R2 {roots_alone:.2f}")
        _, _, taken, running, settled, n, d, k = table[numpy.argmin(table[:, 3] / table[:, 4])]
        print(
            f"  furthest apart: {running:.2f} and {settled:.2f} at n = {n:.0f}, d = {d:.0f}, k = {k:.0f}, {taken:.0f} steps",
            flush=True,
        )


if __name__ == "__main__":
    main()
