"""Writes segments.json beside it: what scikit-image 0.19 makes of ten pictures that both sides compute from a formula.

    sudo apt-get install python3-skimage
    /usr/bin/python3 packages/explain/goldens/make_segments.py

Labels are run lengths in row-major order, [label, length, …]. `quickshiftNoNoise` leaves out the random numbers by which
quickshift breaks ties, so that it can be equalled; `quickshift` has them, so that it can only be come near.
"""

import json
import math
import pathlib
from unittest import mock

import numpy as np
import skimage
from skimage.color import rgb2lab
from skimage.segmentation import felzenszwalb, quickshift, slic

HERE = pathlib.Path(__file__).parent
# Height and width of each picture.
SIZES = [(48, 64), (61, 37), (33, 80), (64, 64), (50, 50), (29, 31), (56, 72), (40, 90), (72, 45), (80, 96)]


def picture(k, height, width):
    """As `formulaPicture` in src/testing/formula-picture.ts: waves, two discs, bars, tiles and grain."""
    image = np.zeros((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            for c in range(3):
                wave = math.sin((0.04 + 0.015 * k) * (x + (k % 3) * y) + 2 * c)
                value = 110 + 50 * wave
                if (x - width * 0.3) ** 2 + (y - height * 0.4) ** 2 < (0.02 + 0.01 * (k % 4)) * width * height:
                    value += [90, -40, -70][c]
                if (x - width * 0.75) ** 2 + (y - height * 0.7) ** 2 < 0.03 * width * height:
                    value += [-60, 80, 20][c]
                if (y + 2 * k) % 24 < 5:
                    value += [20, 20, -50][c]
                tile = ((x // 11 * 7 + y // 9 * 13 + c * 5 + k * 3) * 2654435 & 0xFFFFFFFF) >> 16
                value += tile % 64 - 32
                grain = ((x * 73856093) ^ (y * 19349663) ^ (c * 83492791) ^ (k * 2654435)) & 0xFFFFFFFF
                grain = (grain * 40503 & 0xFFFFFFFF) >> 16
                value += (grain % 1000) / 1000 * (4 + 4 * (k % 5))
                image[y, x, c] = min(255, max(0, math.floor(value)))
    return image


def runs(labels):
    encoded = []
    for label in labels.ravel().tolist():
        if encoded and encoded[-2] == label:
            encoded[-1] += 1
        else:
            encoded += [label, 1]
    return encoded


class Silence:
    """A generator whose noise is nought."""

    def normal(self, scale, size):
        return np.zeros(size)


def make(k, height, width):
    image = picture(k, height, width)
    lime = dict(kernel_size=4, max_dist=200, ratio=0.2)
    with mock.patch("numpy.random.default_rng", lambda seed: Silence()):
        silent = quickshift(image, **lime)
        fine = quickshift(image, kernel_size=2, max_dist=6, ratio=0.5)
    lab = rgb2lab(image)
    return {
        "picture": k,
        "height": height,
        "width": width,
        "byteSum": int(image.astype(np.int64).sum()),
        "lab": [lab[y, x].tolist() for y, x in [(0, 0), (height // 2, width // 3), (height - 1, width - 1)]],
        "quickshift": runs(quickshift(image, random_seed=42, **lime)),
        "quickshiftNoNoise": runs(silent),
        "quickshiftFineNoNoise": runs(fine),
        "slic": runs(slic(image, n_segments=100, compactness=10, start_label=0)),
        "slicFew": runs(slic(image, n_segments=12, compactness=20, start_label=0)),
        "felzenszwalb": runs(felzenszwalb(lab / 100, scale=1, sigma=0.8, min_size=20)),
        "felzenszwalbCoarse": runs(felzenszwalb(lab / 100, scale=100, sigma=0.8, min_size=20)),
    }


pictures = [make(k, height, width) for k, (height, width) in enumerate(SIZES)]
golden = {"made_with": f"scikit-image {skimage.__version__}", "pictures": pictures}
(HERE / "segments.json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
