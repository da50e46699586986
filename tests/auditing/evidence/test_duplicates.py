"""Near-duplicates: edits of one picture are found, and what merely looks alike is not."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from camcore.auditing.evidence.duplicates import near_duplicates
from camcore.errors import InputError
from camcore.making.digits import render_digit


def photos(count, seed=0, contrast=40.0):
    """Smooth random pictures, floats of mean 120, shape (count, 256)."""
    noise = np.random.default_rng(seed).normal(size=(count, 16, 16))
    fields = ndimage.gaussian_filter(noise, (0, 1.5, 1.5), mode="nearest").reshape(count, -1)
    fields -= fields.mean(axis=1, keepdims=True)
    return 120 + contrast * fields / fields.std(axis=1, keepdims=True)


def thumbs(values):
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def groups_of(values):
    return near_duplicates(thumbs(values), [f"{i:06}" for i in range(len(values))])


def blurred(values):
    return ndimage.gaussian_filter(values.reshape(-1, 16, 16), (0, 0.3, 0.3)).reshape(-1, 256)


def framed(values):
    grid = values.reshape(-1, 16, 16).copy()
    grid[:, [0, 1, 14, 15], :] = 250
    grid[:, :, [0, 1, 14, 15]] = 250
    return grid.reshape(len(values), -1)


def test_copies_are_found_even_of_nothing():
    black = np.zeros((4, 256), np.uint8)
    assert near_duplicates(black, ["b", "a", "b", "a"]).tolist() == [0, 1, 0, 1]


def test_flat_pictures_are_not_alike_for_being_flat():
    assert len(set(groups_of(np.full((20, 256), 128.0)))) == 20


@pytest.mark.parametrize("count", [1, 2, 3, 10, 300])
def test_different_pictures_stay_apart(count):
    assert groups_of(photos(count)).tolist() == list(range(count))


@pytest.mark.parametrize("count", [2, 60, 300])
@pytest.mark.parametrize(
    "edit",
    [
        lambda x, rng: x + 30,
        lambda x, rng: 0.7 * x,
        lambda x, rng: 120 + 1.3 * (x - 120),
        lambda x, rng: x + rng.normal(0, 0.5, x.shape),  # what re-encoding leaves of a thumb
        lambda x, rng: 255 * (x.clip(0, 255) / 255) ** 1.2,
        lambda x, rng: blurred(x),
    ],
    ids=["brighter", "darker", "contrast", "noise", "gamma", "blur"],
)  # fmt: skip
def test_edits_share_the_group_of_their_source(edit, count):
    originals = photos(count, contrast=25)
    edited = edit(originals[: count // 2], np.random.default_rng(1))
    groups = groups_of(np.concatenate([originals, edited]))
    assert groups[:count].tolist() == list(range(count))
    assert groups[count:].tolist() == list(range(count // 2))


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("contrast", [40.0, 8.0])
def test_a_planted_frame_makes_no_duplicates(share, contrast):
    values = photos(200, contrast=contrast)
    values[: int(200 * share)] = framed(values[: int(200 * share)])
    assert np.corrcoef(values[:2])[0, 1] > 0.9  # though they look alike
    assert len(set(groups_of(values))) == 200


def test_digits_of_one_class_stay_apart():
    small = [
        np.asarray(Image.fromarray(render_digit(1, seed)).resize((16, 16), Image.Resampling.BOX))
        for seed in range(150)
    ]
    values = np.array(small, float).reshape(150, -1)
    alike = np.corrcoef(values)
    np.fill_diagonal(alike, -1)
    assert np.median(alike.max(axis=1)) > 0.95  # plain correlation would chain most of them
    counts = np.bincount(groups_of(values))
    assert counts.max() <= 5
    assert len(counts) >= 110


def test_a_chain_is_not_one_group():
    start, end = photos(2, seed=3)
    steps = np.linspace(0, 1, 40)[:, None]
    groups = groups_of(np.concatenate([(1 - steps) * start + steps * end, photos(100)]))
    chain = groups[:40]
    assert chain[0] == chain[1]  # neighbours are alike,
    assert chain[0] != chain[20] != chain[39] != chain[0]  # the ends are not
    assert not set(chain) & set(groups[40:])


def test_many_versions_of_few_sources_are_found():
    rng = np.random.default_rng(5)
    versions = photos(5).repeat(40, axis=0)
    versions = versions * rng.uniform(0.7, 1.1, (200, 1)) + rng.normal(0, 0.5, (200, 256))
    groups = groups_of(np.concatenate([versions, photos(60, seed=1)]))
    assert groups[:200].tolist() == np.arange(5).repeat(40).tolist()
    assert len(set(groups[200:])) == 60


def test_the_order_of_the_listing_does_not_matter():
    rng = np.random.default_rng(6)
    values = np.concatenate([photos(80), photos(80)[:50] + rng.normal(0, 0.5, (50, 256))])
    given, hashes = thumbs(values), np.array([f"{i:06}" for i in rng.permutation(130)])
    groups = near_duplicates(given, hashes)
    order = rng.permutation(130)
    again = near_duplicates(given[order], hashes[order])
    np.testing.assert_array_equal(groups[order][:, None] == groups[order], again[:, None] == again)
    _, first = np.unique(again, return_index=True)
    assert (np.diff(first) > 0).all()  # numbered by their first image


def test_no_pictures():
    assert near_duplicates(np.zeros((0, 256), np.uint8), []).tolist() == []


def test_hashes_must_match():
    with pytest.raises(InputError, match="3 thumbs for 2 hashes"):
        near_duplicates(np.zeros((3, 256), np.uint8), ["a", "b"])


@pytest.mark.slow
def test_twenty_thousand_pictures_take_bounded_memory():
    values = thumbs(photos(20_000))
    values[10_000:10_100] = values[:100] // 2
    tracemalloc.start()
    groups = near_duplicates(values, [f"{i:06}" for i in range(20_000)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (groups[10_000:10_100] == groups[:100]).all()
    assert len(set(groups)) == 19_900
    assert peak < 400 * 2**20
