"""The jobs of bench/jobs.ts on PyTorch eager, one thread.

Reads one JSON object a line: {"prepare": job} answers {"value": x} after one step, {"run": n} answers
{"seconds": [...], "processor": [...], "value": x} after n more, with wall and processor times. "value" is the loss
before the update, or one entry of the output.
"""

import json
import sys
import time

import numpy
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
LEARNING_RATE = 0.01


def filled(shape, fill, index):
    size = int(numpy.prod(shape))
    if fill == "zero":
        return torch.zeros(shape)
    i = numpy.arange(size)
    if fill == "one-hot":
        hot = (i % shape[1] == (i // shape[1]) % shape[1]).astype("float32")
        return torch.from_numpy(hot).reshape(shape)
    scale = 1.0 if fill == "data" else 1 / numpy.sqrt(numpy.prod(shape[1:]))
    values = scale * numpy.sin(12.9898 * i + 78.233 * (index + 1))
    return torch.from_numpy(values.astype("float32")).reshape(shape)


def trained(parameters, loss_of):
    for p in parameters:
        p.requires_grad_()
    optimiser = torch.optim.SGD(parameters, lr=LEARNING_RATE)

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss = loss_of()
        loss.backward()
        optimiser.step()
        return loss

    return step


def mlp(job):
    sizes, batch = job["sizes"], job["batch"]
    squares = job["loss"] == "squares"
    x = filled([batch, sizes[0]], "data", 0)
    y = filled([batch, sizes[-1]], "data" if squares else "one-hot", 1)
    parameters = []
    for n, m in zip(sizes[1:], sizes):
        parameters.append(filled([n, m], "weight", 2 + len(parameters)))
        parameters.append(filled([n], "zero", 0))
    labels = None if squares else y.argmax(1)

    def loss():
        h = x
        for k in range(0, len(parameters), 2):
            h = F.linear(h if k == 0 else F.relu(h), parameters[k], parameters[k + 1])
        return F.mse_loss(h, y) if squares else F.cross_entropy(h, labels)

    return trained(parameters, loss)


def cnn(job):
    channels, kernel, batch, side = job["channels"], job["kernel"], job["batch"], job["side"]
    x = filled([batch, channels[0], side, side], "data", 0)
    labels = filled([batch, job["classes"]], "one-hot", 1).argmax(1)
    parameters = []
    for n, m in zip(channels[1:], channels):
        parameters.append(filled([n, m, kernel, kernel], "weight", 2 + len(parameters)))
        parameters.append(filled([n], "zero", 0))
    features = channels[-1] * (side // 2 ** (len(channels) - 1)) ** 2
    parameters.append(filled([job["classes"], features], "weight", 2 + len(parameters)))
    parameters.append(filled([job["classes"]], "zero", 0))

    def loss():
        h = x
        for k in range(0, len(parameters) - 2, 2):
            h = F.max_pool2d(F.relu(F.conv2d(h, parameters[k], parameters[k + 1], padding=kernel // 2)), 2)
        return F.cross_entropy(F.linear(h.flatten(1), parameters[-2], parameters[-1]), labels)

    return trained(parameters, loss)


def convolution(job):
    batch, side, kernel = job["batch"], job["side"], job["kernel"]
    x_shape = [batch, job["channels"], side, side]
    w_shape = [job["filters"], job["channels"], kernel, kernel]
    r_shape = [batch, job["filters"], side, side]
    if job["part"] == "forward":
        x, w = filled(x_shape, "data", 0), filled(w_shape, "weight", 1)
        return lambda: F.conv2d(x, w, padding=kernel // 2)
    r = filled(r_shape, "data", 1)
    if job["part"] == "input gradient":
        x, w = torch.zeros(x_shape, requires_grad=True), filled(w_shape, "weight", 0)
        y, by = F.conv2d(x, w, padding=kernel // 2), x
    else:
        x, w = filled(x_shape, "data", 0), torch.zeros(w_shape, requires_grad=True)
        y, by = F.conv2d(x, w, padding=kernel // 2), w
    return lambda: torch.autograd.grad(y, by, r, retain_graph=True)[0]


def product(job):
    a, b = (filled([job["size"], job["size"]], "data", i) for i in range(2))
    return lambda: a @ b


KINDS = {"product": product, "mlp": mlp, "cnn": cnn, "convolution": convolution}


def value_of(result):
    return float(result.detach().flatten()[result.numel() // 2])


step = None
for line in sys.stdin:
    request = json.loads(line)
    if "prepare" in request:
        step = KINDS[request["prepare"]["kind"]](request["prepare"])
        answer = {"value": value_of(step())}
    else:
        seconds, processor = [], []
        for _ in range(request["run"]):
            start, used = time.perf_counter(), time.process_time()
            result = step()
            seconds.append(time.perf_counter() - start)
            processor.append(time.process_time() - used)
        answer = {"seconds": seconds, "processor": processor, "value": value_of(result)}
    print(json.dumps(answer), flush=True)
