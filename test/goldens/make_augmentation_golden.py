"""Writes augmentation.json beside it: what PyTorch samples and lights, in double precision, for some parameters.

    /usr/bin/python3 test/goldens/make_augmentation_golden.py        (torch; a second)

The image is a formula that the test evaluates too: channel c of pixel (x, y) is (37·x + 91·y + 53·c + x·y) mod 256. Maps are given as fastai
has them, affine matrices of output coordinates in [−1, 1] and a perspective found from four corners, and sampled by grid_sample
with reflection padding and align_corners.
"""

import json
import math
import pathlib

import torch
from torch.nn import functional

SIZE = 13

CASES = [
    {"rotate": 25.0},
    {"rotate": -140.0, "zoom": {"factor": 1.4, "x": 0.2, "y": 0.9}},
    {"zoom": {"factor": 0.7, "x": 0.9, "y": 0.1}},
    {"symmetry": 1, "rotate": 10.0, "zoom": {"factor": 1.1, "x": 0.5, "y": 0.0}},
    {"warp": {"x": 0.2, "y": 0.0}},
    {"warp": {"x": -0.15, "y": 0.1}, "rotate": 8.0, "symmetry": 1},
    {"brightness": 0.6, "contrast": 0.8},
    {"brightness": 0.42, "contrast": 1.25, "rotate": 90.0},
]


def image():
    y, x = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    return torch.stack([(37 * x + 91 * y + 53 * c + x * y) % 256 for c in range(3)]).double() / 255


def affine(case):
    """The product of flip, rotation and zoom, in this order."""
    flip = torch.eye(3, dtype=torch.double)
    if case.get("symmetry") == 1:
        flip[0, 0] = -1
    angle = math.radians(case.get("rotate", 0.0))
    cos, sin = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]], dtype=torch.double)
    zoom = case.get("zoom", {"factor": 1.0, "x": 0.5, "y": 0.5})
    s = 1 / zoom["factor"]
    x, y = (1 - s) * (2 * zoom["x"] - 1), (1 - s) * (2 * zoom["y"] - 1)
    scale = torch.tensor([[s, 0, x], [0, s, y], [0, 0, 1]], dtype=torch.double)
    return flip @ turn @ scale


def warped(grid, warp):
    """Moves grid points by the perspective that takes four target corners to the square's."""
    x, y = warp["x"], warp["y"]
    square = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    target = [(-1 - y, -1 - x), (-1 + y, 1 + x), (1 + y, -1 + x), (1 - y, 1 - x)]
    rows, right = [], []
    for (u, v), (p, q) in zip(square, target):
        rows += [[p, q, 1, 0, 0, 0, -u * p, -u * q], [0, 0, 0, p, q, 1, -v * p, -v * q]]
        right += [u, v]
    c = torch.linalg.solve(torch.tensor(rows, dtype=torch.double), torch.tensor(right, dtype=torch.double))
    matrix = torch.cat([c, torch.ones(1, dtype=torch.double)]).reshape(3, 3)
    moved = grid @ matrix[:, :2].T + matrix[:, 2]
    return moved[..., :2] / moved[..., 2:]


def augmented(case):
    grid = functional.affine_grid(affine(case)[None, :2], (1, 3, SIZE, SIZE), align_corners=True)
    if "warp" in case:
        grid = warped(grid, case["warp"])
    x = functional.grid_sample(image()[None], grid, mode="bilinear", padding_mode="reflection", align_corners=True)
    if "brightness" in case:
        x = torch.logit(x, eps=1e-7) + math.log(case["brightness"] / (1 - case["brightness"]))
        x = torch.sigmoid(case["contrast"] * x)
    return x[0].permute(1, 2, 0).reshape(-1)


golden = {"size": SIZE, "cases": [{"draw": case, "pixels": [round(v, 10) for v in augmented(case).tolist()]} for case in CASES]}
path = pathlib.Path(__file__).parent / "augmentation.json"
path.write_text(json.dumps(golden) + "\n")
