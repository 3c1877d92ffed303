"""Writes resnet18-trained.json beside it: the logits that PyTorch computes, in double precision, with trained weights from a file.

    /usr/bin/python3 test/goldens/make_trained_golden.py ../shared/weights/resnet18-cifar7.pth

The weights are not part of this repository. The images are those of formula_weights.py.
"""

import pathlib
import sys

import torch
import torchvision

import formula_weights as formula
from make_goldens import whole, write

CONFIG = {"arch": "resnet18", "head": "linear", "classes": 7, "size": 64, "batch": 4, "step": 3}


def logits(state: dict, dtype: torch.dtype) -> torch.Tensor:
    model = torchvision.models.resnet18(num_classes=CONFIG["classes"])
    model.load_state_dict(state)
    images = formula.images(CONFIG["step"], CONFIG["batch"], CONFIG["size"])
    with torch.no_grad():
        return model.to(dtype).eval()(torch.from_numpy(images).to(dtype))


def main() -> None:
    checkpoint = pathlib.Path(sys.argv[1])
    state = torch.load(checkpoint, map_location="cpu")
    write(
        "resnet18-trained.json",
        {
            "source": f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}, float64, {checkpoint.name}",
            **CONFIG,
            "labelSmoothing": 0,
            "logits": whole(logits(state, torch.float64), logits(state, torch.float32)),
        },
    )


if __name__ == "__main__":
    main()
