"""Image properties against what is known of made images."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFilter

from camcore.auditing.scan.image_properties import (
    FILE_PROPERTIES,
    PROPERTIES,
    SEEN_PROPERTIES,
    file_properties,
    measure,
    property_names,
)
from camcore.pictures.model_view import Decoded
from camcore.pictures.preprocessing import frame_of

CELLS = [f"cell-{row}-{column}" for row in range(4) for column in range(4)]
REGIONS = ["ring", "top", "bottom", "left", "right", "corners", *CELLS]
SIZES = [(240, 240), (224, 224), (96, 160), (61, 45), (28, 28), (8, 8)]


def properties_of(seen: np.ndarray) -> dict[str, float]:
    names = [image_property.name for image_property in SEEN_PROPERTIES]
    return dict(zip(names, measure(seen).tolist(), strict=True))


def flat(colour, height: int = 48, width: int = 48) -> np.ndarray:
    return np.full((height, width, len(colour)), colour, np.uint8)


def texture(height: int = 224, width: int = 224, seed: int = 0) -> np.ndarray:
    """Soft blobs with fine detail, RGB."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(60, 200, (height // 9, width // 9, 3), dtype=np.uint8))
    soft = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float64)
    return np.clip(soft + rng.normal(0, 12, soft.shape), 0, 255).astype(np.uint8)


# The registry


def test_registry_says_what_measure_gives():
    assert property_names() == tuple(image_property.name for image_property in PROPERTIES)
    assert len(set(property_names())) == len(PROPERTIES) == 10 + len(REGIONS) * 5 + 6
    assert PROPERTIES == SEEN_PROPERTIES + FILE_PROPERTIES
    assert len({image_property.title for image_property in PROPERTIES}) == len(PROPERTIES)
    for image_property in PROPERTIES:
        assert image_property.name == image_property.name.split("@")[0] + (
            f"@{image_property.region}" if image_property.region else ""
        )
    values = measure(texture())
    assert values.shape == (len(SEEN_PROPERTIES),)
    assert values.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "family", "title"),
    [
        ("luminance", "brightness", "brightness"),
        ("contrast", "brightness", "contrast"),
        ("lab_a", "colour", "red against green"),
        ("lab_b", "colour", "yellow against blue"),
        ("saturation", "colour", "saturation"),
        ("sharpness", "blur", "sharpness"),
        ("high_frequency", "noise", "share of the finest detail"),
        ("noise", "noise", "noise"),
        ("entropy", "noise", "entropy of the gray levels"),
        ("blockiness", "compression", "edges of 8 x 8 blocks"),
        ("jpeg_quality", "compression", "JPEG quality"),
        ("bits_per_pixel", "compression", "bits per pixel of the file"),
        ("width", "dimensions", "width of the file's picture"),
        ("height", "dimensions", "height of the file's picture"),
        ("aspect", "dimensions", "width divided by height"),
        ("bytes", "dimensions", "size of the file"),
        ("luminance@ring", "frame", "brightness of the outer ring"),
        ("contrast@top", "sky/top-band", "contrast of the top band"),
        ("lab_b@bottom", "bottom-band", "yellow against blue of the bottom band"),
        ("sharpness@left", "side-band", "sharpness of the left band"),
        ("lab_a@right", "side-band", "red against green of the right band"),
        ("luminance@corners", "tag", "brightness of the four corners"),
        ("luminance@cell-0-3", "tag", "brightness in row 1, column 4 of 4 x 4"),
        ("luminance@cell-1-0", "region", "brightness in row 2, column 1 of 4 x 4"),
    ],
)
def test_families_and_titles(name, family, title):
    image_property = next(
        image_property for image_property in PROPERTIES if image_property.name == name
    )
    assert (image_property.family, image_property.title) == (family, title)


# Light and colour. Lab of sRGB colours under D65 as published (Lindbloom's calculator).


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((255, 255, 255), (100, 0, 0)),
        ((119, 119, 119), (50.03, 0, 0)),
        ((5, 5, 5), (1.37, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
    ],
)
@pytest.mark.parametrize("size", SIZES)
def test_flat_colour(colour, lab, size):
    values = properties_of(flat(colour, *size))
    for region in ("", *(f"@{place}" for place in REGIONS)):
        got = [values[name + region] for name in ("luminance", "lab_a", "lab_b")]
        assert got == pytest.approx(lab, abs=0.05), region
        assert values["contrast" + region] < 0.02
        assert values["sharpness" + region] == 0
    assert values["saturation"] == pytest.approx(np.hypot(*lab[1:]), abs=0.05)
    for name in ("high_frequency", "noise", "blockiness", "entropy"):
        assert values[name] == 0


