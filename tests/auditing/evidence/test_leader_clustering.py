"""Leader clustering: what is looked up is what comparing every pair would find."""

import numpy as np
import pytest

from camcore.auditing.evidence import leader_clustering
from camcore.auditing.evidence.leader_clustering import leaders_of

ALIKE = 0.93
BLOCK = 1024


def unit(values):
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def by_every_pair(vectors):
    """The rule itself: leaders of earlier blocks come before those of one's own."""
    leader = np.arange(len(vectors))
    for start in range(0, len(vectors), BLOCK):
        before = [row for row in range(start) if leader[row] == row]
        inside: list[int] = []
        for row in range(start, min(start + BLOCK, len(vectors))):
            for candidates in (before, inside):
                like = vectors[candidates] @ vectors[row]
                if len(like) and like.max() >= ALIKE:
                    leader[row] = candidates[like.argmax()]
                    break
            else:
                inside.append(row)
    return leader


def clustered(count, noise, dimensions=64, seed=0):
    """A third of the rows lie about others, as far as `noise` tells."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, dimensions))
    copies = count // 3
    far = rng.uniform(0, noise, (copies, 1))
    vectors[-copies:] = vectors[:copies] + far * rng.normal(size=(copies, dimensions))
    return unit(vectors[rng.permutation(count)])


@pytest.fixture
def looked_up(monkeypatch):
    """Leaders are looked up even where few of them are; how often is counted."""
    calls = []
    look_up = leader_clustering._Clustering._look_up

    def counted(self, *rows):
        calls.append(look_up(self, *rows))
        return calls[-1]

    monkeypatch.setattr(leader_clustering, "_FEW", 0)
    monkeypatch.setattr(leader_clustering._Clustering, "_look_up", counted)
    return calls


@pytest.mark.parametrize("noise", [0.0, 0.3, 0.8])
def test_looking_up_finds_what_comparing_every_pair_does(noise, looked_up):
    vectors = clustered(4000, noise)
    expected = by_every_pair(vectors)
    np.testing.assert_array_equal(leaders_of(vectors, ALIKE), expected)
    assert looked_up == [True, True, True]
    assert (expected != np.arange(4000)).sum() > 500


def test_comparing_all_finds_the_same():
    vectors = clustered(4000, 0.6)
    np.testing.assert_array_equal(leaders_of(vectors, ALIKE), by_every_pair(vectors))


def test_crowded_buckets_are_compared_pair_by_pair(looked_up):
    # About one direction, at correlations of about 0.9 with each other: none leads many.
    rng = np.random.default_rng(1)
    vectors = unit(rng.normal(size=(1, 128)) + 0.33 * rng.normal(size=(3000, 128)))
    expected = by_every_pair(vectors)
    np.testing.assert_array_equal(leaders_of(vectors, ALIKE), expected)
    assert looked_up == [False, False]
    assert len(set(expected.tolist())) > 1000


@pytest.mark.parametrize("count", [1, 2, 5000])
def test_equal_vectors_have_one_leader_and_zeros_none(count):
    equal = np.tile(unit(np.ones((1, 8))), (count, 1))
    assert leaders_of(equal, ALIKE).tolist() == [0] * count
    assert leaders_of(0 * equal, ALIKE).tolist() == list(range(count))


def test_no_vectors():
    assert leaders_of(np.zeros((0, 8), np.float32), ALIKE).tolist() == []
