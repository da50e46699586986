"""The lesson opened at a step, and what its networks see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

import camcore
from tests.pages.app_page import DASHBOARD, assert_calm


@pytest.fixture
def visit(monkeypatch) -> Callable[..., AppTest]:
    """Open the lesson at an address; its questions are off where the address does not say."""
    monkeypatch.chdir(DASHBOARD.parent)

    def open_page(**query: str | None) -> AppTest:
        app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
        app.switch_page("pages/learn.py")
        for name, value in ({"predict": "off"} | query if query else query).items():
            if value is not None:
                app.query_params[name] = value
        return assert_calm(app.run())

    return open_page


@pytest.fixture
def seen(bundled_model):
    """A sample picture under a bundled model: features and, for a class, gradients."""
    engine = camcore.Engine()

    def make(model: str, sample: str):
        picture = camcore.read_image(camcore.sample(sample).file)
        return engine, bundled_model(model), picture

    return make
