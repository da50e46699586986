"""What a run's files hold is checked before anything is read out of them."""

from __future__ import annotations

import copy
import json
import shutil

import pytest

from camcore.auditing.bundle import make_bundle
from camcore.auditing.pipeline import report
from camcore.auditing.run_comparison.compare_runs import compare
from camcore.auditing.runs.drawn_boxes import drawn_boxes
from camcore.auditing.runs.image_remarks import remarks_of
from camcore.auditing.runs.run import Run
from camcore.errors import StoreError
from camcore.repairing.target import targets
from tests.auditing.planted_run import planted_run


@pytest.fixture(scope="module")
def genuine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("genuine") / "run"
    planted_run(folder)
    report(folder)
    return folder


@pytest.fixture
def forged(genuine, tmp_path):
    """A copy of a run in whose file something is replaced, or removed where `value` is None."""

    def forge(file: str, path: tuple, value: object) -> Run:
        folder = tmp_path / "forged"
        shutil.copytree(genuine, folder, ignore=shutil.ignore_patterns("pictures"))
        content = copy.deepcopy(json.loads((folder / file).read_text()))
        inner = content
        for step in path[:-1]:
            inner = inner[step]
        if value is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = value
        (folder / file).write_text(json.dumps(content))
        return Run(folder)

    return forge


RECORD, SUMMARY = "run.json", "findings.json"
FORGERIES = [
    (RECORD, ("settings",), None),
    (RECORD, ("settings", "seed"), "x"),
    (RECORD, ("settings", "source"), ["/etc"]),
    (RECORD, ("model", "name"), 10**30),
    (RECORD, ("model", "input_shape"), [32, 32]),
    (RECORD, ("model", "grid"), [10**9, 10**9]),
    (RECORD, ("model", "output_kind"), None),
    (RECORD, ("classes", "classes"), ["forest", "tank"]),
    (RECORD, ("classes", "classes", 0, "name"), {"a": 1}),
    (RECORD, ("source", "digest"), None),
    (RECORD, ("rules",), {}),
    (SUMMARY, ("findings",), "x"),
    (SUMMARY, ("findings", 0), 1.5),
    (SUMMARY, ("findings", 0, "id"), None),
    (SUMMARY, ("findings", 0, "level"), "certain"),
    (SUMMARY, ("findings", 0, "interval"), []),
    (SUMMARY, ("findings", 0, "area"), [1]),
    (SUMMARY, ("findings", 0, "family"), {}),
    (SUMMARY, ("findings", 0, "images"), ["\x1b[31m"]),
    (SUMMARY, ("not_detected", "text"), None),
    (SUMMARY, ("images",), [40]),
]


@pytest.mark.parametrize(("file", "path", "value"), FORGERIES)
def test_what_no_audit_writes_is_refused_in_one_line(forged, genuine, file, path, value):
    run = forged(file, path, value)
    uses = [
        lambda: compare(run, Run(genuine)),
        lambda: make_bundle(run),
        lambda: (targets(run, None), run.class_names),
    ]
    for use in uses:
        with pytest.raises(StoreError, match=f"{file} holds something else") as refused:
            use()
        assert str(refused.value).isprintable()


def test_the_genuine_run_is_read(genuine):
    run = Run(genuine)
    assert compare(run, run).rows
    assert make_bundle(run).data
    assert targets(run, None)


def test_decisions_are_checked(genuine, tmp_path):
    shutil.copytree(genuine, tmp_path / "run")
    run = Run(tmp_path / "run")
    made = run.decide(run.findings[0].id, "accepted", "Ada")
    assert run.decisions == (made,)
    (run.folder / "decisions.json").write_text(json.dumps([vars(made) | {"by": 5}]))
    with pytest.raises(StoreError, match=r"0\.by"):
        _ = run.decisions


@pytest.mark.parametrize(
    ("file", "read", "right", "wrong"),
    [
        ("boxes.json", drawn_boxes, {"boxes": {"3": [[0, 0, 2, 2]]}}, {"boxes": {"3": [[0, 0]]}}),
        ("boxes.json", drawn_boxes, {"boxes": {}}, {"boxes": {"../x": []}}),
        ("remarks.json", remarks_of, {"3": {"tags": ["a"], "note": ""}}, {"3": {"tags": "a"}}),
        ("remarks.json", remarks_of, {}, [1]),
    ],
)
def test_what_people_gave_is_checked(genuine, tmp_path, file, read, right, wrong):
    shutil.copytree(genuine, tmp_path / "run")
    run = Run(tmp_path / "run")
    run.store.write_json(file, right)
    assert len(read(run)) == len(right.get("boxes", right))
    run.store.write_json(file, wrong)
    with pytest.raises(StoreError, match=f"{file} holds something else"):
        read(run)


def test_deep_nesting_is_damage(genuine, tmp_path):
    shutil.copytree(genuine, tmp_path / "run")
    (tmp_path / "run" / "findings.json").write_text("[" * 100_000)
    with pytest.raises(StoreError, match=r"findings\.json cannot be read"):
        _ = Run(tmp_path / "run").findings
