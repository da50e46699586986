"""axe-core's rules on every page, in both themes: contrast, names, outline, keyboard."""

from __future__ import annotations

import pytest

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/compare",
    "/learn?step=pooling",
    "/learn?step=pooling&predict=off",
    "/learn?step=relu&view=presenter&predict=off",
    "/audit",
)

# Names are given once the page has been drawn.
_UNNAMED = "canvas[role=img]:not([aria-label]), section[aria-label][role=presentation]"

# What is about to be replaced is pale, and what is new fades in.
_DRAWN = """() => !document.querySelector("[data-stale=true]") && document.getAnimations().every(
    motion => motion.playState !== "running" || motion.effect.getTiming().iterations > 1)"""

_REACHED = """() => [...document.querySelectorAll(".katex-display")].every(
    own => own.scrollWidth <= own.clientWidth + 1 || own.tabIndex === 0)"""


def violations(page) -> list[str]:
    """Each broken rule with the first element that breaks it."""
    from axe_playwright_python.sync_playwright import Axe

    return [
        f"{rule['id']}: {rule['nodes'][0]['html'][:200]}"
        for rule in Axe().run(page).response["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_is_broken(visitor, scheme):
    visit = visitor(color_scheme=scheme)
    broken = {}
    for path in PAGES:
        visit.page.goto(visit.address + path)
        visit.page.locator("h1").first.wait_for(timeout=120_000)
        visit.settle()
        visit.until(lambda: visit.page.locator(_UNNAMED).count() == 0)
        visit.until(lambda: visit.page.evaluate(_REACHED))
        visit.until(lambda: visit.page.evaluate(_DRAWN))
        if violations(visit.page):  # what is pale while it fades in is not broken
            visit.page.wait_for_timeout(3000)
            broken[path] = violations(visit.page)
    assert not any(broken.values()), broken


def test_a_broken_rule_is_seen(visitor):
    """The control: gray on white, and a button without a name."""
    page = visitor().page
    page.set_content(
        "<html lang=en><title>a</title><main><h1>a</h1><p style='color:#999'>pale</p>"
        "<button></button></main>"
    )
    assert {rule.split(":")[0] for rule in violations(page)} == {"button-name", "color-contrast"}


def test_pages_have_titles_and_one_first_heading(visitor):
    visit = visitor()
    for path, title in (("/", "Explore"), ("/compare", "Compare"), ("/audit", "Audit")):
        visit.page.goto(visit.address + path)
        visit.page.locator("h1").first.wait_for(timeout=120_000)
        visit.settle()
        visit.until(lambda title=title: visit.page.title() == f"{title} · CAM Audit")
        assert visit.page.locator("[data-testid=stMain] h1").count() == 1


def test_upload_buttons_say_what_they_take(visitor):
    visit = visitor().open()
    visit.page.get_by_text("Your file", exact=True).click()
    visit.settle()
    visit.pick("Upload")
    for what in ("Model file", "Class names", "Picture file"):
        visit.until(
            lambda what=what: visit.page.get_by_label(f"Upload: {what}", exact=True).count() == 1
        )


def test_the_keyboard_is_seen_and_motion_can_be_reduced(visitor):
    visit = visitor(reduced_motion="reduce").open()
    link = visit.page.get_by_role("link", name="Compare")
    visit.page.keyboard.press("Tab")
    for _ in range(12):
        if link.evaluate("own => own === document.activeElement"):
            break
        visit.page.keyboard.press("Tab")
    assert link.evaluate("own => getComputedStyle(own).outlineWidth") == "2px"
    longest = visit.page.evaluate(
        """() => Math.max(...[...document.querySelectorAll("*")].map(own =>
            parseFloat(getComputedStyle(own).transitionDuration)))"""
    )
    assert longest <= 0.001
