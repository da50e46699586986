"""Every format that people have becomes right RGB, or one sentence says why it cannot."""

from __future__ import annotations

import io
import random
import threading
import warnings

import numpy as np
import pytest
from PIL import Image

from camcore.errors import ImageError
from camcore.pictures.picture import read_image
from tests.quadrants import BLUE, GREEN, RED, WHITE, encoded, png, quadrants, refused

UPRIGHT = quadrants()
STORED = {  # how a camera stores UPRIGHT under each orientation
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.swapaxes(0, 1),
    6: np.rot90(UPRIGHT, 1),
    7: np.rot90(UPRIGHT, 2).swapaxes(0, 1),
    8: np.rot90(UPRIGHT, -1),
}


# What comes out


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_lossless_formats_come_out_exactly(kind):
    picture = read_image(encoded(quadrants(), kind))
    np.testing.assert_array_equal(picture.pixels, quadrants())
    assert picture.notes == ()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "MPO"])
def test_other_formats_come_out_about_right(kind):
    big = quadrants().repeat(16, 0).repeat(16, 1)
    picture = read_image(encoded(big, kind))
    assert picture.pixels.shape == big.shape
    assert np.abs(picture.pixels.astype(int) - big).mean() < 8


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation].repeat(16, 0).repeat(16, 1))
    picture = read_image(encoded(stored, kind, exif=exif))
    expected = UPRIGHT.repeat(16, 0).repeat(16, 1)
    assert picture.pixels.shape == expected.shape
    assert np.abs(picture.pixels.astype(int) - expected).mean() < 8
    assert ("rotated as its EXIF says" in picture.notes) == (orientation > 1)