def test_gray_model_sees_the_same_light_and_no_colour():
    gray = texture()[..., :1]
    single, three = properties_of(gray), properties_of(np.repeat(gray, 3, axis=2))
    assert single == pytest.approx(three, abs=1e-3)
    colour = [value for name, value in single.items() if name.startswith(("lab", "saturation"))]
    assert colour == [0.0] * len(colour)


def regions_of(height: int, width: int) -> dict[str, np.ndarray]:
    """The regions drawn by hand, edges at the nearest pixel."""

    def drawn(*rectangles) -> np.ndarray:
        mask = np.zeros((height, width), bool)
        for top, bottom, left, right in rectangles:
            rows = slice(round(top * height), round(bottom * height))
            mask[rows, round(left * width) : round(right * width)] = True
        return mask

    quarters = (0, 1 / 4), (3 / 4, 1)
    return {
        "ring": ~drawn((1 / 8, 7 / 8, 1 / 8, 7 / 8)),
        "top": drawn((0, 1 / 3, 0, 1)),
        "bottom": drawn((2 / 3, 1, 0, 1)),
        "left": drawn((0, 1, 0, 1 / 4)),
        "right": drawn((0, 1, 3 / 4, 1)),
        "corners": drawn(*((*rows, *columns) for rows in quarters for columns in quarters)),
    } | {
        f"cell-{r}-{c}": drawn((r / 4, (r + 1) / 4, c / 4, (c + 1) / 4))
        for r in range(4)
        for c in range(4)
    }


@pytest.mark.parametrize("size", [(240, 240), (224, 224), (96, 160), (64, 200)])
@pytest.mark.parametrize("region", REGIONS)
def test_a_bright_region_is_the_brightest_there_is(size, region):
    bright = regions_of(*size)[region]
    seen = np.repeat(np.where(bright, 255, 119).astype(np.uint8)[..., None], 3, axis=2)
    values = properties_of(seen)
    assert values[f"luminance@{region}"] == pytest.approx(100, abs=0.01)
    assert values[f"contrast@{region}"] < 0.03
    share = bright.mean()
    assert values["luminance"] == pytest.approx(50.03 + share * 49.97, abs=0.01)
    assert values["contrast"] == pytest.approx(49.97 * np.sqrt(share * (1 - share)), abs=0.02)
    for other, mask in regions_of(*size).items():
        expected = 50.03 + bright[mask].mean() * 49.97
        assert values[f"luminance@{other}"] == pytest.approx(expected, abs=0.02), other


def test_regions_of_a_tiny_image():
    seen = flat((119, 119, 119), 8, 8)
    seen[0] = 255
    values = properties_of(seen)
    assert values["luminance"] == pytest.approx(50.03 + 49.97 / 8, abs=0.01)
    assert values["luminance@cell-0-1"] == pytest.approx(50.03 + 49.97 / 2, abs=0.01)
    assert values["luminance@ring"] == pytest.approx(50.03 + 49.97 * 8 / 28, abs=0.01)
    assert values["luminance@bottom"] == pytest.approx(50.03, abs=0.01)


@pytest.mark.parametrize(("side", "third"), [(240, 80), (224, 75), (61, 20)])
def test_colour_of_a_region(side, third):
    seen = flat((119, 119, 119), side, side)
    seen[:third] = (255, 0, 0)
    values = properties_of(seen)
    assert values["lab_a@top"] == pytest.approx(80.09, abs=0.05)
    assert values["lab_a@bottom"] == pytest.approx(0, abs=0.01)
    assert values["lab_b"] == pytest.approx(67.20 * third / side, abs=0.02)
    assert values["saturation"] == pytest.approx(np.hypot(80.09, 67.20) * third / side, abs=0.03)


def test_luminance_is_that_of_every_pixel_not_of_the_mean_colour():
    checks = np.indices((48, 48)).sum(axis=0) % 2 * 255
    values = properties_of(np.repeat(checks[..., None].astype(np.uint8), 3, axis=2))
    assert values["luminance"] == pytest.approx(50, abs=0.01)
    assert values["contrast"] == pytest.approx(50, abs=0.01)


# Texture


@pytest.mark.parametrize("sigma", [2.0, 5.0, 12.0, 25.0])
@pytest.mark.parametrize("size", [224, 64])
def test_noise_is_recovered(sigma, size):
    rng = np.random.default_rng(round(sigma))
    noisy = np.rint(128 + rng.normal(0, sigma, (size, size, 1))).clip(0, 255).astype(np.uint8)
    assert properties_of(noisy)["noise"] == pytest.approx(sigma, rel=0.1)
    assert properties_of(np.repeat(noisy, 3, axis=2))["noise"] == pytest.approx(sigma, rel=0.1)


def test_noise_does_not_see_a_slope():
    ramp = np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 200, axis=0)
    assert properties_of(ramp)["noise"] == 0


