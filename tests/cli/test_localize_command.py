"""`localize` on the command line: figures, table, and refusals that leave nothing behind."""

from __future__ import annotations

import csv

import pytest

import camcore
from tests.localization.coloured import colours, paint

LARGE = (4, 8, 16, 24)


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Two pictures of the class ``warm``, one of them found, and a model without a file."""
    monkeypatch.chdir(tmp_path)
    paint(tmp_path / "pictures" / "1.png", red=LARGE)
    paint(tmp_path / "pictures" / "2.png", green=LARGE)
    (tmp_path / "pictures" / "3.png").write_bytes(b"")
    (tmp_path / "boxes.csv").write_text(
        "path,label,x0,y0,x1,y1\n1.png,warm,4,8,16,24\n2.png,warm,4,8,16,24\n3.png,warm,0,0,1,1\n"
    )
    (tmp_path / "map.json").write_text('{"warm": ["red", "blue"]}')
    asked: list[dict] = []

    def load(name, **options):
        asked.append(options)
        return colours()

    monkeypatch.setattr(camcore, "load_model", load)
    return asked


WORDS = (
    "localize", "pictures", "--boxes", "boxes.csv", "--model", "any", "--labels", "map.json",
    "--threshold", "0.5",
)  # fmt: skip


def test_figures_and_table(pictures, tmp_path, command_line):
    status, out, _ = command_line(
        *WORDS, "--class-names", "names.txt", "--preprocess", "0-1", "--input-size", "8x9"
    )
    assert status == 0
    assert out.splitlines() == [
        "note: '3.png' could not be judged: 3.png is empty (0 bytes); copy or download it again.",
        "pictures: 2 judged, 1 that could not be",
        "Top-1: 50.0%, 1 of 2",
        "localisation accuracy (class right, IoU >= 0.5): 50.0%, 1 of 2",
        "with the true class known (IoU >= 0.5): 50.0%, 1 of 2",
        "mean IoU: 1.000 over 2",
        "wrote localization.csv",
    ]
    assert pictures == [
        {
            "labels": "names.txt",
            "preprocessing": "0-1",
            "output": None,
            "output_kind": None,
            "input_size": (8, 9),
            "input": None,
            "others": {},
        }
    ]
    with open(tmp_path / "localization.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["path"], row["predicted"], row["right"], row["iou"]) for row in rows] == [
        ("1.png", "red", "True", "1"),
        ("2.png", "green", "False", "1"),
        ("3.png", "", "", ""),
    ]


def test_without_a_mapping_top1_is_not_zero(pictures, command_line):
    words = [word for word in WORDS if word not in ("--labels", "map.json")]
    status, out, _ = command_line(*words)
    assert status == 0
    assert "Top-1 and localisation accuracy: not known without labels" in out
    assert "0.0%" not in out


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--threshold", "2"], "threshold 2"),
        (["--method", "none"], "none"),
        (["--labels", "nowhere.json"], "nowhere.json"),
        (["--boxes", "nowhere.csv"], "nowhere.csv"),
        (["--boxes", "map.json"], "has no list 'images'"),
        (["--out", "pictures"], "is a folder"),
        (["--input-size", "8"], "--input-size"),
    ],
)
def test_refusals_are_one_line_and_leave_nothing(pictures, tmp_path, command_line, more, expected):
    before = sorted(tmp_path.rglob("*"))
    status, out, err = command_line(*WORDS, *more)
    assert (status, out) == (2, "")
    assert expected in err.splitlines()[-1]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_table_is_replaced_whole_or_not_at_all(pictures, tmp_path, command_line, monkeypatch):
    (tmp_path / "localization.csv").write_text("kept")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("camcore.cli.localize.os.replace", full)
    status, _, err = command_line(*WORDS)
    assert status == 2
    assert "No space left" in err
    assert (tmp_path / "localization.csv").read_text() == "kept"
    assert not list(tmp_path.glob(".localization*"))
