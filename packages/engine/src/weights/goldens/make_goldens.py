"""Writes small checkpoints as PyTorch and training scripts save them, and goldens.json: what PyTorch reads from each.

    /usr/bin/python3 packages/engine/src/weights/goldens/make_goldens.py [WEIGHTS.pth]

With a checkpoint of ResNet-18 as argument, also resnet18.json: the SHA-256 of each of its tensors as float32, in C order.
"""

import argparse
import collections
import hashlib
import json
import pathlib
import sys

import torch
from torch import nn

HERE = pathlib.Path(__file__).parent


def tensors() -> "collections.OrderedDict[str, torch.Tensor]":
    """One tensor of each kind that a state dict may hold."""
    generator = torch.Generator().manual_seed(7)
    base = torch.randn(6, 5, 4, generator=generator)
    return collections.OrderedDict(
        {
            "single": torch.randn(3, 2, generator=generator),
            "half": torch.tensor([1.5, -65504.0, 2.0**-24, 0.333]).half(),
            "brain": torch.tensor([1.5, -3.0e38, 1.0e-30, 0.333]).bfloat16(),
            "double": torch.tensor([0.1, -1.0e-30, 1.0e30], dtype=torch.float64),
            "long": torch.tensor(1234567890123),
            "scalar": torch.tensor(2.5),
            "empty": torch.zeros(0, 3),
            "parameter": nn.Parameter(torch.randn(4, generator=generator)),
            # Views of one storage: strided, transposed, with an offset, and the whole.
            "every second": base[::2, 1:, :3],
            "transposed": base.permute(2, 0, 1),
            "last row": base[5, 4],
            "base": base,
            "same": base,
        }
    )


def resnet_like(prefix: str = "") -> dict:
    return {prefix + "conv1.weight": torch.ones(2, 3, 1, 1), prefix + "bn1.running_mean": torch.arange(2.0)}


def read_as_f32(state: dict) -> dict:
    return {
        name: {"shape": list(t.shape), "values": [float(v) for v in t.detach().to(torch.float32).flatten()]}
        for name, t in state.items()
    }


def fastai() -> dict:
    """A learner's file: numbered layers beside the optimiser's state."""
    head = {
        "1.2.weight": torch.full((4,), 2.0),
        "1.4.weight": torch.full((3, 4), 4.0),
        "1.6.bias": torch.full((3,), 6.0),
        "1.8.weight": torch.full((2, 3), 8.0),
    }
    body = {
        "0.0.weight": torch.ones(2, 3, 1, 1),
        "0.1.running_mean": torch.arange(2.0),
        "0.4.0.conv1.weight": torch.full((1, 2, 1, 1), 1.0),
        "0.7.1.bn2.bias": torch.full((2,), 7.0),
    }
    rates = {"lr": __import__("numpy").float64(0.001), "mom": 0.9}
    return {"model": {**body, **head}, "opt": {"state": [{"step": 3, "grad_avg": torch.ones(2)}], "hypers": [rates]}}


def main() -> None:
    state = tensors()
    arguments = argparse.Namespace(lr=0.1, out="runs")
    files = {
        "zip.pth": (state, {}),
        "legacy.pth": (state, {"_use_new_zipfile_serialization": False}),
        "protocol4.pth": (resnet_like(), {"pickle_protocol": 4}),
        "script.pth": ({"epoch": 3, "args": arguments, "model": resnet_like("module.")}, {}),
        "fastai.pth": (fastai(), {}),
    }
    for name, (value, options) in files.items():
        torch.save(value, HERE / name, **options)
    module = nn.Linear(2, 1)
    torch.save(module, HERE / "module.pth")
    (HERE / "goldens.json").write_text(json.dumps(read_as_f32(state), separators=(",", ":")) + "\n")
    for checkpoint in sys.argv[1:2]:
        state = torch.load(checkpoint, map_location="cpu")
        digest = {n: hashlib.sha256(t.float().numpy().tobytes()).hexdigest() for n, t in state.items()}
        (HERE / "resnet18.json").write_text(json.dumps(digest, indent=0) + "\n")


if __name__ == "__main__":
    main()
