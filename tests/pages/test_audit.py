"""Audit, driven through its widgets on a run that was written by hand."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image
from streamlit.testing.v1 import AppTest

from camcore.auditing.report import write_report
from camcore.auditing.run import Run
from camcore.auditing.settings import Settings
from camcore.auditing.store import Store
from camcore.auditing.watch import Watch
from pages.shared import navigation
from pages.shared.audit import flagged, launching
from tests.auditing.planted_run import planted_run

DASHBOARD = Path(__file__).parents[2] / "dashboard.py"
AUDIT, EXPLORE = "pages/audit.py", "pages/explore.py"
SKY = "tank--sky-top-band"
NO_MATCH = (
    "None of the labels 'bush', 'panzer' is a class of the model; give --labels MAP, a file that "
    "says which classes each label stands for, or --labels none to audit by predicted class."
)


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    """One complete run; tests work on copies."""
    folder = tmp_path_factory.mktemp("original") / "run"
    write_report(planted_run(folder))
    return folder


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    """The folder of runs, empty."""
    monkeypatch.setenv("CAMCORE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def run(runs, original) -> Run:
    """A complete run called ``planted``."""
    shutil.copytree(original, runs / "planted")
    return Run(runs / "planted")


@pytest.fixture
def visit(monkeypatch, runs) -> Callable[..., AppTest]:
    """Open the Audit page, or another, at an address.

    AppTest starts every run of a page that is not the default one without dashboard.py, so that
    what a widget says comes a run late: the page that is opened is made the default one.
    """
    monkeypatch.chdir(DASHBOARD.parent)

    def open_page(page: str = AUDIT, **query: str) -> AppTest:
        first = sorted(navigation.PAGES, key=lambda own: own.path != page)
        monkeypatch.setattr(navigation, "PAGES", tuple(first))
        app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return open_page


class _Process:
    """A process that does nothing, and has not ended."""

    def poll(self) -> int | None:
        return None


@pytest.fixture
def launched(monkeypatch) -> list[tuple[Settings, Path]]:
    """What would have been started; nothing is."""
    calls: list[tuple[Settings, Path]] = []

    def launch(settings: Settings, folder: Path) -> _Process:
        (folder / "lock").touch()
        calls.append((settings, folder))
        return _Process()

    monkeypatch.setattr(launching, "launch", launch)
    return calls


def stopped_run(folder: Path, state: str, *, message: str = "", **settings: str) -> Run:
    """A run that was started from the page and stopped in its scan, or failed before it."""
    (folder / "given").mkdir(parents=True)
    (folder / "lock").touch()
    asked = Settings(settings.pop("source", "/no/pictures"), "cloud-detector", **settings)
    note = {"settings": asked.as_json(), "time": 0.0}
    (folder / "given" / "asked.json").write_text(json.dumps(note))
    with Store(folder).locked():
        watch = Watch(folder)
        watch.begin("model" if message else "scan", total=0 if message else 400)
        if not message:
            watch.begin("scan", total=400, done=100, bad=3)
        if state != "interrupted":
            watch.end(state, message)
    return Run(folder)


@pytest.fixture
def busy() -> Iterator[Callable[[Run], None]]:
    """Hold the lock of a run, as its process does."""
    held = []

    def hold(run: Run) -> None:
        lock = FileLock(run.folder / "lock")
        lock.acquire(timeout=5)
        held.append(lock)

    yield hold
    for lock in held:
        lock.release()


def words(app: AppTest) -> str:
    """Everything that the page says, escapes taken out."""
    kinds = (app.subheader, app.markdown, app.caption, app.info, app.progress)
    texts = [getattr(own, "text", None) or str(own.value) for kind in kinds for own in kind]
    return "\n".join(texts).replace("\\", "")


def address(app: AppTest) -> dict[str, str]:
    return {
        name: own[0] if isinstance(own := app.query_params[name], list) else own
        for name in app.query_params
    }


def links(app: AppTest) -> dict[str, dict[str, str]]:
    """The page's links by their words, with the query that they lead to."""
    return {
        own.value.replace("\\", ""): {
            name: values[0] for name, values in parse_qs(own.proto.query_string).items()
        }
        for own in app.page_link
    }


