"""What Pillow and torchvision make of images: the golden of data/resample.ts.

The images follow from a formula that the test evaluates too. Run with Debian's python3-pil, python3-numpy and python3-torchvision."""
import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

# width, height, side of the input, share of the resized image that the crop keeps
CASES = [(13, 9, 6, 1), (9, 13, 6, 0.9), (40, 31, 8, 0.875), (5, 7, 11, 1), (7, 5, 12, 0.8), (64, 48, 32, 0.95), (301, 200, 24, 0.95)]


def image(width, height):
    i = np.arange(width * height * 3, dtype=np.uint64)
    noise = ((i * 2654435761) % 2**32) >> 24
    return Image.fromarray(noise.astype(np.uint8).reshape(height, width, 3))


def prepared(width, height, size, crop, interpolation):
    resize = Resize(int(size / crop), InterpolationMode(interpolation))
    return np.asarray(Compose([resize, CenterCrop(size)])(image(width, height)))


cases = []
for interpolation in ('bilinear', 'bicubic'):
    for width, height, size, crop in CASES:
        pixels = prepared(width, height, size, crop, interpolation)
        cases.append({
            'interpolation': interpolation,
            'width': width,
            'height': height,
            'size': size,
            'crop': crop,
            'first': pixels[0, :4].flatten().tolist(),
            'sha256': hashlib.sha256(pixels.tobytes()).hexdigest(),
        })
Path(__file__).with_name('resample.json').write_text(json.dumps(cases) + '\n')
