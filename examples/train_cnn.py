#!/usr/bin/env python3
"""Trains a small convolutional network with PyTorch and exports it to ONNX, for `robustlaw audit`.

    python3 examples/train_cnn.py                       # the optical digits that come with robustlaw, 8 x 8
    python3 examples/train_cnn.py --mnist FOLDER        # MNIST, the four IDX files (plain or .gz) in FOLDER

Needs PyTorch and NumPy (Debian: apt-get install python3-torch). Pixels are in [0, 1]; no other preprocessing.
With --flip 0.05 one label in twenty of the training data is replaced by another: what the network was trained on goes to
NAME-training.npz, the rows of the wrong labels to NAME-flipped.csv.
"""

import argparse
import gzip
import os

import numpy as np
import torch
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
TRAINING_ROWS = 1400  # of the 1,797 optical digits; the others are for testing


def read_idx(path):
    """One IDX file, plain or gzip, as an array of bytes."""
    if not os.path.exists(path):
        path += ".gz"
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        content = file.read()
    axes = content[3]
    shape = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes)]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def mnist(folder, part):
    images = read_idx(os.path.join(folder, f"{part}-images-idx3-ubyte"))
    labels = read_idx(os.path.join(folder, f"{part}-labels-idx1-ubyte"))
    return images[:, None].astype(np.float32) / 255, labels.astype(np.int64)


def optical_digits():
    with gzip.open(os.path.join(HERE, "..", "assets", "optdigits.csv.gz"), "rt") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return rows[:, :-1].reshape(-1, 1, 8, 8) / 16, rows[:, -1].astype(np.int64)


def network(size, width):
    """Two convolutions with pooling, one hidden layer."""
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(2 * width * (size // 4) ** 2, 8 * width),
        nn.ReLU(),
        nn.Linear(8 * width, 10),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mnist", metavar="FOLDER")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--width", type=int, help="channels of the first convolution: 16, or 8 for MNIST")
    parser.add_argument("--flip", type=float, default=0.0, help="share of training labels that are replaced")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output")
    options = parser.parse_args()
    torch.manual_seed(options.seed)

    if options.mnist:
        x, y = mnist(options.mnist, "train")
        test_x, test_y = mnist(options.mnist, "t10k")
    else:
        x, y = optical_digits()
        x, test_x, y, test_y = x[:TRAINING_ROWS], x[TRAINING_ROWS:], y[:TRAINING_ROWS], y[TRAINING_ROWS:]
    output = options.output or ("mnist-cnn.onnx" if options.mnist else "digits-cnn.onnx")

    random = np.random.default_rng(options.seed)
    flipped = np.flatnonzero(random.random(len(y)) < options.flip)
    y = y.copy()
    y[flipped] = (y[flipped] + random.integers(1, 10, len(flipped))) % 10

    model = network(x.shape[-1], options.width or (8 if options.mnist else 16))
    optimiser = torch.optim.Adam(model.parameters(), 2e-3)
    epochs = options.epochs or (3 if options.mnist else 60)
    x, y = torch.tensor(x), torch.tensor(y)
    for epoch in range(epochs):
        for rows in torch.randperm(len(x)).split(64):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimiser.step()

    model.eval()
    with torch.no_grad():
        predicted = np.concatenate([model(part).argmax(1).numpy() for part in torch.tensor(test_x).split(1000)])
    print(f"{output}: {sum(p.numel() for p in model.parameters())} parameters, test accuracy {np.mean(predicted == test_y):.4f}")
    torch.onnx.export(
        model,
        x[:1],
        output,
        input_names=["image"],
        output_names=["scores"],
        dynamic_axes={"image": {0: "batch"}, "scores": {0: "batch"}},
        opset_version=13,
    )
    if len(flipped):
        name = output.removesuffix(".onnx")
        np.savez_compressed(f"{name}-training.npz", x=x.numpy(), y=y.numpy())
        np.savetxt(f"{name}-flipped.csv", flipped, fmt="%d", header="row", comments="")


if __name__ == "__main__":
    main()
