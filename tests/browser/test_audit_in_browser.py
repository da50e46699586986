"""The audit as people use it: the legend from the form to the report, and servers that die."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from camcore.auditing.report import write_report
from camcore.auditing.runs.drawn_boxes import drawn_boxes
from camcore.auditing.runs.run import Run
from camcore.making.scenes import write_scenes
from tests.auditing.planted_run import planted_run

if TYPE_CHECKING:
    from visits import Visit

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser

_PATIENCE = 900_000  # milliseconds: a whole audit beside another on two busy cores


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Iterator[Path]:
    """Where the servers of a test keep their runs; no process of theirs outlives the test."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("CAMCORE_RUNS", str(folder))
    yield folder
    for file in folder.glob("*/progress.json"):
        if Run(file.parent).state == "running":
            os.kill(json.loads(file.read_text())["process"], signal.SIGKILL)


@pytest.fixture
def serve(chromium, tmp_path, runs) -> Callable:
    """Start a server on the same runs; it is gone behind the block."""
    from visits import running_server

    number = 0

    @contextmanager
    def start() -> Iterator[str]:
        nonlocal number
        number += 1
        home = tmp_path / f"server-{number}"
        home.mkdir()
        with running_server(home) as address:
            yield address

    return start


@pytest.fixture(scope="module")
def planted(tmp_path_factory) -> Run:
    """A complete run, written by hand; nothing here changes it."""
    run = planted_run(tmp_path_factory.mktemp("planted") / "runs" / "planted")
    write_report(run)
    return run


@pytest.fixture(scope="module")
def planted_server(chromium, planted) -> Iterator[str]:
    """One server for all who look at that run."""
    from visits import running_server

    runs = planted.folder.parent
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAMCORE_RUNS", str(runs))
        with running_server(runs.parent) as address:
            yield address


@pytest.fixture(scope="module")
def scenes(tmp_path_factory) -> Path:
    """Few of the legend's scenes, but enough of each class."""
    return write_scenes("laboratory", 80, 11, tmp_path_factory.mktemp("scenes") / "few")


def other_tab(page, server: str):
    """A tab that a link has opened, once it shows a map."""
    from visits import Visit

    tab = Visit(page, server)
    tab.overlay().wait_for(timeout=_PATIENCE)
    tab.settle()
    return tab


def open_audit(visit: Visit, **query: str) -> Visit:
    visit.page.goto(f"{visit.address}/audit?{urlencode(query)}")
    visit.page.get_by_test_id("stHeading").first.wait_for(timeout=_PATIENCE)
    return visit


def asked(visit: Visit) -> dict[str, str]:
    """The query of the address."""
    return {name: values[0] for name, values in parse_qs(visit.query()).items()}


def start_small(visit: Visit, scenes: Path) -> str:
    """Start the audit of a folder; the run's name."""
    open_audit(visit)
    page = visit.page
    page.get_by_role("radio", name="Path").click()
    page.get_by_role("textbox", name="Folder, CSV or zip on this machine").fill(str(scenes))
    page.get_by_role("button", name="Start the audit").click()
    page.wait_for_url("**run=*", timeout=_PATIENCE)
    return asked(visit)["run"]


def wait_for_state(visit: Visit, state: str) -> None:
    visit.page.locator(".stMarkdownBadge", has_text=state).wait_for(timeout=_PATIENCE)
    visit.settle()


def process_of(folder: Path) -> int:
    """The number of the process that works on a run, once it has told."""
    for _ in range(1200):
        if (folder / "progress.json").exists():
            return json.loads((folder / "progress.json").read_text())["process"]
        time.sleep(0.1)
    raise AssertionError("the process never said where it is")


@pytest.mark.slow
def test_the_legend_is_caught_whatever_dies_on_the_way(visitor, serve, runs, scenes):
    """Killed, paused, left alone by tab and server: one audit, and its verdict is read."""
    with serve() as server:
        visit = visitor(server)
        name = start_small(visit, scenes)
        os.kill(process_of(runs / name), signal.SIGKILL)
        wait_for_state(visit, "interrupted")
        visit.page.get_by_role("button", name="Go on").click()
        wait_for_state(visit, "running")
        visit.page.get_by_role("button", name="Pause").click()
        wait_for_state(visit, "paused")
        visit.page.get_by_role("button", name="Go on").click()
        wait_for_state(visit, "running")
        visit.page.context.close()
    assert Run(runs / name).state == "running", "the audit outlives its server"
    with serve() as server:
        visit = open_audit(visitor(server), run=name)
        wait_for_state(visit, "complete")
        assert Run(runs / name).images.index.tolist() == list(range(80))
        read_verdict(visit, runs / name, scenes)


