"""Gradients of a convolutional network by PyTorch in float64.

Reads {"name": {"shape": [...], "values": [...]}} from standard input, writes {"loss": x, "name": [...]} with the
derivative of the loss by each of them.
"""

import json
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
given = json.load(sys.stdin)
t = {
    name: torch.tensor(item["values"], dtype=torch.float64).reshape(item["shape"]).requires_grad_()
    for name, item in given.items()
}

h = F.conv2d(t["x"], t["w1"], t["b1"], stride=1, padding=(2, 1))
h = F.batch_norm(h, t["mean"].detach(), t["variance"].detach(), t["scale"], t["shift"], training=False, eps=0.125)
h = F.max_pool2d(F.relu(h), 3, stride=2, padding=1, ceil_mode=True)
h = F.conv2d(h, t["w2"], None, stride=2, padding=1, dilation=(1, 2), groups=2)
h = F.avg_pool2d(F.elu(h), 2, stride=1, padding=1, count_include_pad=False)
h = F.conv_transpose2d(h, t["w3"], t["b3"], stride=(2, 1), padding=1, output_padding=(1, 0))
h = F.max_pool2d(F.gelu(h), 2)
h = F.layer_norm(h.flatten(1), (t["gain"].numel(),), t["gain"], t["offset"], eps=0.125)
h = F.softplus(F.linear(h, t["w4"], t["b4"]))
loss = F.cross_entropy(h, torch.tensor([1, 0, 2]))
loss.backward()

result = {name: value.grad.flatten().tolist() for name, value in t.items() if value.grad is not None}
json.dump({"loss": loss.item(), **result}, sys.stdout)
