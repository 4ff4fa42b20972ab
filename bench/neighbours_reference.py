"""Exact nearest neighbours of all rows by scikit-learn's brute force.

Reads one JSON object a line: {"points": NPY file, "k"} answers {"seconds", "processor", "distances": NPY file}.
Each row is its own first neighbour and is left out.
"""

import json
import sys
import time

import numpy
from sklearn.neighbors import NearestNeighbors

for line in sys.stdin:
    job = json.loads(line)
    points = numpy.load(job["points"])
    start, used = time.perf_counter(), time.process_time()
    distances, _ = NearestNeighbors(n_neighbors=job["k"], algorithm="brute").fit(points).kneighbors()
    answer = {"seconds": time.perf_counter() - start, "processor": time.process_time() - used}
    path = job["points"] + ".distances.npy"
    numpy.save(path, distances)
    print(json.dumps({**answer, "distances": path}), flush=True)
