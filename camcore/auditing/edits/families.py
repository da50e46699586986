"""Families of cues: what a model may rely on beside the object, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """One kind of cue.

    Attributes
    ----------
    name : str
        Id in every file of a run.
    title : str
        As people call it.
    about : str
        How the audit intervenes on it, in one sentence.
    """

    name: str
    title: str
    about: str


FAMILIES = {
    family.name: family
    for family in (
        Family("tag", "corner tag", "A corner, or all four together, is taken from the donor."),
        Family("frame", "frame", "The outer ring is taken from the donor."),
        Family("sky/top-band", "top band", "The upper third is taken from the donor."),
        Family("bottom-band", "bottom band", "The lower third is taken from the donor."),
        Family("side-band", "side band", "The left or right quarter is taken from the donor."),
        Family("region", "region", "A patch inside the picture is taken from the donor."),
        Family(
            "part", "part that moves",
            "What one component of the network's activations shows is taken from the donor.",
        ),
        Family("brightness", "brightness", "Black, white and tones between become the donors'."),
        Family("colour", "colour", "Colour, as it goes with luminance, becomes the donor's."),
        Family(
            "illumination", "illumination",
            "Broad light and shade, or its fall towards the corners, become the donors'.",
        ),
        Family("blur", "blur", "Sharpness, or the spectrum of fine detail, becomes the donors'."),
        Family("noise", "noise", "The noise level becomes the donors'."),
        Family("texture", "texture", "Waves that donors share are put in, at any place."),
        Family(
            "watermark", "watermark", "The faint fine pattern that donors share is put in."
        ),
        Family("compression", "compression", "Recompressed at the donors' JPEG quality."),
        Family(
            "background", "background",
            "The object stays, the donor's surroundings replace its own.",
        ),
        Family("object", "object", "The donor's object is put in, the surroundings stay."),
        Family("dimensions", "dimensions", "Size and shape of the files; no intervention."),
    )
}  # fmt: skip
