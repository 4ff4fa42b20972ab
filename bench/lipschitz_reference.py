# Bounds on the Lipschitz constant of a ReLU network in NumPy, for times and values beside ours: one JSON request a line,
# {"weights": [paths of .npy files], "repeats": k}; one JSON answer a line. Nothing here accounts for rounding.
import json
import sys
import time

import numpy


def product(weights):
    return float(numpy.prod([numpy.linalg.norm(w, 2) for w in weights]))


def eclipse_fast(weights):
    """ECLipsE-Fast (Xu and Sivaranjani 2024) for slopes in [0, 1]."""
    inverse = numpy.eye(weights[0].shape[1])
    for w in weights[:-1]:
        a = w @ inverse @ w.T
        a = (a + a.T) / 2
        scale = 2 / numpy.linalg.eigvalsh(a)[-1]
        inverse = numpy.linalg.inv(scale * numpy.eye(len(a)) - scale * scale * a / 4)
    last = weights[-1]
    return float(numpy.sqrt(numpy.linalg.eigvalsh(last @ inverse @ last.T)[-1]))


def timed(bound, weights, repeats):
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        value = bound(weights)
        seconds.append(time.perf_counter() - start)
    return {"value": value, "seconds": sorted(seconds)[len(seconds) // 2]}


for line in sys.stdin:
    request = json.loads(line)
    weights = [numpy.load(path) for path in request["weights"]]
    answer = {
        "product": timed(product, weights, request["repeats"]),
        "eclipseFast": timed(eclipse_fast, weights, request["repeats"]),
    }
    print(json.dumps(answer), flush=True)
