"""Passes are shared between sessions; what they are shown for is each session's own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import streamlit as st

import camcore
from pages.session import slow_maps
from tests.block_classifier import BlockClassifier, red_or_blue


class Slow(BlockClassifier):
    """Answers variants once it may."""

    def __init__(self, *given) -> None:
        super().__init__(*given)
        self.may = threading.Event()
        self.began = threading.Event()

    def scores(self, images: np.ndarray):
        if len(images) > 1:
            self.began.set()
            self.may.wait(10)
        return super().scores(images)


@pytest.fixture
def picture():
    rng = np.random.default_rng(0)
    return camcore.read_image(rng.integers(0, 255, (32, 32, 3), np.uint8), name="noise.png")


def asked(engine, model, picture, targets):
    options = {"layer": "blocks", "fit": "stretch", "preprocessing": None}
    return slow_maps.explain_with_progress(
        engine, model, picture, targets, "score-cam", "score", options, st.empty()
    )


def test_two_sessions_share_passes_and_each_has_its_classes(picture, monkeypatch):
    model, engine = Slow(red_or_blue().weights), camcore.Engine()
    monkeypatch.setattr(slow_maps, "UNASKED", float("inf"))
    monkeypatch.setattr(engine, "estimate", lambda *args, **options: 0.0)
    with ThreadPoolExecutor(2) as sessions:
        first = sessions.submit(asked, engine, model, picture, [0])
        assert model.began.wait(10)
        second = sessions.submit(asked, engine, model, picture, [1, 0])
        model.may.set()
        answers = [session.result(60) for session in (first, second)]
    assert [[shown.target.name for shown in each] for each in answers] == [
        ["red"], ["blue", "red"],
    ]  # fmt: skip


def test_the_names_are_those_of_the_session(picture):
    engine = camcore.Engine()
    weights = red_or_blue().weights
    first = engine.explain(BlockClassifier(weights), picture, target=0, method="occlusion")
    other = BlockClassifier(weights, ("rot", "blau"))
    assert engine.explain(other, picture, target=0, method="occlusion").target.name == "rot"
    assert first.target.name == "red"


def test_the_key_holds_what_numbers_depend_on(picture):
    engine, model = camcore.Engine(), red_or_blue()

    def key(method: str, **options):
        return engine.key(model, picture, method=method, **options)

    assert key("cam", targets=[0]) != key("cam", targets=[0, 1])
    assert key("cam", targets=[1, 0]) == key("cam", targets=[0, 1])
    assert key("cam", targets=[0]) != key("grad-cam", targets=[0])
    assert key("grad-cam", of="probability") != key("grad-cam", of="score")
    assert key("cam", fit="crop") != key("cam")
    assert key("score-cam", targets=[0]) == key("score-cam", targets=[1])
