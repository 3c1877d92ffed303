"""Weights, images and labels given by a formula, so that two languages can build the same network without sharing a file.

The twin of packages/engine/src/reference/formula-weights.ts: every number is a pure function of a name and an index, computed
in exact integer and double arithmetic, then rounded to float32. Indices run over PyTorch's layout (OIHW filters, [out, in]
linear weights, NCHW images).
"""

import numpy as np

U32 = 0xFFFFFFFF


def name_hash(name: str) -> int:
    """FNV-1a, 32 bit, of the UTF-8 bytes of `name`."""
    h = 0x811C9DC5
    for byte in name.encode():
        h = ((h ^ byte) * 0x01000193) & U32
    return h


def mix(h: np.ndarray) -> np.ndarray:
    """The 32-bit finaliser of MurmurHash3."""
    h = h ^ (h >> np.uint32(16))
    h = h * np.uint32(0x85EBCA6B)
    h = h ^ (h >> np.uint32(13))
    h = h * np.uint32(0xC2B2AE35)
    return h ^ (h >> np.uint32(16))


def hashes(name: str, count: int) -> np.ndarray:
    """u32 hashes of the indices 0 … count−1 of the tensor called `name`."""
    return mix(mix(np.arange(count, dtype=np.uint32)) ^ np.uint32(name_hash(name)))


def units(name: str, count: int) -> np.ndarray:
    """Doubles in (−1, 1): the hashes, spread evenly."""
    return (hashes(name, count).astype(np.float64) + 0.5) / 2147483648.0 - 1.0


def parameter(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A parameter or running statistic by its torchvision name, as doubles that float32 holds exactly.

    Chosen so that gradients are well conditioned. A ReLU input closer to zero than the rounding error flips between one
    precision and another, and on a feature map of few values one flip moves a channel's gradients by percents: so batch norms'
    biases are 1.5 to 2.5 either way, which leaves a share of every channel on the other side of zero but little beside it;
    but not before the head's ReLU, where a unit that is zero for a whole batch would leave the next batch norm no variance. A
    bottleneck's last batch norm has a small gain, as trained networks have, or errors grow tenfold through its 16 blocks.
    """
    count = int(np.prod(shape))
    u = units(name, count)
    kind = name.rsplit(".", 1)[1]
    if kind == "running_mean" or name in ("fc.bias", "head.bn1.bias"):
        values = 0.1 * u
    elif kind == "running_var":
        values = 1.0 + 0.5 * np.abs(u)
    elif kind == "bias":
        values = np.where(u < 0, -1.5, 1.5) + u
    elif len(shape) == 1:
        values = (0.25 if name.endswith("bn3.weight") else 1.0) * (1.0 + 0.1 * u)
    else:
        fan_in = int(np.prod(shape[1:]))
        values = np.sqrt(6.0 / fan_in) * u
    return values.astype(np.float32).astype(np.float64).reshape(shape)


def pixels(step: int, batch: int, size: int) -> np.ndarray:
    """The images of the batch of `step`, [batch, 3, size, size], bytes."""
    return (hashes(f"images.{step}", batch * 3 * size * size) >> np.uint32(24)).reshape(batch, 3, size, size)


def images(step: int, batch: int, size: int) -> np.ndarray:
    """Those images as network input, by ImageNet's mean and standard deviation."""
    mean = np.array([0.485, 0.456, 0.406]).reshape(3, 1, 1)
    std = np.array([0.229, 0.224, 0.225]).reshape(3, 1, 1)
    return (pixels(step, batch, size) / 255.0 - mean) / std


def labels(step: int, batch: int, classes: int) -> np.ndarray:
    """Classes of the batch of `step`."""
    return (hashes(f"labels.{step}", batch) % np.uint32(classes)).astype(np.int64)


def sample_indices(name: str, count: int, samples: int) -> np.ndarray:
    """The elements of the tensor called `name` whose values a golden file keeps."""
    return (hashes(f"{name}#samples", samples) % np.uint32(count)).astype(np.int64)


def projection(name: str, number: int, count: int) -> np.ndarray:
    """A vector on which the whole tensor called `name` is projected, so that an error in any element shows."""
    return units(f"{name}#projection.{number}", count)
