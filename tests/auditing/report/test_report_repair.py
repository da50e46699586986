"""The report's chapter on what was mended."""

from __future__ import annotations

import pytest

from camcore.auditing.report.repair_chapter import sentence_of
from tests.auditing.planted_repair import begun_repair, ended_repair
from tests.auditing.report.report_page import page_of

SKY = "tank--sky-top-band"


def test_a_report_without_a_repair_has_no_such_chapter(run):
    begun_repair(run, SKY)  # came to nothing yet
    assert not [own for own in page_of(run).all("h2") if own.get("id") == "repair"]


@pytest.mark.parametrize("status", ["repaired", "improved", "not repairable here"])
def test_the_chapter_tells_the_outcome_the_pictures_and_every_group(run, status):
    record = ended_repair(run, SKY, status, new="/data/new")
    page = page_of(run)
    assert [own for own in page.all("h2") if own.get("id") == "repair"]
    assert sentence_of(record.outcome) in page.text
    assert "The head was fitted to edited pictures" in page.text
    assert "New pictures were given in /data/new." in page.text
    for cell in ("forest with top band 24 25 % 88 % (69 to 96)",
                 "tank without top band 24, edited 75 % 88 % (69 to 96)"):  # fmt: skip
        assert cell in page.text
    assert "11 more pictures of tank without top band" in page.text
    assert ("Gone: tank by top band." in page.text) == (status != "not repairable here")


def test_the_sentence_says_no_more_than_the_status(run):
    record = ended_repair(run, SKY, "improved")
    said = sentence_of(record.outcome)
    assert said.startswith("Improved, but not proven repaired. The worst group rose from 25 % to")
    assert "flips 1 of 100 pictures (−2 to 3) instead of 80" in said
    none = record.outcome | {"status": "not repairable here"}
    assert "right in 93 % (50 to 60) of the pictures" in sentence_of(none)
    none["reliance"] = none["reliance"] | {"before": 0.02}
    assert "flips hardly any picture (2 of 100)" in sentence_of(none)
