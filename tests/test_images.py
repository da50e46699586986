"""Every picture that people have becomes right RGB, or one sentence says why it cannot."""

from __future__ import annotations

import io
import os
import random
import struct
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcore.errors import ImageError
from camcore.images import MAX_ENCODED_BYTES, read_image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def quadrants() -> np.ndarray:
    """4 x 6 pixels: red, green / blue, white."""
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[:2, :3], pixels[:2, 3:], pixels[2:, :3], pixels[2:, 3:] = RED, GREEN, BLUE, WHITE
    return pixels


def encoded(image: Image.Image | np.ndarray, kind: str = "PNG", **options) -> bytes:
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def refused(source, *words: str, **options) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(source, **options)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text
    return text


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


def test_picture_is_a_value(tmp_path):
    path = tmp_path / "a picture.png"
    path.write_bytes(encoded(quadrants()))
    first, second = read_image(path), read_image(path.read_bytes(), name="other")
    assert (first.height, first.width) == (4, 6)
    assert (first.name, first.path) == ("a picture.png", str(path))
    assert (second.name, second.path) == ("other", None)
    assert first.sha256 == second.sha256
    assert first.pixels.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        first.pixels[0, 0, 0] = 1


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


def test_gray_and_one_bit():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = read_image(encoded(ramp))
    np.testing.assert_array_equal(picture.pixels, ramp[..., None].repeat(3, 2))
    assert picture.notes == ("gray shown as RGB",)
    bits = read_image(encoded(Image.fromarray(ramp > 127)))
    np.testing.assert_array_equal(bits.pixels[..., 1], np.where(ramp > 127, 255, 0))


def test_palette():
    image = Image.fromarray(quadrants()).quantize(4)
    picture = read_image(encoded(image))
    np.testing.assert_array_equal(picture.pixels, quadrants())
    assert picture.notes == ("palette converted to RGB",)


def test_palette_with_transparency_is_shown_over_white():
    image = Image.fromarray(quadrants()).quantize(4)
    red = image.getpixel((0, 0))
    for transparency in (red, bytes(0 if index == red else 255 for index in range(4))):
        picture = read_image(encoded(image, transparency=transparency))
        expected = quadrants()
        expected[:2, :3] = WHITE
        np.testing.assert_array_equal(picture.pixels, expected)
        assert picture.notes == ("transparent parts shown over white",)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_shown_over_white(mode):
    image = Image.new(mode, (3, 1), (0,) * (len(mode) - 1) + (255,))
    for x, alpha in enumerate((0, 128, 255)):
        image.putpixel((x, 0), (0,) * (len(mode) - 1) + (alpha,))
    picture = read_image(encoded(image))
    np.testing.assert_array_equal(picture.pixels[0, :, 0], [255, 127, 0])
    assert picture.notes == ("transparent parts shown over white",)


def test_alpha_that_hides_nothing_is_not_mentioned():
    image = Image.fromarray(quadrants()).convert("RGBA")
    assert read_image(encoded(image)).notes == ()


def test_transparent_colour_of_rgb():
    picture = read_image(encoded(quadrants(), transparency=RED))
    assert picture.pixels[0, 0].tolist() == [255, 255, 255]
    assert picture.pixels[0, 5].tolist() == [0, 255, 0]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind):
    image = Image.fromarray(quadrants().repeat(16, 0).repeat(16, 1)).convert("CMYK")
    picture = read_image(encoded(image, kind))
    assert picture.pixels[8, 8].tolist() == pytest.approx([255, 0, 0], abs=6)
    assert picture.pixels[-8, -8].tolist() == pytest.approx([255, 255, 255], abs=6)
    assert picture.notes == ("CMYK converted to RGB",)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_gray(kind):
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    picture = read_image(encoded(ramp, kind))
    np.testing.assert_array_equal(picture.pixels[..., 0].ravel(), np.arange(256))
    assert picture.notes == ("16-bit scaled to 8-bit", "gray shown as RGB")


