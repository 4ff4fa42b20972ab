"""PGD and APGD (Croce and Hein 2020) with the cross-entropy, and Square (Andriushchenko et al. 2020), in linf on PyTorch eager,
one thread.

Reads one JSON object a line. {"network", "points", "labels", "weights"} names NPY files and answers {}.
{"starts"} names the file of the points where PGD and APGD start and answers {}.
{"attack", "steps", "radius", "drop"} answers {"seconds", "processor", "robust"}. The attacks return the points they reach, too, as
the published ones. Those go on with broken points to the end; with "drop" broken points leave the batch. All points are
one batch: smaller ones are slower here. PGD and APGD draw random starts, which are then replaced by the given ones.
"""

import json
import sys
import time

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def load(path):
    return torch.from_numpy(numpy.load(path))


def mlp(weights):
    def forward(x):
        for k in range(0, len(weights), 2):
            x = F.linear(x if k == 0 else F.relu(x), weights[k], weights[k + 1])
        return x

    return forward


def cnn(weights):
    w1, b1, w2, b2, w3, b3 = weights
    pad = w1.shape[-1] // 2

    def forward(x):
        side = int(x.shape[1] ** 0.5)
        x = F.relu(F.conv2d(x.view(-1, 1, side, side), w1, b1, stride=2, padding=pad))
        x = F.relu(F.conv2d(x, w2, b2, stride=2, padding=pad))
        return F.linear(x.flatten(1), w3, b3)

    return forward


def evaluate(forward, x, y):
    """Losses, gradients by the points, and who is still right."""
    x = x.detach().requires_grad_()
    logits = forward(x)
    losses = F.cross_entropy(logits, y, reduction="none")
    (gradients,) = torch.autograd.grad(losses.sum(), x)
    return losses.detach(), gradients, logits.detach().argmax(1) == y


def random_starts(x, radius, low, high):
    direction = torch.rand(x.shape).mul_(2).sub_(1)
    size = direction.abs().amax(1, keepdim=True)
    return torch.clamp(x + radius * direction / size, low, high)


def pgd(forward, x, y, starts, radius, steps, drop):
    low, high = (x - radius).clamp_(0, 1), (x + radius).clamp_(0, 1)
    random_starts(x, radius, low, high)
    size = 2.5 * radius / steps
    adversary, reached = starts.clone(), starts.clone()
    robust = torch.ones(len(x), dtype=torch.bool)
    rows = torch.arange(len(x))
    for step in range(steps + 1):
        _, gradients, right = evaluate(forward, adversary, y)
        robust[rows[~right]] = False
        reached[rows[~right]] = adversary[~right]
        if drop and not right.all():
            rows, y, low, high = rows[right], y[right], low[right], high[right]
            adversary, gradients = adversary[right], gradients[right]
            if len(rows) == 0:
                break
        if step < steps:
            adversary = torch.clamp(adversary.add_(gradients.sign_(), alpha=size), low, high)
    unbroken = robust[rows]
    reached[rows[unbroken]] = adversary[unbroken]
    return robust, reached


