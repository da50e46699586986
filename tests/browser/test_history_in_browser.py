"""The browser's history: what a page completes is no place of its own, what is chosen is one."""

from __future__ import annotations

import re

import pytest

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser

_PATIENCE = 120_000  # milliseconds; a page that is come to for the first time is read first


def entries(visit) -> int:
    return visit.page.evaluate("() => window.history.length")


@pytest.fixture
def explored(visitor):
    """Explore with its address complete."""
    visit = visitor().open(model="tank-detector", image="tank-hidden")
    visit.page.wait_for_url(re.compile("method="), timeout=_PATIENCE)
    visit.settle()
    return visit


def test_back_from_pages_that_complete_their_address_is_one_press(explored):
    page, home, before = explored.page, explored.page.url, entries(explored)
    for name in ("Compare", "Learn"):
        page.get_by_role("link", name=name).click()
        page.wait_for_url(re.compile(f"/{name.lower()}.*model="), timeout=_PATIENCE)
        explored.settle()
        assert entries(explored) == before + 1
        page.go_back()
        page.wait_for_url(home, timeout=_PATIENCE)
        explored.settle()
        explored.overlay().wait_for()
        assert page.url == home, "it is not left again"


def test_what_is_chosen_is_an_entry(explored):
    """The control: otherwise there would be nothing to go back to."""
    before = entries(explored)
    explored.choose("Method", "Layer-CAM")
    explored.page.wait_for_url(re.compile("method=layer-cam"), timeout=_PATIENCE)
    assert entries(explored) == before + 1
