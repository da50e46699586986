"""Cases run from pictures to verdicts, are kept, and are not done twice."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.truth.__main__ import main
from benchmarks.truth.audit_source import audit_source
from benchmarks.truth.campaign import run_cases
from benchmarks.truth.cases import Case, quick
from benchmarks.truth.cues import CUES
from benchmarks.truth.naming import named
from benchmarks.truth.natural_bases import Given
from benchmarks.truth.natural_cases import natural_quick
from camcore.auditing.rules import Rules
from camcore.auditing.runs.findings import Finding

FRAMED = Case("planted", "digits", "gap", "frame", 1.0, 1.0, 0)
CLEAN = Case("negative", "digits", "gap", "clean", math.nan, math.nan, 0)
TAG = Finding("tank--tag", "tank", "tag", "tag", "relied on", effect=0.9).as_json()
TAG |= {"iou": 0.8, "flag_auc": math.nan}


@pytest.mark.slow
def test_a_frame_is_found_a_clean_network_is_left_alone_and_neither_is_done_twice(tmp_path):
    lines: list[str] = []
    framed, clean = run_cases((FRAMED, CLEAN), tmp_path, Given(), 2, lines.append)
    assert framed["reliance"] > 0.3
    assert framed["classes"].split(";")[0] == "3"  # the seed chooses the first of the digits
    verdict = named(framed)["verdicts"]["audit"]
    assert (verdict["detected"], verdict["family"], verdict["klass"]) == (True, "frame", "3")
    assert named(framed)["iou"] > 0.5
    assert not named(clean)["verdicts"]["audit"]["detected"]
    assert set(framed["verdicts"]) >= {"SpRAy", "attention alone", "interventions alone"}
    assert len(lines) == 2
    again = run_cases((FRAMED, CLEAN), tmp_path, Given(), 2, lines.append)
    assert again[0] == framed
    assert lines[2:] == ["2 of 2 cases are done already"]


def result(case: Case) -> dict:
    """What a case would have told: tags are relied on and found, all else is silent."""
    relied = case.cue == "fixed tag" and case.correlation == 1
    silent = {"score": 0.0, "detected": False, "family": None, "klass": None}
    return {
        "case": case.name,
        **vars(case),
        "reliance": 0.5 if relied else 0.0,
        "accuracy": 0.97,
        "accepted": ";".join(CUES[case.cue].accepted) if case.kind == "planted" else "",
        "classes": "tank" if relied else "",
        "passes": 1000,
        "seconds": 5.0,
        "score": 0.8 if relied else 0.0,
        "findings": [TAG] if relied else [],
        "verdicts": {"SpRAy": silent},
    }


def test_the_command_prints_what_was_kept(tmp_path):
    results = tmp_path / "results" / audit_source()
    results.mkdir(parents=True)
    for case in quick("digits"):
        (results / f"{case.name}.json").write_text(json.dumps(result(case)))
    ran = CliRunner().invoke(main, ["--quick", "--work", str(tmp_path)])
    assert ran.exit_code == 0, ran.output
    assert "30 of 30 cases are done already" in ran.output
    assert "fixed tag" in ran.output
    assert "The audit and its aims" in ran.output
    assert "attention alone is left out" in ran.output
    assert (tmp_path / "tables" / "cases.csv").exists()


def test_natural_cases_are_printed_by_base(tmp_path):
    stock = tmp_path / "natural"
    stock.mkdir()
    np.savez(stock / "ponds.npz", X=np.zeros(0), y=np.zeros(0), names=np.array(["a", "b"]))
    results = tmp_path / "results" / audit_source()
    results.mkdir(parents=True)
    for case in natural_quick(("ponds",), ()):
        relied = case.kind == "planted"
        row = {
            "case": case.name, **vars(case), "reliance": 0.4 if relied else 0.0, "score": 0.0,
            "accepted": "frame", "classes": "a" if relied else "", "bearers": "", "scores": {},
            "truth_kind": "", "lead": None, "passes": 9, "seconds": 1.0, "claims": [],
        }  # fmt: skip
        (results / f"{case.name}.json").write_text(json.dumps(row))
    given = ["--natural", str(stock), "--quick", "--work", str(tmp_path)]
    ran = CliRunner().invoke(main, given)
    assert ran.exit_code == 0, ran.output
    assert "Natural pictures, by base" in ran.output
    assert "ponds" in ran.output
    assert "0 of 2" in ran.output
    assert (tmp_path / "tables" / "natural_cases.csv").exists()


def test_a_folder_without_natural_bases_is_one_line(tmp_path):
    ran = CliRunner().invoke(main, ["--natural", str(tmp_path)])
    assert ran.exit_code == 1
    assert "holds neither .npz files" in ran.output
    alone = CliRunner().invoke(main, ["--backbone", __file__])
    assert alone.exit_code == 2
    assert "--natural" in alone.output


def test_a_missing_mnist_file_is_one_line(tmp_path):
    ran = CliRunner().invoke(main, ["--mnist", str(tmp_path / "no.npz")])
    assert ran.exit_code == 2
    assert "does not exist" in ran.output


def test_the_rules_are_printed_with_what_chose_them():
    ran = CliRunner().invoke(main, ["--rules"])
    assert ran.exit_code == 0
    for name, value, meaning, chosen_by in Rules().describe():
        for cell in (name, meaning, chosen_by):
            assert cell in ran.output
        assert str(value) in ran.output


def test_only_the_whole_protocol_is_kept():
    ran = CliRunner().invoke(main, ["--quick", "--keep"])
    assert ran.exit_code == 2
    assert "the whole protocol" in ran.output


@pytest.mark.slow
def test_a_natural_border_is_found_and_its_claim_is_borne_out(tmp_path):
    """Stripes that hardly show, lying or standing, and a border that goes with the latter."""
    rng = np.random.default_rng(2)
    labels = np.repeat([0, 1], 900)
    stripes = np.where(np.arange(16) // 2 % 2, 122, 118)
    pixels = np.stack([np.broadcast_to(stripes, (16, 16)).T, np.broadcast_to(stripes, (16, 16))])
    pixels = pixels[labels][..., None] + rng.normal(0, 45, (1800, 16, 16, 3))
    stock = tmp_path / "natural"
    stock.mkdir()
    names = np.array(["lying", "standing"])
    whole = pixels.clip(0, 255).astype(np.uint8)
    np.savez(stock / "stripes.npz", X=whole, y=labels, names=names)
    bordered = Case("planted", "stripes", "gap", "red border", 1.0, 1.0, 0)
    (row,) = run_cases((bordered,), tmp_path, Given(natural=stock), 1, lambda _: None)
    assert row["reliance"] > 0.3
    assert "standing" in row["classes"].split(";")
    claims = [claim for claim in row["claims"] if claim["family"] == "frame"]
    assert claims
    assert claims[0]["verdict"] == "borne out"
    assert claims[0]["iou"] > 0.3