def assert_calm(app: AppTest) -> None:
    """No traceback and no error on the page."""
    assert not app.exception, [own.value for own in app.exception]
    assert not app.error, [own.value for own in app.error]


def the_error(app: AppTest) -> str:
    """The one sentence that says what is wrong."""
    assert not app.exception
    (error,) = app.error
    return error.value.replace("\\", "")


# -- the form --------------------------------------------------------------------------------


def test_first_visit_offers_the_sample_and_has_no_runs(visit):
    app = visit()
    assert_calm(app)
    assert "The legend's laboratory: forest scenes" in words(app)
    assert app.selectbox(key="model-bundled").value == "cloud-detector"
    assert "None yet." in words(app)


def test_what_was_chosen_is_what_starts(visit, launched, tmp_path):
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(tmp_path))
    app.selectbox(key="model-bundled").set_value("tank-detector")
    app.text_input(key="audit-layer").set_value(" conv4 ")
    app.selectbox(key="audit-method").set_value("layer-cam")
    app.segmented_control(key="audit-fit").set_value("pad")
    app.selectbox(key="audit-labels").set_value("none")
    app.number_input(key="audit-budget").set_value(500)
    app.number_input(key="audit-seed").set_value(7)
    app.button(key="audit-start").click().run()
    assert_calm(app)
    ((settings, folder),) = launched
    assert settings == Settings(
        str(tmp_path), "tank-detector", layer="conv4", method="layer-cam", fit="pad",
        labels="none", budget=500, seed=7,
    )  # fmt: skip
    assert address(app) == {"run": folder.name}
    assert "Starting" in words(app)
    assert app.button(key="audit-pause").disabled


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("", "type the path of a folder"), ("/no/such/folder", "does not exist")],
)
def test_pictures_that_are_not_there(visit, launched, path, sentence):
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(path)
    app.button(key="audit-start").click().run()
    assert sentence in the_error(app)
    assert not launched


def test_a_folder_of_runs_that_cannot_be_written(visit, launched, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("CAMCORE_RUNS", str(tmp_path / "file" / "runs"))
    app = visit()
    app.button(key="audit-start").click().run()
    assert "CAMCORE_RUNS" in the_error(app)
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(tmp_path))
    app.button(key="audit-start").click().run()
    assert "CAMCORE_RUNS" in the_error(app)
    assert not launched


def test_a_data_root_bounds_pictures_and_runs(visit, launched, tmp_path, monkeypatch, original):
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(tmp_path / "data"))
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(tmp_path))
    app.button(key="audit-start").click().run()
    assert "outside the folder" in the_error(app)
    assert not launched
    assert "outside the folder" in the_error(visit(run=str(original)))


def test_no_model(visit, launched):
    app = visit()
    app.segmented_control(key="model-group").set_value("Your file").run()
    app.button(key="audit-start").click().run()
    assert "Choose a model" in the_error(app)
    assert not launched


def test_uploads_move_into_the_run(visit, launched):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("tank/1.png", b"...")
    app = visit()
    app.segmented_control(key="audit-source").set_value("Upload").run()
    app.file_uploader(key="audit-upload").upload("pets.zip", buffer.getvalue(), "application/zip")
    app.selectbox(key="audit-labels").set_value("file").run()
    app.file_uploader(key="audit-mapping").upload("map.json", b'{"tank": [1]}', "text/json").run()
    app.button(key="audit-start").click().run()
    assert_calm(app)
    ((settings, folder),) = launched
    assert settings.source == str(folder / "given" / "pets.zip")
    assert settings.labels == str(folder / "given" / "map.json")
    assert Path(settings.source).read_bytes() == buffer.getvalue()


def test_a_mapping_that_was_not_given(visit, launched):
    app = visit()
    app.selectbox(key="audit-labels").set_value("file").run()
    app.button(key="audit-start").click().run()
    assert "mapping file" in the_error(app)
    assert not launched


# -- a run that is not complete --------------------------------------------------------------


