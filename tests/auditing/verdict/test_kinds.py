"""Kinds, scores and joined causes, on findings whose trials were made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from camcore.auditing.edits import probe_named
from camcore.auditing.runs.findings import Finding
from camcore.auditing.verdict.causes import joined
from camcore.auditing.verdict.kinds import kind_of, needed_by, scores, strength
from camcore.auditing.verdict.observed import region_json
from camcore.auditing.verdict.ordering import in_order

TAG, TOP = "cells 4x4: 0,0", "top 1/3"


def estimate(value: float, half: float = 0.1) -> dict:
    return {"value": value, "interval": [value - half, value + half]}


def finding(probe: str, share: float = 0.5, klass: str = "a", **more) -> Finding:
    family, region = probe_named(probe).family, region_json(probe_named(probe).region)
    values = {
        "effect": 0.5, "interval": (0.4, 0.6), "probe": probe, "region": region, "share": share,
        "swing": 10.0, "move": estimate(5.0), "drop": estimate(0.0), "presence": "with",
    }  # fmt: skip
    return Finding(f"{klass}--{family}", klass, family, family, "relied on", **(values | more))


def ordered(*findings: Finding) -> list[Finding]:
    return joined(in_order([replace(entry, kind=kind_of(entry)) for entry in findings]))


def test_content_that_repeats_is_an_artefact():
    assert kind_of(finding(TAG, alike=0.9, acts={"shared": 0.9, "flat": 0.8})) == "artefact"
    # A content that repeats but does nothing by itself is not what acts.
    assert kind_of(finding(TAG, alike=0.9, acts={"shared": 0.1, "flat": 0.1})) == "unknown"
    # Nothing in the middle of pictures repeats pixel by pixel unless it was put there.
    half = finding(TOP, alike=0.9, acts={"shared": 0.9}, may_be_object=True)
    assert kind_of(half) == "artefact"
    assert kind_of(replace(half, alike=0.0)) == "object"


def test_a_mark_that_fills_little_of_its_place_was_put_there():
    thin = finding("ring 1/8", alike=0.2, stamped=0.2, plain=0.6, acts={"shared": 0.9})
    assert kind_of(thin) == "artefact"
    assert kind_of(replace(thin, stamped=0.0)) == "unknown"
    assert kind_of(replace(thin, acts={"shared": 0.1})) == "unknown"


def test_lines_that_act_without_their_light_and_colour_are_drawn():
    acts = {"shared": 0.9, "broad": 0.1, "flat": 0.1}
    stamp = finding("bottom 1/3", alike=0.0, off_object=0.8, acts=acts)
    assert kind_of(stamp) == "artefact"
    # A horizon: the upper half is sky, the lower ground, and no one colour acts.
    assert kind_of(replace(stamp, acts=acts | {"broad": 0.8})) == "unknown"
    # A small white mark acts by its mean colour as well.
    assert kind_of(replace(stamp, acts=acts | {"flat": 0.6})) == "artefact"
    # Where the lack of it does as much, it is other classes that wear a stamp.
    assert kind_of(replace(stamp, acts=acts | {"absent": 0.7})) == "unknown"
    # On black ground, the lines that a class shares are those of its own objects.
    assert kind_of(replace(stamp, plain=0.6)) == "unknown"
    # And so they are where much of their doing is gone without the middle.
    assert kind_of(replace(stamp, off_object=0.45)) == "unknown"
    # Known objects were left alone: the lines lie beside them.
    assert kind_of(replace(stamp, on_object=False)) == "artefact"
    assert kind_of(replace(stamp, on_object=False, acts=acts | {"broad": 0.8})) == "context"


def test_plain_stuff_beside_the_object_is_context():
    assert kind_of(finding(TOP, alike=0.0, acts={"shared": 0.5, "flat": 0.7})) == "context"
    # What only its form carries may be an object that reaches the edge.
    assert kind_of(finding(TOP, alike=0.0, acts={"shared": 0.5, "flat": 0.0})) == "unknown"
    # What is mostly gone without the middle is not beside the object.
    for left, kind in ((0.45, "unknown"), (0.6, "context")):
        band = finding(TOP, alike=0.0, off_object=left, acts={"shared": 0.5, "flat": 0.7})
        assert kind_of(band) == kind
    # What few recognised pictures show need not be what the class shows.
    for recognised, kind in ((0.4, "unknown"), (0.6, "context")):
        accuracy = {"with": recognised, "without": 0.2}
        band = finding(TOP, alike=0.0, accuracy=accuracy, acts={"shared": 0.5, "flat": 0.7})
        assert kind_of(band) == kind
    # Around garments on black there is no context: what reaches there is the garment.
    assert kind_of(finding(TOP, alike=0.0, plain=0.6, acts={"flat": 0.7})) == "unknown"
    # Where masks tell, they tell.
    assert kind_of(finding(TOP, alike=0.0, on_object=False)) == "context"
    assert kind_of(finding(TOP, alike=0.0, on_object=True)) == "object"
    assert kind_of(finding("background", on_object=False)) == "context"
    assert kind_of(finding("object")) == "object"


def test_a_property_is_told_by_where_it_acts():
    assert kind_of(finding("colour", alike=0.8, acts={"outside": 0.6, "inside": 0.6})) == "artefact"
    assert kind_of(finding("colour", alike=0.2, acts={"outside": 0.7, "inside": 0.2})) == "context"
    assert kind_of(finding("colour", alike=0.2, acts={"outside": 0.1, "inside": 0.8})) == "object"
    assert kind_of(finding("colour", alike=0.2, acts={"outside": 0.5, "inside": 0.6})) == "unknown"
    assert kind_of(finding("colour", alike=0.8, trace=True)) == "unknown"
    # The sky sets airplanes apart by their colour; nothing natural does by texture.
    everywhere = {"outside": 0.5, "inside": 0.6}
    assert kind_of(finding("colour", alike=0.55, acts=everywhere)) == "unknown"
    assert kind_of(finding("blur", alike=0.55, acts=everywhere)) == "artefact"
    # Broad light and shade differ between garments as their forms do.
    assert kind_of(finding("illumination", alike=0.9, acts=everywhere)) == "unknown"


def test_a_pattern_is_an_artefact_where_it_acts_beside_the_middle():
    assert kind_of(finding("watermark", acts={"outside": 0.5, "inside": 0.5})) == "artefact"
    assert kind_of(finding("watermark", acts={"outside": 0.3, "inside": 0.7})) == "unknown"
    weak = finding("texture", share=0.15, acts={"outside": 0.5, "inside": 0.5})
    assert kind_of(weak) == "artefact"
    # A cue that may be natural must do more, and be missed more, than a pattern.
    assert kind_of(finding(TOP, share=0.15, alike=0.0, acts={"flat": 0.7})) == "unknown"


def test_a_mark_leads_over_a_band_that_holds_more_than_it():
    band = finding("left 1/4", share=0.9, area=0.25, alike=0.5, acts={"shared": 0.9})
    mark = finding("cells 16x16: 0,0 0,1", share=0.4, area=1 / 128, alike=0.9, acts={"shared": 0.9})
    assert ordered(band, mark)[0].family == "tag"
    assert ordered(band, replace(mark, share=0.1))[0].family == "side-band"
    on_ground = replace(band, plain=0.7)  # where all else that reaches there is the object
    assert ordered(on_ground, replace(mark, share=0.1))[0].family == "tag"
    # What lies elsewhere is another cue.
    apart = finding(
        "cells 16x16: 0,14 0,15", share=0.4, area=1 / 128, alike=0.9, acts={"shared": 0.9}
    )
    assert ordered(band, apart)[0].family == "side-band"


def test_a_pattern_all_over_the_picture_leads_over_a_place_that_holds_some_of_it():
    place = finding("ring 1/8", area=0.4, alike=0.5, acts={"shared": 0.8})
    pattern = finding("watermark", share=0.4, acts={"outside": 0.6, "inside": 0.5})
    assert ordered(place, pattern)[0].family == "watermark"
    # A mark in a corner makes a pattern too, but not in the middle.
    local = replace(pattern, acts={"outside": 1.0, "inside": 0.0})
    assert ordered(place, local)[0].family == "frame"


def test_what_is_not_missed_is_no_reliance():
    unneeded = finding(TOP, share=0.02, alike=0.0, acts={"flat": 0.9})
    assert needed_by(unneeded) == 0.02
    assert strength(unneeded) == 0.02
    assert kind_of(unneeded) == "unknown"
    # A class that shows two cues stays without one of them, but its log-odds fall.
    redundant = replace(unneeded, drop=estimate(4.0))
    assert needed_by(redundant) == pytest.approx(0.4)
    assert kind_of(redundant) == "context"


def test_a_move_counts_where_nothing_flips():
    still = {"effect": 0.0, "interval": (-0.05, 0.05), "drop": estimate(3.0), "share": 0.0}
    sure = finding(TAG, **still)
    assert strength(sure) == pytest.approx(0.3)
    assert strength(replace(sure, move=estimate(0.5))) == pytest.approx(0.04)


def test_the_score_speaks_for_artefacts_first():
    artefact = replace(finding(TAG), kind="artefact")
    context = replace(finding(TOP), kind="context")
    thing = replace(finding("object"), kind="object")
    assert scores([]) == {"artefact": 0.0, "context": 0.0, "object": 0.0, "score": 0.0}
    both = scores([artefact, context, thing])
    assert (both["artefact"], both["context"], both["object"]) == pytest.approx((0.49, 0.49, 0.49))
    assert both["score"] == pytest.approx(0.745)
    assert scores([context])["score"] == pytest.approx(0.245)
    assert scores([replace(context, on_object=False)])["score"] == pytest.approx(0.49)
    assert scores([replace(context, kind="unknown")])["score"] == pytest.approx(0.1225)
    assert scores([thing])["score"] == 0.0


def test_an_artefact_leads_and_its_traces_join_it():
    tag = finding(TAG, alike=0.9, acts={"shared": 0.9})
    sharp = finding("blur", share=0.3, alike=0.1, acts={"outside": 0.5, "inside": 0.6})
    frame = finding("ring 1/8", effect=0.9, interval=(0.8, 1.0), alike=0.1, acts={"flat": 0.1})
    sky = finding("colour", alike=0.1, acts={"outside": 0.8, "inside": 0.1})
    first, *others = ordered(frame, sky, sharp, tag)
    assert (first.id, first.kind) == ("a--tag", "artefact")
    assert set(first.joined) == {"a--blur", "a--frame"}  # the frame holds the corner
    assert {entry.id for entry in others if entry.overlaps is None} >= {"a--colour"}


def test_a_cue_taken_away_is_told_of_the_class_that_bears_it():
    worn = finding(TAG, klass="deer", alike=0.9, acts={"shared": 0.9, "absent": 0.1})
    lost = finding(TAG, klass="dog", effect=0.9, interval=(0.8, 1.0), presence="without", alike=0.0,
                   taken_from="deer")  # fmt: skip
    first, second = ordered(lost, worn)
    assert (first.id, first.presence, first.joined) == ("deer--tag", "with", ("dog--tag",))
    assert (second.presence, second.overlaps) == ("without", "deer--tag")
    # The control: another class that bears a tag of its own is another cause.
    also = replace(lost, presence="with", alike=0.9, acts={"shared": 0.9})
    assert all(entry.joined == () for entry in ordered(also, worn))
    # What only a third class loses is not this class's.
    third = replace(lost, taken_from="cat")
    assert all(entry.joined == () for entry in ordered(third, worn))


def test_runs_of_the_first_format_open():
    old = finding(TAG).as_json()
    for name in ("kind", "presence", "sufficiency", "move", "drop", "swing", "joined", "alike"):
        old.pop(name)
    old["necessity"] = {"transfer": 0.5, "neutral": 0.4, "control": 0.1, "agree": True}
    opened = Finding.from_json(old)
    assert opened.necessity is None
    assert opened.removal == old["necessity"]
    assert opened.kind is None
    assert Finding.from_json(finding(TAG).as_json()) == finding(TAG)


def part(top: int, left: int, **more) -> Finding:
    """A part whose windows of 40 x 40 begin in this row, at columns that move from `left` on."""
    windows = [[image, top, left + image, top + 40, left + image + 40] for image in range(20)]
    shape = {
        "recurs": True,
        "alike": 0.5,
        "detail": 0.0,
        "central": 0.4,
        "windows": windows,
        "picture": [128, 128],
    }
    return replace(
        finding(TAG, **more), id="a--part", family="part", cue="part", probe=None, region=None,
        part=shape,
    )  # fmt: skip


def test_a_part_that_recurs_must_do_enough_to_be_an_artefact():
    assert kind_of(part(40, 10)) == "artefact"
    little = {"effect": 0.0, "interval": (-0.1, 0.1), "move": estimate(1.6)}
    assert kind_of(part(40, 10, **little)) == "unknown"
    alone = part(40, 10)
    assert alone.part is not None
    assert kind_of(replace(alone, part=alone.part | {"recurs": False})) == "object"
    # Pieces of garments are a little alike, on any ground.
    assert kind_of(replace(alone, part=alone.part | {"alike": 0.26})) == "unknown"


def test_a_part_whose_detail_recurs_needs_to_do_less_and_comes_before_the_detail_it_adds():
    """Garments and skies are alike in broad shading; a scale is alike in its lines."""
    weak = part(40, 10, effect=0.0, interval=(-0.1, 0.1), move=estimate(1.6), share=0.15)
    assert weak.part is not None
    ruler = replace(weak, part=weak.part | {"detail": 0.54})
    assert [kind_of(drawn) for drawn in (weak, ruler)] == ["unknown", "artefact"]
    sharp = finding("blur", share=0.8, alike=0.45)
    assert kind_of(sharp) == "artefact"
    assert ordered(sharp, ruler)[0].family == "part"
    assert ordered(sharp, weak)[0].family == "blur"


def test_a_part_that_stays_in_the_middle_may_be_the_object():
    """Strokes of digits are alike and lie alike; a ruler lies beside the middle now and then."""
    stroke = part(40, 10)
    assert stroke.part is not None
    for share, kind in ((1.0, "object"), (0.8, "artefact")):
        assert kind_of(replace(stroke, part=stroke.part | {"central": share})) == kind


def test_a_part_within_a_place_is_that_place():
    place = finding(TOP, alike=0.0, acts={"flat": 0.9})
    first, second = ordered(part(0, 10), place)
    assert (first.family, first.joined) == (place.family, ("a--part",))
    assert (second.family, second.overlaps) == ("part", first.id)
    # Elsewhere it is a cue of its own, and one that repeats comes before what varies.
    assert [(entry.family, entry.overlaps) for entry in ordered(part(60, 10), place)] == [
        ("part", None), (place.family, None)
    ]  # fmt: skip


def test_light_that_is_added_everywhere_explains_bright_places():
    light = finding("brightness", alike=0.9, acts={"outside": 0.3, "inside": 0.3})
    band = finding(TOP, alike=0.9, acts={"shared": 0.9}, interval=(0.1, 0.3), move=estimate(2.5))
    assert [entry.overlaps for entry in ordered(light, band)] == [None, light.id]
    # A place that does more than the light is no trace of it.
    strong = replace(band, interval=(0.6, 0.8), effect=0.7, share=0.9, move=estimate(8.0))
    assert [entry.family for entry in ordered(light, strong) if entry.overlaps is None] != [
        "brightness"
    ]


def test_a_weak_artefact_is_told_before_what_may_be_natural():
    """What no trial tells, and context, lead over an artefact only where they do much more."""
    ruler = part(60, 10, share=0.3, effect=0.1, interval=(0.05, 0.2), move=estimate(2.0))
    assert ruler.part is not None
    ruler = replace(ruler, part=ruler.part | {"detail": 0.6})
    unknown = finding("ring 1/8", share=0.6, alike=0.0, plain=0.8, acts={"flat": 0.1})
    assert [kind_of(entry) for entry in (ruler, unknown)] == ["artefact", "unknown"]
    assert ordered(unknown, ruler)[0].family == "part"
    faint = replace(ruler, share=0.1, move=estimate(1.1), effect=0.01, interval=(0.0, 0.02))
    assert ordered(replace(unknown, share=0.9), faint)[0].family == "frame"
    # Of two classes, a weak context does not lead over a place that turns nearly all.
    grass = finding(
        TOP, klass="b", effect=0.14, move=estimate(1.5), share=0.41, alike=0.0, acts={"flat": 0.7}
    )
    stamp = finding(TAG, effect=0.86, interval=(0.8, 0.9), share=0.3, alike=0.2)
    assert [kind_of(entry) for entry in (grass, stamp)] == ["context", "unknown"]
    assert ordered(grass, stamp)[0].class_name == "a"