def test_sharpness_falls_with_blur():
    image = Image.fromarray(texture())
    blurred = [image.filter(ImageFilter.GaussianBlur(radius)) for radius in (0, 0.5, 1, 2, 4, 8)]
    values = [properties_of(np.asarray(picture)) for picture in blurred]
    for region in ("", "@ring", "@cell-2-1", "@corners"):
        steps = np.diff([properties[f"sharpness{region}"] for properties in values])
        assert (steps < 0).all(), region


def test_sharpness_by_hand():
    seen = flat((100,), 24, 24)
    seen[12, 12] = 110  # the Laplacian is -40 there and 10 at its four neighbours
    values = properties_of(seen)
    assert values["sharpness"] == pytest.approx(np.log10(1 + (40**2 + 4 * 10**2) / 24**2))
    assert values["sharpness@top"] == 0


def test_blur_of_one_region_is_seen_there():
    seen = texture()
    seen[:80] = np.asarray(Image.fromarray(seen).filter(ImageFilter.GaussianBlur(3)))[:80]
    before, after = properties_of(texture()), properties_of(seen)
    assert after["sharpness@top"] < before["sharpness@top"] - 0.5
    assert after["sharpness@bottom"] == before["sharpness@bottom"]


@pytest.mark.parametrize(
    ("levels", "share"),
    [
        (np.indices((32, 32)).sum(axis=0) % 2 * 200, 1.0),  # single pixels
        ((np.indices((32, 32)) // 2).sum(axis=0) % 2 * 200, 0.0),  # pairs
        (np.random.default_rng(5).integers(0, 256, (256, 256)), 0.75),  # white noise
    ],
)
def test_share_of_the_finest_detail(levels, share):
    seen = levels.astype(np.uint8)[..., None]
    assert properties_of(seen)["high_frequency"] == pytest.approx(share, abs=0.01)


def test_blockiness_rises_with_compression():
    values = []
    for quality in (95, 50, 20, 8):
        file = io.BytesIO()
        Image.fromarray(texture()).save(file, "JPEG", quality=quality)
        values.append(properties_of(np.array(Image.open(file)))["blockiness"])
    assert abs(properties_of(texture())["blockiness"]) < 0.02
    assert (np.diff(values) > 0).all()
    assert values[-1] > 0.15


def test_blockiness_by_hand():
    blocks = np.random.default_rng(6).integers(0, 256, (4, 4)).repeat(8, 0).repeat(8, 1)
    assert properties_of(blocks[..., None].astype(np.uint8))["blockiness"] == 1
    ramp = np.repeat(np.arange(0, 64, 2)[None], 32, axis=0)  # steps of 2 everywhere
    ramp[:, 8:] += 4  # and of 6 across one of the three edges; up and down there are none
    edge, inside = (6 + 2 + 2) / 6, 28 * 2 / 56
    assert properties_of(ramp[..., None].astype(np.uint8))["blockiness"] == pytest.approx(
        (edge - inside) / (edge + inside)
    )


def test_entropy_by_hand():
    quarter = np.arange(4).repeat(64).reshape(16, 16) * 50
    assert properties_of(quarter[..., None].astype(np.uint8))["entropy"] == 2
    assert properties_of(np.arange(256, dtype=np.uint8).reshape(16, 16, 1))["entropy"] == 8


# Any image, any thread


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "size", [(1, 1), (1, 7), (9, 1), (2, 2), (3, 3), (8, 8), (23, 25), (300, 10)]
)
def test_every_number_is_finite(size, channels):
    rng = np.random.default_rng(7)
    for seen in (
        rng.integers(0, 256, (*size, channels), dtype=np.uint8),
        np.zeros((*size, channels), np.uint8),
        np.full((*size, channels), 255, np.uint8),
    ):
        assert np.isfinite(measure(seen)).all()


def test_input_is_left_alone_and_threads_agree():
    images = [texture(seed=seed) for seed in range(8)]
    copies = [image.copy() for image in images]
    for image in images:
        image.setflags(write=False)
    alone = [measure(image) for image in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(measure, images * 4))
    np.testing.assert_array_equal(together, alone * 4)
    np.testing.assert_array_equal(images, copies)


# Of the file


def test_of_the_file():
    decoded = Decoded(
        seen=flat((0, 0, 0)),
        frame=frame_of(200, 100, 48, 48, "stretch"),
        sha256="",
        width=200,
        height=100,
        notes=(),
        jpeg_quality=float("nan"),
        thumb=b"",
        bytes=5000,
    )
    values = dict(
        zip(
            (image_property.name for image_property in FILE_PROPERTIES),
            file_properties(decoded),
            strict=True,
        )
    )
    assert np.isnan(values.pop("jpeg_quality"))
    assert values == {"width": 200, "height": 100, "aspect": 2, "bytes": 5000, "bits_per_pixel": 2}