def test_a_running_audit_says_where_it_is_and_can_be_paused(visit, runs, busy):
    run = stopped_run(runs / "one", "interrupted")
    busy(run)
    app = visit(run="one")
    assert_calm(app)
    assert "100 of 400 images" in words(app)
    assert "3 files unreadable" in words(app)
    app.button(key="audit-pause").click().run()
    assert (run.folder / "stop").read_text() == "paused"
    assert "Pausing" in words(app)


def test_cancelling(visit, runs, busy):
    run = stopped_run(runs / "one", "interrupted")
    busy(run)
    visit(run="one").button(key="audit-cancel").click().run()
    assert (run.folder / "stop").read_text() == "cancelled"


@pytest.mark.parametrize("state", ["interrupted", "paused", "cancelled"])
def test_a_stopped_audit_says_so_and_goes_on(visit, runs, launched, state):
    run = stopped_run(runs / "one", state)
    app = visit(run="one")
    assert_calm(app)
    assert state in app.info[0].value
    assert "100 of 400 images" in app.info[0].value
    app.button(key="audit-go-on").click().run()
    assert launched == [(launching.settings_of(run), run.folder)]
    assert "Starting" in words(app)


def test_a_failed_audit_says_why_in_one_sentence(visit, runs, launched):
    stopped_run(runs / "one", "failed", message="the disk of /data is full; make room.")
    app = visit(run="one")
    assert the_error(app) == "The disk of /data is full; make room."
    app.button(key="audit-go-on").click().run()
    assert len(launched) == 1


def test_a_run_of_the_command_line_that_told_nothing(visit, runs):
    (runs / "one").mkdir(parents=True)
    (runs / "one" / "lock").touch()
    (runs / "one" / "log.txt").write_text("all is lost\n")
    app = visit(run="one")
    assert_calm(app)
    assert "all is lost" in words(app)
    assert "command line" in words(app)


def test_labels_that_match_nothing_are_mapped_right_there(visit, runs, launched, tmp_path):
    for place in ("bush/1.png", "panzer/2.png", "panzer/3.png"):
        (tmp_path / "data" / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "data" / place)
    run = stopped_run(
        runs / "one", "failed", message=NO_MATCH, source=str(tmp_path / "data"), seed=5
    )
    app = visit(run="one")
    assert "is a class of the model." in the_error(app)
    assert "--labels" not in the_error(app)
    labels = [own.label for own in app.multiselect]
    assert labels == ["bush · 1 picture", "panzer · 2 pictures"]
    button = next(own for own in app.button if own.label == "Audit with this mapping")
    button.click().run()
    assert "Choose at least one class" in app.error[-1].value
    app.multiselect(key="audit-map-bush").set_value([0])
    app.text_input(key="audit-map-numbers-panzer").set_value("1-1")
    next(own for own in app.button if own.label == "Audit with this mapping").click().run()
    ((settings, folder),) = launched
    assert folder == run.folder, "nothing was begun there"
    assert (settings.source, settings.seed) == (str(tmp_path / "data"), 5)
    assert json.loads(Path(settings.labels).read_text()) == {"bush": [0], "panzer": ["1-1"]}


def test_another_mapping_begins_another_run_with_what_was_given(visit, run, launched):
    (run.folder / "given").mkdir()
    (run.folder / "given" / "pets.zip").write_bytes(b"a zip")
    record = json.loads((run.folder / "run.json").read_text())
    record["settings"]["source"] = str(run.folder / "given" / "pets.zip")
    (run.folder / "run.json").write_text(json.dumps(record))
    app = visit(run="planted", view="run")
    app.button(key="audit-map-anew").click().run()
    app.button(key="audit-by-prediction").click().run()
    assert_calm(app)
    ((settings, folder),) = launched
    assert folder != run.folder
    assert settings.labels == "none"
    assert settings.source == str(folder / "given" / "pets.zip")
    assert Path(settings.source).read_bytes() == b"a zip"


# -- findings --------------------------------------------------------------------------------


