"""What pictures with boxes tell, on trials made by hand, whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from camcore.auditing.runs.findings import Finding
from camcore.auditing.verdict.boxed import in_doubt, told_by_boxes

PLACE = "top 1/3"
DONORS = 15


def finding(probe: str = PLACE, **more) -> Finding:
    more = {"kind": "object", "may_be_object": True, "off_object": 0.1} | more
    acts = {"flat": 0.3, "outside": 0.1, "inside": 0.9}
    return Finding("a--x", "a", "x", "x", "relied on", probe=probe, acts=acts, **more)


def trials(probe: str = PLACE, flips: bool = True, spread: float = 0.0, **shares) -> pd.DataFrame:
    """Pairs of which a share of each donor's flips, or moves, under a fill."""
    rng = np.random.default_rng(3)
    donor = np.repeat(np.arange(DONORS), 4)
    tables = []
    for fill, share in {"transfer": 1.0, **shares}.items():
        of_donor = np.clip(share + spread * rng.uniform(-1, 1, DONORS), 0, 1)
        turned = np.tile(np.arange(4), DONORS) < np.rint(4 * of_donor[donor])
        tables.append(
            pd.DataFrame(
                {
                    "klass": 0,
                    "probe": probe,
                    "fill": fill,
                    "recipient": 100 + np.tile(np.arange(DONORS), 4),
                    "donor": donor,
                    "edited": np.where(turned & flips, 0, 1),
                    "controlled": 1,
                    "margin_edited": 2 * of_donor[donor],
                    "margin_controlled": 0.0,
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


@pytest.mark.parametrize("flips", [True, False])
def test_a_place_is_the_object_where_the_object_alone_does_it(flips):
    judged = told_by_boxes(finding(), trials(flips=flips, around=0.0, own=1.0), 0, 0)
    assert (judged.on_object, judged.may_be_object, judged.off_object) == (True, False, 0.0)
    assert judged.boxed["own"] == {"value": 1.0, "interval": [1.0, 1.0]}
    assert (judged.boxed["donors"], judged.boxed["recipients"], judged.boxed["pairs"]) == (
        15,
        15,
        60,
    )
    assert judged.acts == {"flat": 0.3}  # what the ellipse said is replaced


@pytest.mark.parametrize("flips", [True, False])
def test_a_place_is_not_the_object_where_the_surroundings_keep_enough(flips):
    judged = told_by_boxes(finding(), trials(flips=flips, around=0.75, own=0.5), 0, 0)
    assert (judged.on_object, judged.may_be_object) == (False, False)
    assert judged.off_object == 0.75


def test_neither_part_alone_leaves_it_open():
    """Objects in other places cover the cue: silence around them says nothing of the donor's."""
    judged = told_by_boxes(finding(), trials(around=0.0, own=0.0), 0, 0)
    assert (judged.on_object, judged.may_be_object, judged.off_object) == (None, True, 0.1)
    assert judged.boxed["around"]["value"] == 0.0
    assert in_doubt(judged)


def test_donors_that_disagree_leave_it_open():
    open_one = told_by_boxes(finding(), trials(flips=False, spread=0.9, around=0.5, own=0.5), 0, 0)
    low, high = open_one.boxed["around"]["interval"]
    assert low < 0.5 < high
    assert open_one.on_object is None


def test_a_property_of_the_whole_picture_is_never_said_to_be_the_object():
    property_finding = finding("brightness")
    silent = told_by_boxes(property_finding, trials("brightness", around=0.0), 0, 0)
    assert (silent.on_object, silent.may_be_object) == (None, True)
    loud = told_by_boxes(property_finding, trials("brightness", around=0.5), 0, 0)
    assert loud.on_object is False


def test_an_effect_that_these_pictures_do_not_show_decides_nothing():
    weak = trials(around=0.0, own=1.0).assign(edited=1, margin_edited=0.0)
    judged = told_by_boxes(finding(), weak, 0, 0)
    assert judged.on_object is None
    assert judged.boxed["around"]["interval"] == [-9.0, 9.0]


def test_no_trials_tell_nothing():
    assert told_by_boxes(finding(), pd.DataFrame(), 0, 0) == finding()
    assert told_by_boxes(finding("top 1/4"), trials(around=0.0, own=1.0), 0, 0).boxed is None


def test_what_is_in_doubt():
    assert in_doubt(finding())
    assert in_doubt(finding(kind="unknown", may_be_object=False))
    for known in ({"kind": "artefact"}, {"kind": "context"}, {"on_object": False}, {"trace": True}):
        assert not in_doubt(finding(**known))
    assert not in_doubt(finding(overlaps="a--y"))