def png(width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def test_sixteen_bit_colour():
    row = b"\0" + struct.pack(">6H", 65535, 0, 257 * 100, 0, 65535, 0)
    picture = read_image(png(2, 1, 16, 2, row))
    np.testing.assert_array_equal(picture.pixels, [[[255, 0, 100], [0, 255, 0]]])
    assert picture.notes == ("16-bit scaled to 8-bit",)


@pytest.mark.parametrize(
    ("values", "expected", "note"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255], "values 0-1 scaled to 0-255"),
        ([0.0, 100.0, 255.0], [0, 100, 255], None),
        ([-1.0, 0.0, 1.0], [0, 128, 255], "values from -1 to 1 stretched to 0-255"),
        ([0.0, 0.0, 0.0], [0, 0, 0], None),
        ([np.nan, 0.0, 255.0], [0, 0, 255], "values that are no numbers shown black"),
        ([np.nan, np.inf, -np.inf], [0, 0, 0], "values that are no numbers shown black"),
    ],
)
def test_float_file(values, expected, note):
    image = Image.fromarray(np.array([values], np.float32))
    picture = read_image(encoded(image, "TIFF"))
    np.testing.assert_array_equal(picture.pixels[0, :, 0], expected)
    assert picture.notes == ((note,) if note else ()) + ("gray shown as RGB",)


def test_wide_integer_file():
    image = Image.fromarray(np.array([[0, 500_000, 1_000_000]], np.int32))
    picture = read_image(encoded(image, "TIFF"))
    np.testing.assert_array_equal(picture.pixels[0, :, 0], [0, 128, 255])


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
    frames = [Image.fromarray(one) for one in noise]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    cut = data[: len(data) * 3 // 4]
    picture = read_image(cut)
    np.testing.assert_array_equal(picture.pixels, read_image(data).pixels)


# Arrays


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arrays_in_0_1_and_in_0_255_come_out_alike(dtype):
    bytes_, ones = quadrants().astype(dtype), (quadrants() / 255).astype(dtype)
    np.testing.assert_array_equal(read_image(bytes_).pixels, quadrants())
    picture = read_image(ones)
    np.testing.assert_array_equal(picture.pixels, quadrants())
    assert picture.notes == ("values 0-1 scaled to 0-255",)


def test_shapes_of_arrays():
    gray = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for array in (gray, gray[..., None]):
        picture = read_image(array)
        np.testing.assert_array_equal(picture.pixels, gray[..., None].repeat(3, 2))
        assert picture.notes == ("gray shown as RGB",)
    clear = np.dstack([quadrants(), np.zeros((4, 6), np.uint8)])
    assert (read_image(clear).pixels == 255).all()
    assert (read_image(clear / 255).pixels == 255).all()
    np.testing.assert_array_equal(read_image(quadrants()[::-1, ::2]).pixels, quadrants()[::-1, ::2])


def test_array_is_copied_and_its_hash_depends_on_shape():
    array = quadrants()
    picture = read_image(array, name="mine")
    array[:] = 0
    np.testing.assert_array_equal(picture.pixels, quadrants())
    assert picture.name == "mine"
    flat = quadrants().reshape(6, 4, 3)
    assert read_image(flat).sha256 != picture.sha256
    assert read_image(quadrants()).sha256 == picture.sha256


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 2, 5), np.uint8), "shape (2, 2, 5)"),
        (np.zeros((2, 2, 2), np.uint8), "shape (2, 2, 2)"),
        (np.zeros((1, 2, 2, 3), np.uint8), "shape (1, 2, 2, 3)"),
        (np.zeros(4, np.uint8), "shape (4,)"),
        (np.zeros((0, 2, 3), np.uint8), "no pixels"),
        (np.zeros((2, 0), np.float32), "no pixels"),
        (np.zeros((2, 2), np.int64), "array of int64"),
        (np.zeros((2, 2), np.uint16), "array of uint16"),
        (np.zeros((2, 2), bool), "array of bool"),
        (np.zeros((2, 2), object), "array of object"),
        (np.zeros((2, 2), complex), "array of complex128"),
        (np.full((2, 2), np.nan), "nan"),
        (np.full((2, 2), np.inf), "inf"),
        (np.full((2, 2), -0.5), "-0.5"),
        (np.full((2, 2), 256.0), "256"),
    ],
)
def test_arrays_that_are_no_picture(array, words):
    assert refused(array, words, name="mine.npy").startswith("mine.npy ")


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