def apgd(forward, x, y, starts, radius, steps, drop):
    low, high = (x - radius).clamp_(0, 1), (x + radius).clamp_(0, 1)
    random_starts(x, radius, low, high)
    current, previous = starts.clone(), starts.clone()
    losses, gradients, right = evaluate(forward, current, y)
    robust, reached = right.clone(), starts.clone()
    rows = torch.arange(len(x))
    sizes = torch.full((len(x), 1), 2 * radius)
    best, best_gradients, best_losses = current.clone(), gradients.clone(), losses.clone()
    rises = torch.zeros(len(x))
    halved = torch.ones(len(x), dtype=torch.bool)
    checked = best_losses.clone()
    interval, since = max(1, int(0.22 * steps)), 0

    def leave(right, state):
        return [part[right] for part in state]

    for step in range(steps):
        if drop and not right.all():
            state = [rows, y, low, high, current, previous, gradients, losses, sizes]
            rows, y, low, high, current, previous, gradients, losses, sizes = leave(right, state)
            state = [best, best_gradients, best_losses, rises, halved, checked]
            best, best_gradients, best_losses, rises, halved, checked = leave(right, state)
            if len(rows) == 0:
                break
        after = torch.clamp(current + sizes * gradients.sign(), low, high)
        if step > 0:
            after = torch.clamp(current + 0.75 * (after - current) + 0.25 * (current - previous), low, high)
        previous, current = current, after
        before = losses
        losses, gradients, right = evaluate(forward, current, y)
        robust[rows[~right]] = False
        reached[rows[~right]] = current[~right]
        rises += losses > before
        better = losses > best_losses
        best[better], best_gradients[better] = current[better], gradients[better]
        best_losses = torch.maximum(losses, best_losses)
        since += 1
        if since == interval:
            halve = (rises <= 0.75 * interval) | (~halved & (checked >= best_losses))
            sizes[halve] /= 2
            current[halve], gradients[halve] = best[halve], best_gradients[halve]
            halved, checked = halve, best_losses.clone()
            rises.zero_()
            since = 0
            interval = max(interval - max(1, int(0.03 * steps)), max(1, int(0.06 * steps)))
    unbroken = robust[rows]
    reached[rows[unbroken]] = best[unbroken]
    return robust, reached


def margins(forward, x, y):
    with torch.no_grad():
        logits = forward(x)
    own = logits.gather(1, y[:, None]).squeeze(1)
    return own - logits.scatter(1, y[:, None], -float("inf")).amax(1)


def share(query, queries):
    scaled = int(query / queries * 10000)
    return 0.8 / 2 ** sum(scaled > after for after in (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000))


def square(forward, x, y, starts, radius, queries, drop):
    """On images of one channel; broken points are always left, as in the published attack."""
    side = int(x.shape[1] ** 0.5)
    low, high = (x - radius).clamp_(0, 1), (x + radius).clamp_(0, 1)
    stripes = torch.randint(0, 2, (len(x), 1, side)).float() * 2 - 1
    best = torch.clamp(x + (radius * stripes).expand(-1, side, -1).reshape(len(x), -1), low, high)
    least = margins(forward, best, y)
    rows = torch.arange(side)
    for query in range(1, queries):
        left = (least > 0).nonzero().squeeze(1)
        if len(left) == 0:
            break
        wide = min(side, max(1, round((share(query, queries) * side * side) ** 0.5)))
        top, first = torch.randint(0, side - wide + 1, (2, len(left), 1))
        inside = ((rows >= top) & (rows < top + wide))[:, :, None] & ((rows >= first) & (rows < first + wide))[:, None, :]
        signs = torch.randint(0, 2, (len(left), 1)).float() * 2 - 1
        moved = torch.clamp(x[left] + radius * signs, low[left], high[left])
        tried = torch.where(inside.view(len(left), -1), moved, best[left])
        found = margins(forward, tried, y[left])
        better = found < least[left]
        least[left[better]] = found[better]
        best[left[better]] = tried[better]
    return least > 0, best


ATTACKS = {"pgd": pgd, "apgd": apgd, "square": square}
NETWORKS = {"mlp": mlp, "cnn": cnn}

for line in sys.stdin:
    request = json.loads(line)
    if "network" in request:
        forward = NETWORKS[request["network"]]([load(path) for path in request["weights"]])
        points, labels = load(request["points"]), load(request["labels"]).argmax(1)
        answer = {}
    elif "starts" in request:
        starts = load(request["starts"])
        answer = {}
    else:
        torch.manual_seed(0)
        start, used = time.perf_counter(), time.process_time()
        robust, _ = ATTACKS[request["attack"]](
            forward, points, labels, starts, request["radius"], request["steps"], request["drop"]
        )
        answer = {
            "seconds": time.perf_counter() - start,
            "processor": time.process_time() - used,
            "robust": float(robust.float().mean()),
        }
    print(json.dumps(answer), flush=True)
