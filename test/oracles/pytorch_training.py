"""Trainings by PyTorch, one thread.

Reads a list of {"layers": [{"weight", "shape", "bias"}], "x", "y", "shape", "outputs", "loss", "optimiser", "batches",
"rates", "adversary"?} from standard input, trains a relu network on these batches (lists of rows) with these learning
rates in float32, and writes for each {"losses": [before each update], "layers": [{"weight", "bias"}]}.
"""

import json
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def train(job):
    x = torch.tensor(job["x"], dtype=torch.float32).reshape(job["shape"])
    y = torch.tensor(job["y"], dtype=torch.float32).reshape(-1, job["outputs"])
    parameters = []
    for layer in job["layers"]:
        parameters.append(torch.tensor(layer["weight"], dtype=torch.float32).reshape(layer["shape"]))
        parameters.append(torch.tensor(layer["bias"], dtype=torch.float32))
    for p in parameters:
        p.requires_grad_()
    groups = [
        {"params": parameters[0::2], "weight_decay": job.get("decay", 0.0)},
        {"params": parameters[1::2], "weight_decay": 0.0},
    ]
    make = {
        "sgd": lambda: torch.optim.SGD(groups, lr=1.0, momentum=0.9),
        "nesterov": lambda: torch.optim.SGD(groups, lr=1.0, momentum=0.9, nesterov=True),
        "adam": lambda: torch.optim.Adam(groups, lr=1.0),
        "adamw": lambda: torch.optim.AdamW(groups, lr=1.0),
    }
    optimiser = make[job["optimiser"]]()

    def model(h):
        for k in range(0, len(parameters), 2):
            h = F.linear(h if k == 0 else F.relu(h), parameters[k], parameters[k + 1])
        return h

    def loss_of(h, target):
        if job["loss"] == "squared":
            return ((h - target) ** 2).sum(1).mean()
        return F.cross_entropy(h, target.argmax(1), label_smoothing=0.1)

    losses = []
    for step, (rows, rate) in enumerate(zip(job["batches"], job["rates"])):
        a, b = x[rows], y[rows]
        adversary = job.get("adversary")
        if adversary:
            start = torch.tensor(adversary["starts"][step], dtype=torch.float32).reshape(a.shape)
            moved = (a + adversary["radius"] * start).requires_grad_()
            slope = torch.autograd.grad(loss_of(model(moved), b), moved)[0]
            change = moved.detach() + adversary["step"] * slope.sign() - a
            a = a + change.clamp(-adversary["radius"], adversary["radius"])
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.zero_grad()
        loss = loss_of(model(a), b)
        if "penalty" in job:
            points = a.detach().requires_grad_()
            slope = torch.autograd.grad(model(points).sum(), points, create_graph=True)[0]
            loss = loss + job["penalty"] * (slope**2).sum() / len(rows)
        loss.backward()
        # What the decay of SGD and Adam minimises besides; that of AdamW has no loss.
        coupled = 0.0 if job["optimiser"] == "adamw" else job.get("decay", 0.0) / 2
        losses.append(float(loss.detach()) + coupled * sum(float((w.detach() ** 2).sum()) for w in parameters[0::2]))
        optimiser.step()
    layers = [
        {"weight": w.detach().flatten().tolist(), "bias": b.detach().tolist()}
        for w, b in zip(parameters[0::2], parameters[1::2])
    ]
    return {"losses": losses, "layers": layers}


print(json.dumps([train(job) for job in json.load(sys.stdin)]))