def test_full_size_of_what_is_not_reduced():
    assert read_image(quadrants()).full_size == (4, 6)
    assert read_image(encoded(quadrants(), "JPEG")).full_size == (4, 6)


def test_pixel_limit_is_of_the_file_and_not_of_the_reduced_picture():
    data = encoded(quadrants().repeat(64, 0).repeat(64, 1), "JPEG")
    refused(data, "384 x 256", max_pixels=384 * 256 - 1, at_least=(8, 8))
    assert read_image(data, max_pixels=384 * 256, at_least=(8, 8)).height == 32


def test_truncated_jpeg_is_refused_at_reduced_size_too():
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    data = encoded(noise, "JPEG")
    refused(data[: len(data) // 2], "damaged or incomplete", at_least=(32, 32))


# What is refused


def test_places_that_are_no_file(tmp_path):
    refused(tmp_path / "nothing.png", "nothing.png", "no such file")
    refused(str(tmp_path) + "/", "folder")
    os.mkfifo(tmp_path / "pipe.png")
    refused(tmp_path / "pipe.png", "pipe.png", "pipe")
    refused("/dev/zero", "zero", "device")
    (tmp_path / "link.png").symlink_to("/dev/zero")
    refused(tmp_path / "link.png", "link.png", "device")
    refused("a\0b.png", "a?b.png")
    refused("x" * 5000, "cannot be opened")
    refused(3.5, "float")


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


def test_pixel_limit_can_be_set():
    data = encoded(quadrants())
    refused(data, "more than the limit of 23", max_pixels=23)
    refused(quadrants(), "more than the limit of 23", max_pixels=23)
    assert read_image(data, max_pixels=24).height == 4


def test_warning_of_pillow_about_size_stays_inside(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 15)  # Pillow warns above it
    data = [encoded(quadrants(), kind) for kind in ("PNG", "GIF", "TIFF")]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        Image.open(io.BytesIO(data[0]))
        assert [warning.category for warning in said] == [Image.DecompressionBombWarning]
        assert [read_image(one).width for one in data] == [6, 6, 6]
        assert len(said) == 1
    assert Image.MAX_IMAGE_PIXELS == 15


def test_zero_size():
    refused(png(0, 5, 8, 2, b""), "none.png", name="none.png")
    refused(b"P6 0 0 255\n", "none.ppm", name="none.ppm")


def test_file_too_large(tmp_path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(MAX_ENCODED_BYTES + 1)
    refused(path, "larger than 512 MB")


def test_memory_that_runs_out(monkeypatch):
    def exhausted(*_, **__):
        raise MemoryError

    monkeypatch.setattr("camcore.images.to_rgb", exhausted)
    refused(encoded(quadrants()), "more memory", name="a.png")


def test_names_are_made_fit_to_print(tmp_path):
    path = tmp_path / "bad\n\x1b[31mname.png"
    path.write_bytes(b"no")
    refused(path, "bad??[31mname.png")
    path.write_bytes(encoded(quadrants()))
    assert read_image(path).name == "bad??[31mname.png"
    odd = os.fsencode(tmp_path) + b"/\xff.png"
    Path(os.fsdecode(odd)).write_bytes(encoded(quadrants()))
    assert read_image(odd.decode("utf-8", "surrogateescape")).name == "?.png"


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
        said = None
        try:
            picture = read_image(bytes(bad), name="bad", max_pixels=1_000_000)
        except ImageError as error:
            said = str(error)
        if said is None:
            assert picture.pixels.ndim == 3
            assert picture.pixels.dtype == np.uint8
        else:
            refusals += 1
            assert said.startswith("bad ")
            assert "\n" not in said
    assert 40 < refusals < 200