def read_verdict(visit: Visit, folder: Path, scenes: Path) -> None:
    """From the card of the sky to its evidence, a picture in Explore, a decision and the report."""
    page, name = visit.page, folder.name
    card = page.locator("[data-testid=stMain]").get_by_text("top band").first
    card.wait_for()
    relied_on = [finding for finding in Run(folder).findings if finding.level == "relied on"]
    sky = next(finding for finding in relied_on if finding.family == "sky/top-band")
    page.locator(f"a[href*='finding={sky.id}']").first.click()
    page.get_by_text("Before and after", exact=True).wait_for(timeout=_PATIENCE)
    visit.settle()
    visit.until(lambda: asked(visit) == {"run": name, "finding": sky.id})
    other = "forest" if sky.class_name == "tank" else "tank"
    flipped = page.get_by_text(f"{other} → {sky.class_name}, under the control {other}")
    visit.until(lambda: flipped.count() >= 2)
    pictures = page.locator("[data-testid=stImage] img")
    visit.until(lambda: pictures.count() >= 12)
    assert all(picture.get_attribute("alt") for picture in pictures.all())

    with page.context.expect_page() as opened:
        page.locator("[data-testid=stImage] a").last.click()
    explore = other_tab(opened.value, visit.address)
    there = asked(explore)
    assert there["path"].startswith(str(scenes))
    assert (there["model"], there["class"]) == ("cloud-detector", sky.class_name)
    explore.page.close()

    page.get_by_role("radio", name=re.compile("confirmed spurious")).click(force=True)
    page.get_by_role("textbox", name="Your name").fill("Ada")
    page.get_by_role("textbox", name="Note").fill("clouds are no tanks")
    page.get_by_role("button", name="Keep the decision").click()
    page.get_by_text("confirmed spurious · Ada").wait_for(timeout=_PATIENCE)
    page.get_by_role("link", name="All findings").click()
    page.wait_for_url(f"**?run={name}")
    page.get_by_role("button", name="Report").wait_for(timeout=_PATIENCE)
    visit.settle()
    page.get_by_text("confirmed spurious · Ada").wait_for()  # on its card, too
    with page.expect_download() as download:
        page.get_by_role("button", name="Report").click()
    report = Path(download.value.path()).read_text(encoding="utf-8")
    assert "clouds are no tanks" in report
    assert "Ada" in report


def test_each_place_has_its_address_and_the_browser_goes_back(visitor, planted_server):
    visit = open_audit(visitor(planted_server))
    page = visit.page
    page.get_by_role("link", name="planted").click()
    page.wait_for_url("**?run=planted")
    page.get_by_role("link", name="See the evidence").first.click()
    page.wait_for_url("**finding=*")
    evidence = page.get_by_text("Before and after", exact=True)
    evidence.wait_for(timeout=_PATIENCE)
    page.go_back()
    page.get_by_role("link", name="See the evidence").first.wait_for(timeout=_PATIENCE)
    visit.until(lambda: evidence.count() == 0)
    visit.settle()
    page.go_forward()
    evidence.wait_for(timeout=_PATIENCE)
    page.get_by_role("link", name="All runs").click()
    page.get_by_role("button", name="Start the audit").wait_for(timeout=_PATIENCE)
    visit.until(lambda: asked(visit) == {})


