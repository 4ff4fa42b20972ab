"""The trainings of bench/training-jobs.ts on PyTorch eager, one thread.

Reads one JSON object a line: {"prepare": folder} sets up the job written there and answers {"peak": MiB before};
{"run": n} answers {"seconds", "processor", "value", "peak"} of n updates, value being the last loss before its update;
{"memorize": "all"} trains anew to memorization, with the accuracy on all points before every epoch, and answers
{"seconds", "processor", "steps", "reason"}; {"memorize": "first error"} stops predicting there, 250 points at a time.
"""

import json
import os
import resource
import sys
import time

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def mlp(job, w, x):
    layers = len(w) // 2
    for i in range(1, layers + 1):
        x = F.linear(x, w[f"layer{i}.weight"], w[f"layer{i}.bias"])
        x = F.relu(x) if i < layers else x
    return x


def madry(job, w, x):
    for name in ("convolution1", "convolution2"):
        x = F.max_pool2d(F.relu(F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"], padding=2)), 2)
    x = F.relu(F.linear(x.flatten(1), w["dense1.weight"], w["dense1.bias"]))
    return F.linear(x, w["dense2.weight"], w["dense2.bias"])


def vision_transformer(job, w, x):
    patch, heads = job["patch"], job["heads"]
    embedding = w["positions"].shape[1]

    def norm(name, t):
        return F.layer_norm(t, (embedding,), w[f"{name}.gamma"], w[f"{name}.beta"])

    def dense(name, t):
        return F.linear(t, w[f"{name}.weight"], w[f"{name}.bias"])

    kernel = w["patches.weight"].reshape(embedding, 1, patch, patch)
    t = F.conv2d(x, kernel, w["patches.bias"], stride=patch).flatten(2).transpose(1, 2) + w["positions"]
    batch, tokens = t.shape[0], t.shape[1]
    block = 1
    while f"block{block}.output.weight" in w:
        name = f"block{block}"
        joint = dense(f"{name}.attention.queries-keys-values", norm(f"{name}.norm1", t))
        q, k, v = joint.reshape(batch, tokens, 3, heads, embedding // heads).permute(2, 0, 3, 1, 4)
        scores = (q * (embedding // heads) ** -0.5) @ k.transpose(-2, -1)
        mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, tokens, embedding)
        t = t + dense(f"{name}.attention.output", mixed)
        t = t + dense(f"{name}.output", F.gelu(dense(f"{name}.hidden", norm(f"{name}.norm2", t))))
        block += 1
    return dense("output", norm("norm", t).mean(1))


MODELS = {"mlp": mlp, "madry": madry, "vision-transformer": vision_transformer}


class Training:
    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "job.json")) as file:
            self.job = job = json.load(file)
        self.x = torch.from_numpy(self.read("x", "float32")).reshape(job["shape"])
        self.y = torch.from_numpy(self.read("y", "float32")).reshape(job["shape"][0], -1)
        self.classes = None if job["loss"] == "squared" else self.y.argmax(1)
        self.orders = torch.from_numpy(self.read("orders", "int32").astype("int64")).reshape(-1, job["shape"][0])
        self.restart()

    def read(self, name, dtype):
        return numpy.fromfile(os.path.join(self.folder, name), dtype=dtype)

    def restart(self):
        values = torch.from_numpy(self.read("weights", "float32"))
        self.weights, at = {}, 0
        for name, shape in self.job["weights"]:
            size = int(numpy.prod(shape))
            self.weights[name] = values[at : at + size].reshape(shape).clone().requires_grad_()
            at += size
        self.optimiser = torch.optim.Adam(self.weights.values(), lr=self.job["learningRate"])
        self.steps = 0

    def model(self, x):
        return MODELS[self.job["model"]](self.job, self.weights, x)

    def rows(self):
        n, batch = self.job["shape"][0], self.job["batch"]
        if batch == n:
            return None
        per_epoch = n // batch
        epoch, part = divmod(self.steps, per_epoch)
        return self.orders[epoch % len(self.orders)][part * batch : (part + 1) * batch]

    def step(self):
        """One update; predictions and loss before it."""
        rows = self.rows()
        output = self.model(self.x if rows is None else self.x[rows])
        if self.classes is None:
            target = self.y if rows is None else self.y[rows]
            loss = ((output - target) ** 2).sum(1).mean()
        else:
            loss = F.cross_entropy(output, self.classes if rows is None else self.classes[rows])
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.steps += 1
        return output.detach(), float(loss.detach())

    def accuracy(self):
        with torch.no_grad():
            right = [
                (self.model(self.x[i : i + 500]).argmax(1) == self.classes[i : i + 500]).sum()
                for i in range(0, len(self.x), 500)
            ]
        return float(sum(right)) / len(self.x)

    def all_right(self):
        with torch.no_grad():
            return all(
                bool((self.model(self.x[i : i + 250]).argmax(1) == self.classes[i : i + 250]).all())
                for i in range(0, len(self.x), 250)
            )

    def memorize(self, predicted):
        self.restart()
        memorized = self.all_right if predicted == "first error" else lambda: self.accuracy() == 1
        per_epoch = self.job["shape"][0] // self.job["batch"]
        while self.steps < self.job["limit"]:
            if self.classes is not None and self.steps % per_epoch == 0 and memorized():
                return {"reason": "memorized", "steps": self.steps}
            output, loss = self.step()
            if self.classes is None and loss <= self.job["tolerance"] and bool((output * self.y > 0).all()):
                return {"reason": "memorized", "steps": self.steps - 1}
        return {"reason": "step-limit", "steps": self.steps}


def timed(work):
    start, used = time.perf_counter(), time.process_time()
    answer = work()
    return {**answer, "seconds": time.perf_counter() - start, "processor": time.process_time() - used}


def run(training, count):
    for _ in range(count):
        _, value = training.step()
    return {"value": value, "peak": peak()}


training = None
before = peak()
for line in sys.stdin:
    request = json.loads(line)
    if "prepare" in request:
        training = Training(request["prepare"])
        answer = {"peak": before, "version": torch.__version__}
    elif "memorize" in request:
        answer = timed(lambda: training.memorize(request["memorize"]))
    else:
        answer = timed(lambda: run(training, request["run"]))
    print(json.dumps(answer), flush=True)
