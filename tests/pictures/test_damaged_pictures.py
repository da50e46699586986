"""No picture that its own decoder refuses is ever read, however it is damaged."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from camcore.errors import ImageError
from camcore.pictures.picture import read_image
from tests.quadrants import encoded

# Verifies and loads every file with nothing but Pillow, in a process where nothing else ran.
_STRICT = """
import json, sys, warnings
from pathlib import Path
from PIL import Image
warnings.simplefilter("ignore")
refused = []
for file in sorted(Path(sys.argv[1]).iterdir()):
    try:
        with Image.open(file) as image:
            image.verify()
        with Image.open(file) as image:
            image.load()
    except Exception:
        refused.append(file.name)
print(json.dumps(refused))
"""
_FILES = 240


def _pictures(kind: str) -> list[bytes]:
    noise = np.random.default_rng(3).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    exif = Image.Exif()
    exif[0x0112] = 6
    pictures = [encoded(image, kind)]
    if kind not in ("GIF", "BMP"):
        pictures.append(encoded(image, kind, exif=exif))
    if kind == "PNG":
        pictures += [encoded(image.convert(mode), kind) for mode in ("L", "P", "LA", "RGBA")]
    if kind == "JPEG":
        pictures.append(encoded(image, kind, progressive=True))
    if kind == "TIFF":
        pictures += [
            encoded(image, kind, compression=name) for name in ("tiff_lzw", "tiff_deflate", "jpeg")
        ]
    return pictures


def _damaged(data: bytes, chance: random.Random) -> bytes:
    bad = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 3))):
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
    how = chance.randrange(4)
    if how == 0:
        return bytes(bad[: chance.randrange(1, len(bad))])
    if how == 1:
        return data[: chance.randrange(1, len(data))]
    return bytes(bad)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_what_the_decoder_refuses_is_refused(tmp_path, kind):
    chance = random.Random(11)
    whole = _pictures(kind)
    files = {f"{number:04d}-whole": data for number, data in enumerate(whole)}
    files |= {
        f"{number:04d}-damaged": _damaged(chance.choice(whole), chance)
        for number in range(len(whole), _FILES)
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    answer = subprocess.run(
        [sys.executable, "-c", _STRICT, str(tmp_path)], capture_output=True, check=True, text=True
    )
    refused = json.loads(answer.stdout)
    assert len(refused) > _FILES // 10
    assert not [name for name in refused if name.endswith("whole")]
    read = set()
    for name, data in files.items():
        try:
            read_image(data, name=name)
        except ImageError:
            continue
        read.add(name)
    assert {name for name in files if name.endswith("whole")} <= read
    assert not read.intersection(refused)