@pytest.mark.parametrize("orientation", [0, 9, 200])
def test_nonsense_orientation_is_ignored(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(
        read_image(encoded(quadrants(), "PNG", exif=exif)).pixels, quadrants()
    )


def test_broken_exif_is_ignored():
    picture = read_image(encoded(quadrants(), "PNG", exif=b"Exif\0\0MM\0*garbage"))
    np.testing.assert_array_equal(picture.pixels, quadrants())


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame_of_several(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    options = {} if kind == "TIFF" else {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    picture = read_image(data)
    assert picture.pixels[0, 0].tolist() == [255, 0, 0]
    assert picture.notes[0] == "first of 3 frames"


@pytest.mark.parametrize("kind", ["GIF", "TIFF"])
def test_first_frame_is_shown_though_a_later_one_is_damaged(kind):
    noise = np.random.default_rng(2).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    frames = [Image.fromarray(pixels) for pixels in noise]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    cut = data[: len(data) * 3 // 4]
    picture = read_image(cut)
    np.testing.assert_array_equal(picture.pixels, read_image(data).pixels)


# Decoded no larger than needed


@pytest.mark.parametrize(
    ("at_least", "scale"),
    [
        ((300, 400), 1),
        ((151, 100), 1),
        ((150, 200), 2),
        ((76, 100), 2),
        ((75, 100), 4),
        ((9, 9), 8),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
def test_jpeg_is_decoded_at_a_reduced_size(kind, at_least, scale):
    data = encoded(quadrants().repeat(75, 0).repeat(67, 1)[:, :401], kind, quality=95)
    picture = read_image(data, at_least=at_least)
    assert picture.full_size == (300, 401)
    assert (picture.height, picture.width) == (-(-300 // scale), -(-401 // scale))
    assert picture.height >= at_least[0]
    assert picture.width >= at_least[1]
    assert picture.notes == ((f"decoded at 1/{scale} size",) if scale > 1 else ())
    corners = picture.pixels[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
    assert np.abs(corners - [RED, GREEN, BLUE, WHITE]).max() < 12
    assert picture.sha256 == read_image(data).sha256


def test_reduced_gray_and_cmyk_jpeg():
    big = Image.fromarray(quadrants().repeat(64, 0).repeat(64, 1))
    for mode, note in (("L", "gray shown as RGB"), ("CMYK", "CMYK converted to RGB")):
        picture = read_image(encoded(big.convert(mode), "JPEG"), at_least=(64, 64))
        assert picture.pixels.shape == (64, 96, 3)
        assert picture.notes == ("decoded at 1/4 size", note)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_reduced_jpeg_is_upright_and_large_enough(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(STORED[orientation].repeat(64, 0).repeat(64, 1))
    expected = UPRIGHT.repeat(16, 0).repeat(16, 1)  # 64 x 96 of 256 x 384
    picture = read_image(encoded(stored, "JPEG", exif=exif, quality=95), at_least=(40, 96))
    assert picture.full_size == (256, 384)
    assert picture.pixels.shape == expected.shape
    assert np.abs(picture.pixels.astype(int) - expected).mean() < 8
    assert picture.notes[-1] == "decoded at 1/4 size"


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "GIF"])
def test_other_formats_are_decoded_whole(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {} if kind == "GIF" else {"exif": exif}
    data = encoded(quadrants().repeat(64, 0).repeat(64, 1), kind, **options)
    picture = read_image(data, at_least=(8, 8))
    assert picture.full_size == picture.pixels.shape[:2]
    assert picture.full_size == ((256, 384) if kind == "GIF" else (384, 256))
    assert not any("decoded at" in note for note in picture.notes)


def test_pixel_limit_is_of_the_file_and_not_of_the_reduced_picture():
    data = encoded(quadrants().repeat(64, 0).repeat(64, 1), "JPEG")
    refused(data, "384 x 256", max_pixels=384 * 256 - 1, at_least=(8, 8))
    assert read_image(data, max_pixels=384 * 256, at_least=(8, 8)).height == 32


def test_truncated_jpeg_is_refused_at_reduced_size_too():
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    data = encoded(noise, "JPEG")
    refused(data[: len(data) // 2], "damaged or incomplete", at_least=(32, 32))


# What is refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty (0 bytes)"),
        (b"hello, I am a text", "not a picture"),
        (b"P6 nonsense", "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"GIF89a", "damaged"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
    ],
)
def test_files_that_are_no_picture(tmp_path, data, words):
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    assert refused(path, words).startswith("photo.jpg ")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_truncated(kind):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encoded(noise, kind)
    refused(data[: len(data) // 2], "cut.jpg", "damaged or incomplete", name="cut.jpg")


def test_bomb_is_refused_before_it_is_decoded():
    data = png(50_000, 50_000, 8, 2, b"")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        refused(data, "bomb.png", "50000 x 50000", "64,000,000", name="bomb.png")


def test_warning_of_pillow_about_size_stays_inside(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 15)  # Pillow warns above it
    data = [encoded(quadrants(), kind) for kind in ("PNG", "GIF", "TIFF")]
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        Image.open(io.BytesIO(data[0]))
        assert [warning.category for warning in warned] == [Image.DecompressionBombWarning]
        assert [read_image(content).width for content in data] == [6, 6, 6]
        assert len(warned) == 1
    assert Image.MAX_IMAGE_PIXELS == 15


def test_zero_size():
    refused(png(0, 5, 8, 2, b""), "none.png", name="none.png")
    refused(b"P6 0 0 255\n", "none.ppm", name="none.ppm")


def test_memory_that_runs_out(monkeypatch):
    def exhausted(*_, **__):
        raise MemoryError

    monkeypatch.setattr("camcore.pictures.codecs.to_rgb", exhausted)
    refused(encoded(quadrants()), "more memory", name="a.png")


def test_warnings_of_others_survive_threads():
    image = Image.fromarray(quadrants()).quantize(4)
    data = encoded(image, transparency=bytes([0, 255, 255, 255]))
    before = list(warnings.filters)
    threads = [
        threading.Thread(target=lambda: [read_image(data) for _ in range(50)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_damaged_pictures_give_one_sentence(kind):
    noise = np.random.default_rng(1).integers(0, 256, (24, 20, 3), dtype=np.uint8)
    data = encoded(noise, kind)
    rng = random.Random(7)
    refusals = 0
    for number in range(200):
        bad = bytearray(data)
        place = rng.randrange(len(data))
        if number % 4 == 0:
            bad = bad[:place]
        else:
            # Headers are short: half of the hits go there.
            place = place if number % 2 else rng.randrange(min(100, len(data)))
            bad[place] ^= rng.randrange(1, 256)
        message = None
        try:
            picture = read_image(bytes(bad), name="bad", max_pixels=1_000_000)
        except ImageError as error:
            message = str(error)
        if message is None:
            assert picture.pixels.ndim == 3
            assert picture.pixels.dtype == np.uint8
        else:
            refusals += 1
            assert message.startswith("bad ")
            assert "\n" not in message
    if kind == "PNG":  # every byte of it lies under a checksum
        assert refusals == 200
    else:
        assert 40 < refusals < 200
