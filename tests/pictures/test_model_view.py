"""A file becomes what the model sees; masks and boxes land where the object is."""

from __future__ import annotations

import hashlib
import io
import os
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from camcore.errors import ImageError, InputError
from camcore.pictures.model_view import box_mask, decode, jpeg_quality, read_mask
from camcore.pictures.picture import read_image
from camcore.pictures.preprocessing import fit_pixels, frame_of

FITS = ["stretch", "crop", "pad"]


def photo(height: int, width: int, seed: int = 0) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture
def saved(tmp_path):
    """Save a picture, give its path."""

    def save(image: Image.Image | np.ndarray, name: str, **options):
        image = image if isinstance(image, Image.Image) else Image.fromarray(image)
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return save


# What the model sees


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("shape", [(32, 32, 3), (20, 40, 1), (64, 48, 3)])
@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_seen_is_what_explore_shows(saved, name, fit, shape):
    path = saved(photo(50, 70), name)
    decoded = decode(path, shape, fit)
    expected, frame = fit_pixels(read_image(path).pixels, shape, fit)
    assert decoded.seen.dtype == np.uint8
    np.testing.assert_array_equal(decoded.seen, expected)
    assert decoded.frame == frame
    assert decoded.notes == ()


def test_the_file(saved):
    path = saved(photo(50, 70), "a photo.jpg", quality=80)
    decoded = decode(str(path), (16, 16, 3), "stretch")
    data = path.read_bytes()
    assert decoded.sha256 == hashlib.sha256(data).hexdigest()
    assert (decoded.bytes, decoded.width, decoded.height) == (len(data), 70, 50)
    assert decoded.jpeg_quality == 80
    assert np.isnan(decode(saved(photo(9, 9), "b.png"), (8, 8, 3), "stretch").jpeg_quality)


@pytest.mark.parametrize("fit", FITS)
def test_large_jpeg_is_decoded_small_and_framed_in_its_own_pixels(saved, fit):
    path = saved(photo(600, 805), "large.jpg", quality=95)
    decoded = decode(path, (64, 64, 3), fit)
    assert decoded.notes == ("decoded at 1/8 size",)
    assert (decoded.width, decoded.height) == (805, 600)
    assert decoded.frame == frame_of(805, 600, 64, 64, fit)
    whole, _ = fit_pixels(read_image(path).pixels, (64, 64, 3), fit)
    assert np.abs(decoded.seen - whole).mean() < 3


def test_turned_large_jpeg(saved):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = photo(400, 900)
    path = saved(stored, "turned.jpg", exif=exif, quality=95)
    decoded = decode(path, (220, 100, 3), "stretch")  # upright it is 900 high and 400 wide
    assert decoded.notes == ("rotated as its EXIF says", "decoded at 1/4 size")
    assert (decoded.width, decoded.height) == (400, 900)
    whole = np.asarray(stored.transpose(Image.Transpose.ROTATE_270).resize((100, 220)), np.float64)
    assert np.abs(decoded.seen - whole).mean() < 3


def test_thumb_is_sixteen_by_sixteen_gray(saved):
    left = np.zeros((64, 64, 3), np.uint8)
    left[:, :32] = (255, 0, 0)
    for channels in (3, 1):
        thumb = decode(saved(left, "a.png"), (32, 32, channels), "stretch").thumb
        levels = np.frombuffer(thumb, np.uint8).reshape(16, 16)
        np.testing.assert_array_equal(levels[:, 1:7], 76)  # the luma of red
        np.testing.assert_array_equal(levels[:, 9:], 0)


def test_bad_files_are_refused_by_name(tmp_path):
    (tmp_path / "no\nphoto.jpg").write_text("hello")
    with pytest.raises(ImageError, match=r"no\?photo\.jpg is not a picture"):
        decode(tmp_path / "no\nphoto.jpg", (8, 8, 3), "stretch")
    with pytest.raises(ImageError, match=r"no\?such\.jpg: there is no such file"):
        decode(tmp_path / "no\tsuch.jpg", (8, 8, 3), "stretch")
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(ImageError, match=r"pipe\.jpg is a device or a pipe"):
        decode(tmp_path / "pipe.jpg", (8, 8, 3), "stretch")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ImageError, match=r"empty\.jpg is empty"):
        decode(tmp_path / "empty.jpg", (8, 8, 3), "stretch")


def test_truncated_jpeg_is_refused_at_reduced_size_too(saved):
    path = saved(np.random.default_rng(1).integers(0, 256, (400, 400, 3), np.uint8), "cut.jpg")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ImageError, match=r"cut\.jpg is damaged"):
        decode(path, (32, 32, 3), "stretch")


def test_threads_agree(saved):
    paths = [saved(photo(300, 400, seed), f"{seed}.jpg") for seed in range(6)]

    def seen(path):
        return decode(path, (96, 96, 3), "crop").seen

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(seen, paths * 3))
    np.testing.assert_array_equal(together, [seen(path) for path in paths] * 3)


# JPEG quality


