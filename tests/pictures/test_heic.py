"""Pictures of phones are read upright where the extra is installed, and named where it is not."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image

from camcore.errors import ImageError
from camcore.pictures import heic
from camcore.pictures.picture import read_image
from tests.extras import extra

HEAD = bytes([0, 0, 0, 24]) + b"ftypheic" + bytes(4) + b"mif1heic"


def encoded(orientation: int = 1) -> bytes:
    extra("pillow_heif", "heic").register_heif_opener()
    pixels = np.full((40, 60, 3), (200, 40, 40), np.uint8)
    pixels[:, 30:] = (40, 40, 200)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "HEIF", quality=90, exif=exif.tobytes())
    return file.getvalue()


def test_read():
    picture = read_image(encoded(), name="a.heic")
    assert picture.pixels.shape == (40, 60, 3)
    left, right = picture.pixels[20, 10].astype(int), picture.pixels[20, 50].astype(int)
    assert left[0] > 180
    assert right[2] > 180


def test_upright():
    picture = read_image(encoded(orientation=6), name="a.heic")
    assert picture.pixels.shape == (60, 40, 3)
    assert picture.full_size == (60, 40)
    assert int(picture.pixels[10, 20, 0]) > 180


@pytest.mark.parametrize("share", [0.05, 0.4, 0.9])
def test_damaged(share):
    data = encoded()
    with pytest.raises(ImageError, match=r"a\.heic"):
        read_image(data[: int(share * len(data))], name="a.heic")


def test_too_large():
    with pytest.raises(ImageError, match="more than the limit of 100"):
        read_image(encoded(), max_pixels=100)


def test_without_the_extra_its_name_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    heic.register_heic.cache_clear()
    with pytest.raises(ImageError, match=r"a HEIC picture, which needs an extra: .*\[heic\]"):
        read_image(HEAD + bytes(100), name="a.heic")
    heic.register_heic.cache_clear()
