"""Which of several findings leads, on findings made by hand."""

from __future__ import annotations

from dataclasses import replace

from camcore.auditing.edits import probe_named
from camcore.auditing.runs.findings import Finding
from camcore.auditing.verdict.causes import joined
from camcore.auditing.verdict.observed import region_json
from camcore.auditing.verdict.ordering import in_order

TAG, TOP = "cells 4x4: 0,0", "top 1/3"


def finding(family: str, effect: float | None, probe: str | None = None, **more) -> Finding:
    level = "relied on" if effect is not None else "associated"
    region = region_json(probe_named(probe).region) if probe else None
    area = probe_named(probe).area if probe else None
    return Finding(
        f"a--{family}", "a", family, family, more.pop("level", level),
        effect=effect, probe=probe, region=region, area=area, **more,
    )  # fmt: skip


def test_a_tag_is_named_before_the_frame_that_contains_it():
    ordered = in_order(
        [
            finding("associated", None, auc=0.99),
            finding("brightness", 0.3, "brightness"),
            finding("frame", 0.62, "ring 1/8"),
            finding("tag", 0.58, TAG),
        ]
    )
    assert [entry.family for entry in ordered] == ["tag", "frame", "brightness", "associated"]


def test_a_part_that_the_class_can_miss_does_not_lead():
    # Half of a frame suffices, but without it the other half still does.
    frame = finding("frame", 0.95, "ring 1/8", share=0.9)
    side = finding("side-band", 0.93, "right 1/4", share=0.1)
    assert [entry.family for entry in in_order([side, frame])] == ["frame", "side-band"]
    # The top of a bright picture is bright; taken out, the rest of it still is.
    bright = finding("brightness", 0.9, "brightness", share=0.8)
    top = finding("sky/top-band", 0.95, TOP, share=0.2)
    assert [entry.family for entry in in_order([top, bright])] == ["brightness", "sky/top-band"]


def test_a_trace_of_a_cue_does_not_lead():
    # A bright band adds light, and light alone may do; but without the band the class is lost.
    light = finding("brightness", 0.8, "brightness", share=0.01)
    band = finding("sky/top-band", 0.95, TOP, share=1.0, off_object=0.45)
    assert [entry.family for entry in in_order([light, band])] == ["sky/top-band", "brightness"]


def test_a_cue_that_no_image_needs_may_still_lead():
    # Taken out, the control lost even more: the share is below zero.
    light = finding("brightness", 0.8, "brightness", share=-0.1)
    colour = finding("colour", 0.5, "colour", share=-0.2)
    assert [entry.family for entry in in_order([colour, light])] == ["brightness", "colour"]


def test_a_background_leads_only_where_nothing_in_it_explains_it():
    background = finding("background", 1.0, "background", on_object=False)
    mark = finding("watermark", 0.6, "watermark", on_object=False)
    assert [entry.family for entry in in_order([background, mark])] == ["watermark", "background"]
    faint = finding("watermark", 0.4, "watermark", on_object=False)
    assert [entry.family for entry in in_order([faint, background])] == ["background", "watermark"]


def test_what_may_be_the_object_comes_after_what_is_not():
    middle = finding("region", 0.9, "cells 4x4: 1,1", may_be_object=True, off_object=0.1)
    thing = finding("object", 0.95, "object", on_object=True)
    tag = finding("tag", 0.4, TAG, off_object=1.0)
    ordered = in_order([thing, middle, tag])
    assert [entry.family for entry in ordered] == ["tag", "object", "region"]


def test_what_may_be_the_object_comes_strongest_first():
    # Hardly anything is left of either beside the middle; a band that holds a head has more left.
    thing = finding("region", 0.9, "cells 4x4: 1,1 1,2 2,1 2,2", may_be_object=True, off_object=0.0)
    head = finding("sky/top-band", 0.25, TOP, may_be_object=True, off_object=0.1)
    assert [entry.family for entry in in_order([head, thing])] == ["region", "sky/top-band"]


