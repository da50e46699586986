"""What an audit will take, on a network whose time a picture is known."""

from __future__ import annotations

import json
import tempfile
import time

import pytest

import camcore
from camcore.auditing.preflight.cost import cost
from camcore.errors import InputError, LabelsError
from tests.auditing.folders import tagged_folder
from tests.auditing.linear_classifier import LinearClassifier, looks_at

_SLOW = 0.002  # seconds a picture


class Slow(LinearClassifier):
    """The same, but each picture takes its time."""

    def scores(self, images):
        time.sleep(_SLOW * len(images))
        return super().scores(images)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return tagged_folder(tmp_path_factory.mktemp("data") / "tagged", each=50)


def test_the_passes_are_those_of_the_pictures_listed(pictures):
    expected = camcore.estimate(pictures, looks_at((0, 0)), method="hirescam", budget=20_000)
    assert (expected.pictures, expected.classes, expected.measured) == (100, 2, 64)
    same = cost({"a": 50, "b": 50}, 20_000, expected.pass_seconds, expected.scan_seconds)
    assert expected.cost == same
    assert expected.cost.classes == 2
    assert expected.core_hours[0] == same.seconds[0] * expected.cores / 3600
    written = json.loads(json.dumps(expected.as_json()))
    assert (written["passes"], written["tested_classes"]) == (list(same.passes), 2)


def test_a_slow_network_is_measured_to_be_slow(pictures):
    plain = looks_at((0, 0))
    slow = Slow(plain.weights, plain.bias)
    fast_cost, slow_cost = (
        camcore.estimate(pictures, model, method="hirescam", budget=0) for model in (plain, slow)
    )
    assert slow_cost.pass_seconds >= _SLOW > fast_cost.pass_seconds
    assert slow_cost.scan_seconds >= _SLOW
    assert slow_cost.cost.seconds[0] >= 100 * _SLOW


def test_what_an_audit_refuses_is_refused_and_nothing_is_left(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    camcore.estimate(pictures, looks_at((0, 0)), method="hirescam", budget=0)
    with pytest.raises(InputError, match="no layer 'conv9'"):
        camcore.estimate(pictures, looks_at((0, 0)), layer="conv9")
    plain = looks_at((0, 0))
    with pytest.raises(LabelsError):
        camcore.estimate(pictures, LinearClassifier(plain.weights, plain.bias, ("x", "y")))
    assert list(tmp_path.iterdir()) == []


def test_the_scan_alone_is_what_was_measured_of_it():
    assert cost({"a": 10, "b": 10}, 0, 0.5, 2.0).seconds == (40.0, 80.0)
    assert cost({"a": 10, "b": 10}, 0, 0.5).seconds == (20.0, 80.0)


def test_the_command_prints_it_and_needs_no_place(command_line, pictures):
    words = ("audit", pictures, "--model", "cloud-detector", "--labels", "none", "--budget", "0")
    status, said, err = command_line(*words, "--plan-only", "--precision", "float32", "--json")
    assert status == 0, err
    told = json.loads(said)
    assert (told["command"], told["status"], told["result"]["pictures"]) == ("audit", 0, 100)
    heads = [line.split(":")[0] for line in err.splitlines()[-5:]]
    assert heads == ["pictures", "forward passes", "time", "cost", "measured on 64 pictures"]
    # The control: without it an audit needs a place.
    status, _, err = command_line(*words)
    assert status == 2
    assert "--out" in err