def test_findings_as_cards(visit, run):
    app = visit(run="planted")
    assert_calm(app)
    finding = run.finding(SKY)
    low, high = (round(100 * side) for side in finding.interval)
    text = words(app)
    assert f"### +{round(100 * finding.effect)} points ({low} to {high})" in text
    assert "**tank** by **top band**" in text
    assert "not on the object" in text
    assert "33 % of the picture" in text
    assert run.summary["not_detected"]["text"] in text
    assert "Insufficient: jeep." in text
    assert links(app)["See the evidence"]["run"] == "planted"
    opened = [own.proto.query_string for own in app.page_link if own.value == "See the evidence"]
    assert f"finding={SKY}" in opened[0]
    assert not any(own.proto.expanded for own in app.expander)


def test_evidence_has_its_own_address(visit, run):
    app = visit(run="planted", finding=SKY)
    assert_calm(app)
    text = words(app)
    assert "**forest → tank**, under the control forest" in text
    for part in (
        "Before and after", "Where the maps lie", "The images that show it most", "In the data",
        "How the answer follows it", "With the cue and without it", "Decision",
    ):  # fmt: skip
        assert f"##### {part}" in text
    assert "Flipped by the cue" in app.table[0].value["number"].tolist()
    assert "with the cue: **" in text
    pictures = [own.proto for own in app.image]
    assert all(one.imgs[0].alt for one in pictures), "every picture has a text alternative"
    opened = [urlsplit(one.link) for one in pictures if one.link]
    assert {one.path for one in opened} == {"explore"}
    shown = {parse_qs(one.query)["path"][0] for one in opened}
    assert {str(run.path_of(image)) for image in run.finding(SKY).images[:8]} <= shown


@pytest.mark.parametrize("name", ["forest--tag", "tank--colour"])
def test_evidence_of_what_is_not_proven(visit, run, name):
    app = visit(run="planted", finding=name)
    assert_calm(app)
    assert "Whether the model uses it was not shown." in words(app)
    assert "Before and after" not in words(app)


def test_pictures_that_are_gone_cost_one_sentence(visit, run, tmp_path):
    record = json.loads((run.folder / "run.json").read_text())
    record["source"]["root"] = str(tmp_path / "gone")
    (run.folder / "run.json").write_text(json.dumps(record))
    app = visit(run="planted", finding=SKY)
    assert len(app.error) == 1, "of the swaps"
    assert "##### Decision" in words(app)
    assert "can no longer be read" in words(app)
    assert_calm(visit(run="planted", view="images"))


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"run": "no-such-run"}, "holds no audit"),
        ({"run": "../../etc"}, "holds no audit"),
        ({"run": "planted", "finding": "no-such"}, "no finding"),
        ({"run": "planted", "view": "compare", "other": "no-such-run"}, "holds no audit"),
    ],
)
def test_an_address_of_what_there_is_not(visit, run, query, sentence):
    assert sentence in the_error(visit(**query))


def test_names_from_outside_stay_words(visit, run):
    hostile = "![x](http://a.b/c) <b>$x$"
    for name in ("run.json", "findings.json"):
        text = (run.folder / name).read_text()
        (run.folder / name).write_text(text.replace('"tank"', json.dumps(hostile)))
    for query in ({}, {"finding": SKY}, {"view": "run"}, {"view": "images"}):
        app = visit(run="planted", **query)
        assert_calm(app)
        for kind in (app.markdown, app.caption, app.page_link):
            for own in kind:
                text = str(own.value).replace("\\!\\[x\\]\\(http\\://a.b/c\\) \\<b\\>\\$x\\$", "")
                assert "http" not in text
                assert "<b>" not in text


# -- decisions, images, comparison, downloads ------------------------------------------------


def test_a_decision_is_kept_and_reported(visit, run):
    app = visit(run="planted", finding=SKY)
    app.radio(key=f"audit-decision-kind-{SKY}").set_value("confirmed spurious")
    app.text_input(key="audit-decision-by").set_value("Ada *L*")
    app.text_area(key=f"audit-decision-note-{SKY}").set_value("clouds are no tanks")
    next(own for own in app.button if own.label == "Keep the decision").click().run()
    assert_calm(app)
    assert (run.decision(SKY).decision, run.decision(SKY).by) == ("confirmed spurious", "Ada *L*")
    assert "**confirmed spurious** by Ada *L*" in words(app)
    report = (run.folder / "report.html").read_text()
    assert "clouds are no tanks" in report
    app.radio(key=f"audit-decision-kind-{SKY}").set_value("accepted")
    next(own for own in app.button if own.label == "Keep the decision").click().run()
    assert [own.decision for own in run.decisions] == ["confirmed spurious", "accepted"]
    assert "accepted · Ada *L*" in words(visit(run="planted")), "on the card"