def test_the_board_leads_into_explore_and_back_finds_the_view(visitor, planted_server, planted):
    visit = open_audit(visitor(planted_server), run="planted")
    page = visit.page
    page.get_by_role("radio", name="Images").click()
    figures = page.locator(".board figure")
    figures.first.wait_for(timeout=_PATIENCE)
    visit.until(lambda: asked(visit) == {"run": "planted", "view": "images"})
    visit.settle()
    page.reload()
    figures.first.wait_for(timeout=_PATIENCE)
    visit.settle()
    image = int(figures.first.get_by_role("checkbox").get_attribute("value"))
    with page.context.expect_page() as opened:
        figures.first.get_by_role("link").click()
    explore = other_tab(opened.value, planted_server)
    assert urlsplit(explore.page.url).path == "/"
    assert asked(explore)["path"] == str(planted.path_of(image))
    page.get_by_role("radio", name="Table").click()
    page.get_by_test_id("stDataFrame").first.wait_for(timeout=_PATIENCE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(visitor, planted_server, planted, scheme):
    visit = visitor(planted_server, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    finding = planted.findings[0].id
    for query in (
        {}, {"run": "planted"}, {"run": "planted", "finding": finding},
        {"run": "planted", "view": "images"}, {"run": "planted", "view": "run"},
    ):  # fmt: skip
        open_audit(visit, **query)
        visit.settle()
        assert visit.page.get_by_test_id("stException").count() == 0
        assert visit.page.get_by_test_id("stAlertContentError").count() == 0
        width = visit.page.evaluate(
            """() => Math.max(
                document.documentElement.scrollWidth,
                document.querySelector("[data-testid=stMain]").scrollWidth)"""
        )
        assert width <= 390, query


def test_pictures_and_model_are_tried_before_the_start(visitor, serve, runs, scenes):
    """Named by another word than the model's, the folders are asked for, with what is right."""
    renamed = scenes.parent / "renamed"
    shutil.copytree(scenes / "forest", renamed / "woods")
    shutil.copytree(scenes / "tank", renamed / "tanks")
    with serve() as server:
        visit = visitor(server)
        open_audit(visit)
        page = visit.page
        page.get_by_role("radio", name="Path").click()
        path = page.get_by_role("textbox", name="Folder, CSV or zip on this machine")
        path.fill(str(renamed))
        path.press("Enter")
        page.get_by_text("What the folder names stand for").wait_for(timeout=_PATIENCE)
        visit.settle()
        assert page.locator("[data-testid=stImage] img").count() == 2
        woods = page.get_by_role("combobox", name=re.compile("^woods"))
        # A list that opens while the page still scrolls closes again.
        page.get_by_role("button", name="Start the audit").scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        woods.click()
        page.get_by_role("option", name="forest · 0").click()
        page.keyboard.press("Escape")
        right = page.get_by_text(re.compile(r"names 20 of 20 pictures rightly"))
        right.wait_for(timeout=_PATIENCE)
        page.get_by_text(re.compile("forward passes, on this machine")).wait_for()
        page.get_by_role("button", name="Start the audit").click()
        page.wait_for_url("**run=*", timeout=_PATIENCE)
        name = asked(visit)["run"]
    mapping = json.loads((runs / name / "given" / "labels.json").read_text())
    assert mapping == {"tanks": [1], "woods": [0]}


def test_the_board_is_sized_in_the_browser_and_ticked_images_are_a_list(visitor, planted_server):
    visit = open_audit(visitor(planted_server), run="planted", view="images")
    page = visit.page
    figures = page.locator(".board figure")
    figures.first.wait_for(timeout=_PATIENCE)
    visit.settle()
    assert all(own.get_attribute("alt") is not None for own in page.locator(".board img").all())
    width = figures.first.bounding_box()["width"]
    before = len(visit.sent)
    page.locator(".board-controls .size").fill("320")
    visit.until(lambda: figures.first.bounding_box()["width"] > width)
    assert len(visit.sent) == before, "the server was asked"
    figures.nth(1).get_by_role("checkbox").check()
    page.get_by_role("button", name="1 ticked image as CSV").wait_for(timeout=_PATIENCE)
    visit.settle()
    with page.expect_download(timeout=_PATIENCE) as download:
        page.get_by_role("button", name="1 ticked image as CSV").click()
    head, row, end = Path(download.value.path()).read_text(encoding="utf-8").split("\n")
    assert head.startswith("id,path,class,predicted")
    assert figures.nth(1).get_by_role("checkbox").get_attribute("value") == row.split(",")[0]
    assert end == ""


def test_a_box_around_the_object_is_drawn_behind_a_finding(visitor, planted_server, planted):
    run = Run(shutil.copytree(planted.folder, planted.folder.parent / "in-doubt"))
    sky = "tank--sky-top-band"
    asked = {"class": "tank", "findings": [sky], "pictures": [21, 3]}
    run.store.write_json("findings.json", run.summary | {"asked": [asked]})
    visit = open_audit(visitor(planted_server), run="in-doubt", finding=sky)
    page = visit.page
    canvas = page.locator(".box-canvas canvas")
    canvas.wait_for(timeout=_PATIENCE)
    visit.settle()
    canvas.scroll_into_view_if_needed()
    area = canvas.bounding_box()
    page.mouse.move(area["x"] + 0.75 * area["width"], area["y"] + 0.75 * area["height"])
    page.mouse.down()
    page.mouse.move(area["x"] + 0.25 * area["width"], area["y"] + 0.5 * area["height"], steps=5)
    page.mouse.up()
    visit.until(lambda: drawn_boxes(run))
    ((image, ((x0, y0, x1, y1),)),) = drawn_boxes(run).items()
    side = int(run.images.at[21, "width"])
    true = (0.25 * side, 0.5 * side, 0.75 * side, 0.75 * side)
    assert image == 21
    assert all(abs(edge - at) <= 1 for edge, at in zip((x0, y0, x1, y1), true, strict=True))
    page.get_by_text("Picture 2 of 2: forest").wait_for(timeout=_PATIENCE)
    assert page.get_by_role("button", name="Judge again with these boxes").is_disabled()
