"""Strategies: planted groups of maps come apart, one continuum does not."""

import numpy as np
import pytest

from camcore.auditing.evidence import strategies as module
from camcore.auditing.evidence.strategies import strategies
from camcore.auditing.rules import Rules


def blobs(count, y, x, spread=0.0, seed=0, side=8):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    y = y + rng.normal(0, spread, (count, 1, 1))
    x = x + rng.normal(0, spread, (count, 1, 1))
    maps = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 2)
    return normalised(np.maximum(maps + rng.normal(-0.1, 0.1, maps.shape), 0))


def normalised(maps):
    return (maps / maps.sum(axis=(1, 2), keepdims=True)).astype(np.float32)


def sizes(result):
    return [len(cluster.members) for cluster in result.clusters]


def partition(result, count):
    labels = np.full(count, -1)
    for number, cluster in enumerate(result.clusters):
        labels[cluster.members] = number
    return labels


def test_three_places_are_three_strategies():
    maps = np.concatenate([blobs(30, 4, 4, 0.5), blobs(50, 0, 0, 0.2), blobs(40, 7, 7, 0.2)])
    maps = np.concatenate([maps, np.zeros((5, 8, 8), np.float32)])
    result = strategies(maps, seed=0)
    assert [sorted(cluster.members) for cluster in result.clusters] == [
        list(range(30, 80)),
        list(range(80, 120)),
        list(range(30)),
    ]
    assert [cluster.share for cluster in result.clusters] == [50 / 125, 40 / 125, 30 / 125]
    assert result.no_evidence.tolist() == [120, 121, 122, 123, 124]
    for cluster, corner in zip(result.clusters, [(0, 0), (7, 7), (4, 4)], strict=True):
        assert cluster.cells[corner]
        assert np.unravel_index(cluster.mean.argmax(), (8, 8)) == corner
        np.testing.assert_allclose(cluster.mean, maps[cluster.members].mean(axis=0), rtol=1e-5)


def test_a_tag_beside_the_object_is_a_strategy_of_its_own():
    maps = blobs(300, 4, 4, 0.8)
    maps[150:, 0, 0] += 0.5
    result = strategies(normalised(maps), seed=0)
    labels = partition(result, 300)
    assert len(result.clusters) == 2
    tagged = labels == labels[150]
    assert tagged[:150].mean() < 0.05
    assert tagged[150:].mean() > 0.95


@pytest.mark.parametrize("seed", range(5))
def test_one_continuum_is_one_strategy(seed):
    rng = np.random.default_rng(seed)
    line = np.concatenate([blobs(1, 4, x, seed=seed) for x in np.linspace(0, 7, 150)])
    plane = np.concatenate([blobs(1, *rng.uniform(0, 7, 2), seed=seed) for _ in range(150)])
    noise = normalised(np.maximum(rng.normal(size=(150, 8, 8)), 0))
    for maps in (line, plane, noise, blobs(150, 4, 4, 1.0, seed)):
        assert sizes(strategies(maps, seed=0)) == [150]


def test_members_and_cells_by_hand():
    rows = [[0.5, 0.5], [1.0, 0.0], [0.9, 0.1]]
    result = strategies(np.array(rows, np.float32)[:, None], seed=0)
    (cluster,) = result.clusters
    assert cluster.cells.tolist() == [[True, False]]  # mean .8 and .2
    assert cluster.members.tolist() == [1, 2, 0]  # by their share in the cell
    np.testing.assert_allclose(cluster.mean, [[0.8, 0.2]], rtol=1e-6)


@pytest.mark.parametrize("count", range(6))
def test_a_handful_is_one_strategy(count):
    result = strategies(blobs(count, 3, 3), seed=0)
    assert sizes(result) == [count] * bool(count)
    assert result.no_evidence.size == 0


@pytest.mark.parametrize("count", [1, 5, 40, 200])
def test_equal_maps_are_one_strategy(count):
    maps = np.full((count, 3, 3), 1 / 9, np.float32)
    result = strategies(maps, seed=0)
    assert [cluster.members.tolist() for cluster in result.clusters] == [list(range(count))]
    assert strategies(0 * maps, seed=0).clusters == ()
    assert strategies(0 * maps, seed=0).no_evidence.tolist() == list(range(count))


def test_two_piles_of_equal_maps_are_two_strategies():
    maps = np.zeros((50, 2, 2), np.float32)
    maps[::2, 0, 0] = maps[1::2, 1, 1] = 1
    result = strategies(maps, seed=0)
    assert [cluster.members.tolist() for cluster in result.clusters] == [
        list(range(0, 50, 2)),
        list(range(1, 50, 2)),
    ]


def test_maps_beyond_the_graph_join_their_nearest(monkeypatch):
    monkeypatch.setattr(module, "RULES", Rules(strategies_images=60))
    maps = np.concatenate([blobs(200, 4, 4, 0.5), blobs(100, 0, 0, 0.2)])
    result = strategies(maps, seed=0)
    assert [sorted(cluster.members) for cluster in result.clusters] == [
        list(range(200)),
        list(range(200, 300)),
    ]


@pytest.mark.parametrize("side", [17, 40])
def test_fine_maps_are_pooled_and_shown_as_they_are(side):
    maps = np.zeros((60, side, side), np.float32)
    maps[:40, 0, 0] = maps[40:, -1, -1] = 1
    result = strategies(maps, seed=0)
    assert sizes(result) == [40, 20]
    assert np.argwhere(result.clusters[1].cells).tolist() == [[side - 1, side - 1]]


def test_neither_order_nor_history_matters():
    maps = np.concatenate([blobs(45, 4, 4, 0.5), blobs(35, 0, 0, 0.2)])
    order = np.random.default_rng(0).permutation(80)
    labels = partition(strategies(maps, seed=0), 80)
    np.testing.assert_array_equal(labels[order], partition(strategies(maps[order], seed=0), 80))
    for cluster, other in zip(
        strategies(maps, seed=3).clusters, strategies(maps, seed=3).clusters, strict=True
    ):
        np.testing.assert_array_equal(cluster.members, other.members)
        np.testing.assert_array_equal(cluster.mean, other.mean)