def test_a_decision_needs_a_name_and_a_choice(visit, run):
    app = visit(run="planted", finding=SKY)
    next(own for own in app.button if own.label == "Keep the decision").click().run()
    assert "Choose one of the two" in the_error(app)
    app.radio(key=f"audit-decision-kind-{SKY}").set_value("accepted")
    next(own for own in app.button if own.label == "Keep the decision").click().run()
    assert "name of the person" in the_error(app)
    assert run.decisions == ()


def test_flagged_images_by_finding_class_text_and_error(run):
    def chosen(*args, **options) -> list[int]:
        return flagged.select(run, *args, **options).index.tolist()

    images = run.images
    readable = images[images["error"] == ""]
    assert chosen(SKY) == list(run.finding(SKY).images), "strongest first"
    wrong = readable.index[readable["klass"] != readable["predicted"]]
    assert len(wrong) == 3, "as planted"
    assert chosen(flagged.ALL, wrong=True) == wrong.tolist()
    assert chosen(flagged.ALL, "tank") == readable.index[readable["label"] == "tank"].tolist()
    assert chosen(flagged.ALL, text="TANK-3") == [30, 31, 32, 33, 34, 35, 36, 37, 38, 39]
    assert chosen(flagged.ALL, text="no such name") == chosen(SKY, text="no such name") == []
    assert chosen(flagged.ALL) == readable.index.tolist()
    both = chosen(flagged.ANY)
    assert set(both) == {image for one in run.findings for image in one.images}


def test_the_table_of_images_leads_into_explore(visit, run):
    app = visit(run="planted", view="images")
    assert_calm(app)
    app.selectbox(key="audit-images-by").set_value(SKY).run()
    table = app.dataframe[0].value
    finding = run.finding(SKY)
    assert len(table) == len(finding.images)
    query = parse_qs(urlsplit(table["explore"][0]).query)
    assert query["path"] == [str(run.path_of(finding.images[0]))]
    assert (query["model"], query["layer"], query["class"]) == (
        ["cloud-detector"], [run.record["model"]["layer"]], ["1"]
    )  # fmt: skip
    assert table["picture"].str.startswith("data:image/png").all()
    bad = app.dataframe[1].value
    assert sorted(bad["path"]) == ["jeep/jeep-40.png", "jeep/jeep-41.png"]
    app.text_input(key="audit-images-text").set_value("no such name").run()
    assert "No image passes" in app.info[0].value


def test_runs_are_listed_and_deleted_after_a_question(visit, run, runs, busy):
    stopped_run(runs / "other", "paused")
    app = visit()
    assert links(app)["planted"] == {"run": "planted"}
    assert "2 findings relied on" in words(app)
    app.button(key="audit-delete-other").click().run()
    assert (runs / "other").exists(), "it asks first"
    app.button(key="audit-delete-not").click().run()
    assert (runs / "other").exists()
    app.button(key="audit-delete-other").click().run()
    app.button(key="audit-delete-sure").click().run()
    assert not (runs / "other").exists()
    assert run.folder.exists()
    busy(run)
    app = visit()
    app.button(key="audit-delete-planted").click().run()
    app.button(key="audit-delete-sure").click().run()
    assert run.folder.exists(), "a process works on it"


def test_many_runs_come_in_pages(visit, run, runs):
    for number in range(9):
        stopped_run(runs / f"run-{number}", "paused")
    app = visit()
    assert "planted" not in links(app)
    app.pagination(key="audit-runs-page").set_value(2).run()
    assert set(links(app)) == {"planted", "run-0"}