def jpeg(image: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_quality_is_recovered(mode):
    image = photo(16, 16).convert(mode)
    qualities = [jpeg_quality(jpeg(image, quality=quality)) for quality in range(1, 101)]
    np.testing.assert_allclose(qualities[9:], range(10, 101), atol=0)
    np.testing.assert_allclose(qualities[:9], range(1, 10), atol=1)  # many entries are cut at 255


def test_quality_of_tables_by_other_software():
    image = photo(16, 16)
    base = image_tables(jpeg(image, quality=90))[0]
    rng = np.random.default_rng(2)
    other = [max(1, int(entry) + rng.integers(-1, 2)) for entry in base]
    assert jpeg_quality(jpeg(image, qtables=[other, other])) == pytest.approx(90, abs=2)


def image_tables(data: bytes) -> dict:
    return Image.open(io.BytesIO(data)).quantization


def test_quality_from_any_layout_of_the_header():
    plain = jpeg(photo(16, 16), quality=70, exif=b"Exif\0\0" + b"\xff\xdb\0\x43" * 40)
    assert jpeg_quality(plain) == 70
    at = plain.index(b"\xff\xdb\x00\x43\x00")  # Pillow writes one table a segment
    low = np.frombuffer(plain[at + 5 : at + 69], np.uint8)
    wide = b"\xff\xdb" + struct.pack(">H", 131) + b"\x10" + low.astype(">u2").tobytes()
    assert jpeg_quality(plain[:at] + wide + plain[at + 69 :]) == 70  # 16 bits an entry
    both = b"\xff\xff\xdb" + struct.pack(">H", 132) + b"\x01" + b"\x63" * 64 + b"\x00"
    assert jpeg_quality(plain[:at] + both + low.tobytes() + plain[at + 69 :]) == 70  # two at once


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n",
        b"\xff\xd8",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xdb\x00",
        b"\xff\xd8\xff\xdb\x00\x43\x00\x01\x02",
        b"\xff\xd8\xff\xe0\x00\x00" * 3,
        b"\xff\xd8\xff\xda\x00\x02\xff\xdb\x00\x43\x00" + b"\x01" * 64,
    ],
)
def test_no_table_no_quality(data):
    assert np.isnan(jpeg_quality(data))


# Masks and boxes


def drawn(box: tuple[int, int, int, int], height: int, width: int, level: int = 255) -> np.ndarray:
    pixels = np.zeros((height, width), np.uint8)
    pixels[box[1] : box[3], box[0] : box[2]] = level
    return pixels


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("scale", [1, 2, 5])
def test_mask_and_box_lie_on_what_they_mark(saved, fit, scale):
    box = (40, 30, 160, 90)  # of a picture of 200 x 120
    frame = frame_of(200, 120, 40, 40, fit)
    object_only = np.zeros((120, 200, 3), np.uint8)
    object_only[30:90, 40:160] = 255
    seen, _ = fit_pixels(object_only, (40, 40, 3), fit)
    expected = seen[..., 0] > 127
    small = tuple(edge // scale for edge in box)
    mask = saved(drawn(small, 120 // scale, 200 // scale), "mask.png")
    np.testing.assert_array_equal(read_mask(mask, (40, 40, 3), fit, frame), expected)
    np.testing.assert_array_equal(box_mask(box, frame, (40, 40, 3)), expected)


def test_mask_of_other_proportions_is_stretched(saved):
    mask = saved(drawn((5, 0, 10, 10), 10, 10), "mask.png")  # the right half
    frame = frame_of(200, 100, 20, 20, "pad")
    seen = read_mask(mask, (20, 20, 3), "pad", frame)
    expected = np.zeros((20, 20), bool)
    expected[5:15, 10:] = True
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize("level", [1, 2, 128, 255])
def test_mask_of_any_level(saved, level):
    mask = saved(drawn((2, 2, 6, 6), 8, 8, level), "mask.png")
    seen = read_mask(mask, (8, 8, 1), "stretch", frame_of(8, 8, 8, 8, "stretch"))
    assert seen.dtype == bool
    np.testing.assert_array_equal(seen, drawn((2, 2, 6, 6), 8, 8) > 0)


def test_mask_as_jpeg_palette_and_nothing(saved):
    frame = frame_of(64, 64, 8, 8, "stretch")
    expected = drawn((2, 2, 6, 6), 8, 8) > 0
    square = drawn((16, 16, 48, 48), 64, 64)
    np.testing.assert_array_equal(
        read_mask(saved(square, "mask.jpg", quality=30), (8, 8, 3), "stretch", frame), expected
    )
    palette = Image.fromarray(square // 255)
    palette.putpalette([0, 0, 0, 128, 0, 0])
    np.testing.assert_array_equal(
        read_mask(saved(palette, "p.png"), (8, 8, 3), "stretch", frame), expected
    )
    black = saved(square * 0, "black.png")
    assert not read_mask(black, (8, 8, 3), "stretch", frame).any()


def test_bad_mask_is_refused(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.png"):
        read_mask(tmp_path / "gone.png", (8, 8, 3), "stretch", frame_of(8, 8, 8, 8, "stretch"))


def test_box_partly_outside_the_picture():
    frame = frame_of(40, 20, 8, 8, "pad")  # bars above and below
    seen = box_mask((-100, -100, 20, 10), frame, (8, 8, 3))
    expected = np.zeros((8, 8), bool)
    expected[2:4, :4] = True
    np.testing.assert_array_equal(seen, expected)


@pytest.mark.parametrize(
    "box",
    [(5, 5, 5, 9), (9, 5, 5, 9), (40, 0, 50, 9), (-9, 0, 0, 9), (0, 20, 9, 30), (0, 0, np.nan, 9)],
)
def test_box_without_pixels_is_refused(box):
    with pytest.raises(InputError, match="40 x 20"):
        box_mask(box, frame_of(40, 20, 8, 8, "stretch"), (8, 8, 3))
