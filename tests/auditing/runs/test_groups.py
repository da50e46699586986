"""Pictures of ImageNet without labels: its classes are joined into groups, or that is offered."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import camcore
from camcore.errors import InputError
from camcore.sources.synsets import columns_of
from tests.block_classifier import BlockClassifier

SIZE = 32


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """As many red as blue pictures in one flat folder, each of another green."""
    folder = tmp_path_factory.mktemp("flat")
    rng = np.random.default_rng(3)
    for number in range(2 * SIZE):
        pixels = rng.integers(0, 9, (32, 32, 3), np.uint8)
        pixels[..., 2 * (number % 2)] += 200
        pixels[..., 1] += 3 * number
        Image.fromarray(pixels).save(folder / f"{number:02d}.png")
    return folder


@pytest.fixture
def breeds():
    """Takes red pictures for dogs and blue ones for birds; their green decides of which kind."""
    weights, bias = np.zeros((3, 1000)), np.zeros(1000)
    for group, channel in (("dog", 0), ("bird", 2)):
        columns = list(columns_of(group))
        green = np.linspace(0, 1, len(columns))  # the column whose green is nearest wins
        weights[channel, columns] = 200
        weights[1, columns], bias[columns] = 400 * green, -200 * green**2
    classifier = BlockClassifier(weights, [f"class {column}" for column in range(1000)])
    classifier.bias = bias.astype(np.float32)
    return classifier


def test_classes_are_joined(pictures, breeds, tmp_path):
    run = camcore.audit(pictures, breeds, out=tmp_path / "run", labels="groups", budget=0)
    names = [audited["name"] for audited in run.record["classes"]["classes"]]
    sizes = run.images["klass"].value_counts()
    assert {names[klass]: size for klass, size in sizes.items()} == {"dog": SIZE, "bird": SIZE}
    assert not any("--labels groups" in note for note in run.summary["notes"])


def test_joining_is_offered_where_single_classes_are_too_small(pictures, breeds, tmp_path):
    run = camcore.audit(pictures, breeds, out=tmp_path / "run", budget=0)
    note = next(note for note in run.summary["notes"] if "--labels groups" in note)
    assert note.endswith(f"these groups have enough: dog ({SIZE}), bird ({SIZE})")


def test_other_classes_are_not_joined(pictures, tmp_path):
    three = BlockClassifier(np.eye(3), ["red", "green", "blue"])
    with pytest.raises(InputError, match="this model has 3 classes"):
        camcore.audit(pictures, three, out=tmp_path / "run", labels="groups", budget=0)
    run = camcore.audit(pictures, three, out=tmp_path / "plain", budget=0)
    assert not any("--labels groups" in note for note in run.summary["notes"])