def test_two_runs_compared(visit, run, runs, original):
    shutil.copytree(original, runs / "second")
    record = json.loads((runs / "second" / "run.json").read_text())
    record["started"] = "2025-12-24T00:00:00Z"
    (runs / "second" / "run.json").write_text(json.dumps(record))
    app = visit(run="second", view="compare")
    app.selectbox(key="audit-other").set_value("planted").run()
    assert_calm(app)
    assert address(app) == {"run": "second", "view": "compare", "other": "planted"}
    text = words(app)
    assert text.index("planted") < text.index("**b**")
    row = app.table[0].value.set_index("class").loc["tank"]
    assert (row["verdict"], row["change"]) == ("unchanged", "0 points")
    assert "same model, bit for bit" in text


def test_nothing_to_compare_with(visit, run):
    app = visit(run="planted", view="compare")
    assert_calm(app)
    assert "no other complete run" in app.info[0].value


def test_views_have_addresses_and_downloads_their_files(visit, run):
    app = visit(run="planted")
    app.segmented_control(key="audit-view").set_value("run").run()
    assert address(app) == {"run": "planted", "view": "run"}
    assert "python -m camcore audit" in app.code[0].value
    assert [own.label for own in app.download_button] == [
        "Report", "findings.json", "images.csv", "bad.csv"
    ]  # fmt: skip


# -- links into Explore ----------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in" / "a.png")
    return tmp_path / "in" / "a.png"


def test_a_link_opens_a_picture_by_its_path(visit, picture):
    query = {"path": str(picture), "model": "tank-detector", "layer": "conv4", "class": "0",
             "method": "layer-cam"}  # fmt: skip
    app = visit(EXPLORE, **query)
    assert_calm(app)
    assert not app.warning
    assert app.pills(key="picture-source").value == "Path"
    assert app.pills(key="target-chips").value == [0]
    assert address(app) == query | {"class": "forest"}, "the address keeps the picture"
    app.text_input(key="picture-path").set_value(f"{picture} ").run()
    assert "path" not in address(app), "what is typed stays out of it"


def test_a_link_leads_nowhere_else(visit, picture, tmp_path, monkeypatch):
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(picture.parent))
    assert_calm(visit(EXPLORE, path=str(picture)))
    Image.open(picture).save(tmp_path / "out.png")
    app = visit(EXPLORE, path=str(picture.parent / ".." / "out.png"))
    assert "outside the folder" in the_error(app)
    app = visit(EXPLORE, path=str(picture), model=str(tmp_path / "own.keras"))
    assert "outside the folder" in the_error(app)


def test_a_link_opens_a_model_file_as_the_audit_read_it(visit, picture, keras, tmp_path):
    images = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    keras.Model(images, keras.layers.Dense(3)(x)).save(tmp_path / "own.keras")
    (tmp_path / "names.txt").write_text("one\ntwo\nthree\n")
    query = {
        "path": str(picture), "model": str(tmp_path / "own.keras"), "layer": "conv", "class": "2",
        "labels": str(tmp_path / "names.txt"), "kind": "logits", "side": "48",
        "preprocessing": "caffe", "method": "grad-cam",
    }  # fmt: skip
    app = visit(EXPLORE, **query)
    assert_calm(app)
    assert not app.warning
    assert address(app) == query | {"class": "three"}
    assert app.number_input(key="model-side").value == 48


def test_explore_is_as_it_was_left(visit, run):
    app = visit(EXPLORE, model="tank-detector", layer="conv4", fit="pad")
    app.query_params.clear()
    app.switch_page(AUDIT).run().run()
    assert app.selectbox(key="model-bundled").value == "tank-detector", "offered here, too"
    app.switch_page(EXPLORE).run()
    assert_calm(app)
    assert app.selectbox(key="map-layer").value == "conv4"
    assert address(app)["fit"] == "pad"


def test_an_uploaded_model_is_offered_on_the_other_page(visit, launched, tmp_path):
    app = visit(EXPLORE)
    app.segmented_control(key="model-group").set_value("Your file").run()
    app.file_uploader(key="model-upload").upload("own.keras", b"PK nothing", "x/y").run()
    app.query_params.clear()
    app.switch_page(AUDIT).run().run()
    assert "own.keras, uploaded before" in words(app)
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(tmp_path))
    app.button(key="audit-start").click().run()
    ((settings, folder),) = launched
    assert settings.model == str(folder / "given" / "own.keras")