def test_a_cue_is_ranked_by_what_it_does_beside_the_object():
    # The lower third holds the tag and a part of the object, which makes it stronger.
    third = finding("bottom-band", 0.95, "bottom 1/3", off_object=0.8)
    tag = finding("tag", 0.6, TAG, off_object=1.0)
    assert [entry.family for entry in in_order([third, tag])] == ["tag", "bottom-band"]


def test_a_weak_small_region_does_not_lead():
    ordered = in_order([finding("tag", 0.2, TAG), finding("brightness", 0.9, "brightness")])
    assert [entry.family for entry in ordered] == ["brightness", "tag"]


def test_overlaps_are_said_of_the_weaker_one():
    findings = joined(
        [
            finding("tag", 0.6, TAG),
            finding("frame", 0.5, "ring 1/8"),
            finding("bottom-band", 0.4, "bottom 1/3"),
            finding("brightness", 0.3, "brightness"),
        ]
    )
    assert [entry.overlaps for entry in findings] == [None, "a--tag", None, None]


def test_a_background_holds_the_sky():
    sky = finding("sky/top-band", 0.9, TOP, on_object=False)
    findings = joined([sky, finding("background", 1.0, "background", on_object=False)])
    assert [entry.overlaps for entry in findings] == [None, "a--sky/top-band"]
    unknown = finding("sky/top-band", 0.9, TOP)
    findings = joined([unknown, finding("background", 1.0, "background", on_object=False)])
    assert [entry.overlaps for entry in findings] == [None, None]


def test_classes_follow_by_what_leads_in_them():
    # Noise explains half of what forest's background does; tank's compression explains all.
    forest = [
        finding("background", 1.0, "background"),
        finding("noise", 0.55, "noise"),
    ]
    tank = [
        replace(finding("compression", 0.9, "compression"), class_name="tank", id="tank--x"),
    ]
    assert [entry.family for entry in in_order([*forest, *tank])][:2] == ["compression", "noise"]


def test_of_two_properties_the_one_that_is_needed_leads():
    light = finding("brightness", 1.0, "brightness", share=0.6)
    noise = finding("noise", 0.9, "noise", share=0.95)
    assert [entry.family for entry in in_order([light, noise])] == ["noise", "brightness"]


def test_a_pattern_is_named_before_the_sharpness_that_it_adds():
    sharp = finding("blur", 0.9, "blur", share=0.3)
    mark = finding("watermark", 0.7, "watermark", share=0.3)
    assert [entry.family for entry in in_order([sharp, mark])] == ["watermark", "blur"]
    faint = finding("watermark", 0.4, "watermark", share=0.3)
    assert [entry.family for entry in in_order([sharp, faint])] == ["blur", "watermark"]


def test_what_any_place_does_is_named_after_the_property_of_the_whole():
    # Every part of a noisy picture is noisy, the top as well as any other place.
    top = finding("sky/top-band", 0.95, TOP, elsewhere=0.8, share=0.1)
    noise = finding("noise", 0.5, "noise", share=0.1)
    assert [entry.family for entry in in_order([top, noise])] == ["noise", "sky/top-band"]
    # That goes for the order of classes too.
    blur = replace(finding("blur", 0.6, "blur", share=0.1), class_name="b", id="b--blur")
    assert [entry.family for entry in in_order([top, blur])] == ["blur", "sky/top-band"]


def test_places_that_do_no_more_than_others_are_ordered_all_the_same():
    band = finding("sky/top-band", 0.3, TOP, elsewhere=0.4)
    tag = finding("tag", 0.2, TAG, elsewhere=0.3)
    assert [entry.family for entry in in_order([band, tag])] == ["tag", "sky/top-band"]


def test_a_property_is_not_less_for_the_part_of_the_picture_that_was_left_alone():
    blur = finding("blur", 1.0, "blur", off_object=0.6)
    noise = replace(finding("noise", 0.8, "noise", off_object=0.9), class_name="b", id="b--noise")
    assert [entry.family for entry in in_order([noise, blur])] == ["blur", "noise"]


def test_a_trace_of_a_place_comes_after_what_counts():
    trace = finding("blur", 0.9, "blur", trace=True, in_part=0.1)
    tag = finding("tag", 0.4, TAG)
    assert [entry.family for entry in in_order([trace, tag])] == ["tag", "blur"]
