"""Every number that can change a verdict, in one place, with what it means and what chose it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from camcore.engine.precision import AGREEMENT, FASTER, LIKENESS


def _rule(value: Any, meaning: str, chosen_by: str) -> Any:
    """A field of `Rules`: its value, one line on what it means, one on what chose it."""
    return field(default=value, metadata={"meaning": meaning, "chosen_by": chosen_by})


@dataclass(frozen=True)
class Rules:
    """The numbers by which an audit looks, tests and judges.

    They are fixed before a run, written into its run.json, and read from there by whatever judges
    it again. `describe` lists them with their meaning and what chose them.

    Examples
    --------
    >>> Rules().floor
    0.1
    >>> Rules.from_json(Rules().as_json()) == Rules()
    True
    """

    # What is proven
    significance: float = _rule(
        0.05,
        "largest adjusted p-value of a finding",
        "convention, set before the first run",
    )
    floor: float = _rule(
        0.10,
        "smallest excess of flips that matters in practice",
        "a first experiment on MNIST, before the first run",
    )
    surely: float = _rule(
        0.5,
        "of the floor: what the lower end of an effect's interval must reach",
        "effects just above the floor on clean pictures and at a correlation of .7",
    )
    least_images: int = _rule(
        30,
        "independent images of a class; fewer are insufficient",
        "set before the first run",
    )
    resamples: int = _rule(
        4999,
        "sign flips and bootstrap samples of a test",
        "convention: p-values to .0002",
    )

    # What is compared
    most_images: int = _rule(
        2500,
        "images that the evidence is taken from",
        "memory must not grow with the folder",
    )
    most_classes: int = _rule(
        50,
        "classes that the evidence looks at, the largest",
        "with more, few images of each would be left",
    )
    duplicates_alike: float = _rule(
        0.93,
        "correlation of two thumbnails from which on they count as one image",
        "photographs encoded anew against neighbours in a series",
    )
    flat_thumbnail: float = _rule(
        2.0,
        "gray levels of contrast below which a thumbnail is rounding, no picture",
        "set before the first run",
    )
    thumbnail_ridge: float = _rule(
        0.3,
        "share of a thumbnail's variance that encoding anew may move about",
        "set before the first run",
    )
    thumbnails_at_least: float = _rule(
        20.0,
        "images from which on something can be said to be common to all",
        "set before the first run",
    )

    # Association and attention
    association_auc: float = _rule(
        0.75,
        "cross-validated AUC of a property that is worth a finding",
        "set before the first run",
    )
    shuffles: int = _rule(
        499,
        "shuffled labels of the tests of association and attention",
        "convention: p-values to .002",
    )
    association_folds: int = _rule(
        5,
        "folds of the cross-validation",
        "convention",
    )
    association_bins: int = _rule(
        16,
        "bins of equally many images; missing values have one more",
        "set before the first run",
    )
    association_prior: int = _rule(
        2,
        "images at the base rate that each bin starts with",
        "set before the first run",
    )
    attention_lift: float = _rule(
        1.5,
        "times the other classes' mean that a cell of a hot region holds",
        "set before the first run",
    )
    attention_above: float = _rule(
        0.5,
        "of the hottest cell's mean: what a cell of a hot region holds",
        "set before the first run",
    )
    strategies_most: int = _rule(
        8,
        "ways of recognising a class that are told apart",
        "set before the first run",
    )
    strategies_images: int = _rule(
        1000,
        "maps of a class that are clustered",
        "time of the eigenvalues",
    )
    strategies_side: int = _rule(
        16,
        "cells a side that finer maps are pooled to before they are clustered",
        "set before the first run",
    )
    strategies_neighbours: int = _rule(
        10,
        "neighbours of a map in the graph that is clustered",
        "set before the first run",
    )
    strategies_gap: float = _rule(
        5.0,
        "times the gap of eigenvalues before: a hot spot that moves on a line has 1, 4, 9, ...",
        "set before the first run",
    )
    response_bin: int = _rule(
        5,
        "values of a response curve's bin at least, on average",
        "set before the first run",
    )

    # Looking for cues
    promising: float = _rule(
        0.4,
        "of the floor: what a cue must show on the discovery half to be tested",
        "set before the first run",
    )
    refinements: int = _rule(
        2,
        "times that a region is looked into more closely",
        "set before the first run",
    )
    kept: float = _rule(
        0.9,
        "of the best effect: what a smaller region must keep to stand for the cue",
        "set before the first run",
    )
    kept_move: float = _rule(
        0.95,
        "of the move in log-odds: what a region that is cut must keep",
        "a tag of eight columns in a tiny network, of which one in eight moves a tenth",
    )
    strong: float = _rule(
        0.7,
        "of the best effect: what a cue must keep to lead over those that contain it",
        "a tag beside the lower part of a digit",
    )
    objects_known: float = _rule(
        0.5,
        "of the pairs with a known object from which on objects are spared by it",
        "set before the first run",
    )
    looked_at: int = _rule(
        64,
        "images that decide which properties of the whole image are tried",
        "set before the first run",
    )
    hot_regions: int = _rule(
        3,
        "hot regions of a class's strategies that are tried, the largest",
        "set before the first run",
    )
    largest_region: float = _rule(
        0.5,
        "of the picture: a larger hot region is no place",
        "set before the first run",
    )
    full_pairs: tuple[int, int, int] = _rule(
        (48, 128, 192),
        "pairs for discovery, test and necessity where the budget allows",
        "effects to about four points",
    )
    least_pairs: tuple[int, int, int] = _rule(
        (24, 48, 48),
        "the same where the budget is small",
        "set before the first run",
    )
    donor_reused: int = _rule(
        2,
        "times that a donor may give, where donors are few",
        "set before the first run",
    )
    donors_recognised: int = _rule(
        15,
        "rightly recognised donors from which on only those give",
        "set before the first run",
    )
    edited_at_once: int = _rule(
        64,
        "pairs edited at once; what donors share is read from so many",
        "error of the estimated watermark",
    )

    # The object and the cue
    middle: float = _rule(
        0.9,
        "of either side: the ellipse that objects are taken to be in if nothing tells",
        "clean digits",
    )
    on_object: float = _rule(
        0.5,
        "of the effect: less left where known objects are spared means the object",
        "set before the first run",
    )
    by_object: float = _rule(
        0.2,
        "of the move in log-odds: the same for a property of the whole image",
        "tuned cases: properties that work through the object (at most .17) against planted ones "
        "(at least .23)",
    )
    in_middle: float = _rule(
        0.4,
        "of the move in log-odds: less left where the middle is spared may be the object",
        "clean digits (at most .21) against tags (at least .5)",
    )
    in_part: float = _rule(
        0.4,
        "of the move in log-odds: less left where a quarter is read is the trace of a place",
        "the sharpness that a fixed tag adds (.00) against blur and brightness (at least .63)",
    )
    boxed_fewest: int = _rule(
        15,
        "pictures of a class with known objects, and of others, from which on trials among them "
        "tell the object from its surroundings where few pictures tell it",
        "some thirty pictures are a few minutes of drawing; the interval decides whether they are "
        "enough",
    )
    boxed_pairs: int = _rule(
        64,
        "pairs of such a trial, drawn from few pictures again and again",
        "as in the test, at the least",
    )
    boxed_classes: int = _rule(
        3,
        "other classes that boxes are asked for, those that the cue moves most",
        "five pictures of each, of which any may be the control of another",
    )
    fills_agree: float = _rule(
        0.5,
        "of the larger: what the weaker of two fills of a removal must reach",
        "set before the first run",
    )
    explained: float = _rule(
        0.5,
        "of a background's effect: what a cue in it must reach to be named instead",
        "watermark and tag in scenes",
    )
    same_place: float = _rule(
        0.5,
        "of the smaller region: overlap from which on two findings are one cue",
        "set before the first run",
    )
    largest_tag: float = _rule(
        1 / 8,
        "of the picture: largest region that is a tag by its middle alone",
        "tags cut to cells that reach beyond the corner",
    )

    # Edits
    finest: int = _rule(
        16,
        "cells a side of the finest regions that are tried",
        "set before the first run",
    )
    trimmed_to: int = _rule(
        32,
        "cells a side of regions that are cut",
        "set before the first run",
    )
    trimmed_thirds_to: int = _rule(
        24,
        "the same for regions in thirds",
        "set before the first run",
    )
    tone_ends: float = _rule(
        0.01,
        "share of the pixels beyond the black point, and beyond the white point",
        "set before it was first tried",
    )
    tone_near: float = _rule(
        0.04,
        "of the range: so near to black or white a pixel is ground and no tone",
        "ten levels of the full range: JPEG noise on a plain ground",
    )
    tones_fewest: float = _rule(
        0.01,
        "share of the pixels: fewer between black and white tell no tones",
        "set before it was first tried",
    )
    light_dimmest: float = _rule(
        0.25,
        "of the mean: darker, broad waves show what stands there and not the light",
        "set before it was first tried",
    )
    light_fewest: float = _rule(
        0.05,
        "share of the pixels: fewer that are not clipped tell no fall of light",
        "set before it was first tried",
    )
    mark_smooth: float = _rule(
        16.0,
        "gray levels squared: smoother places tell no more of a faint mark",
        "rounding and JPEG at usual qualities",
    )
    on_steps: float = _rule(
        0.3,
        "of what chance leaves between coefficients and the steps of a JPEG table",
        "photographs encoded at many qualities, and never",
    )
    file_scale_most: float = _rule(
        4.0,
        "a file's pixels to a pixel of the input: beyond it JPEG blocks are hardly seen",
        "set before it was first tried",
    )
    trims: int = _rule(
        4,
        "rounds of ever narrower cuts from the four sides of a region",
        "a quarter of a corner down to one cell",
    )
    real_pictures: int = _rule(
        512,
        "real pictures that edited ones are held against",
        "time and memory",
    )
    real_neighbours: int = _rule(
        3,
        "neighbours that the ball around a real picture reaches to",
        "Kynkaanniemi 2019",
    )
    real_ridge: float = _rule(
        0.1,
        "of the largest spread: directions that vary less are measured by this",
        "gray grounds against black, on networks of five classes",
    )
    unreal: float = _rule(
        0.02,
        "share of the real pictures that may count as unreal",
        "set before it was first tried",
    )
    faint: float = _rule(
        64.0,
        "gray levels: deviations above belong to the object, not to a faint pattern",
        "set before the first run",
    )
    pattern_sure: float = _rule(
        3.0,
        "standard errors that a shared pattern must be from zero",
        "error of the estimated watermark against the true one",
    )
    noise_certain: float = _rule(
        3.0,
        "spreads of noise that are noise in full",
        "set before the first run",
    )
    wave_stands_out: float = _rule(
        4.0,
        "times the usual power at its frequency: a wave, and no chance",
        "set before the first run; noise stays below it",
    )
    sharpening_most: float = _rule(
        2.0,
        "times the amplitude: more makes patterns that no sharper picture has",
        "watermarks that passed for sharpness",
    )
    stretch_most: float = _rule(
        4.0,
        "times the contrast: a flat image stretched further shows its rounding",
        "set before the first run",
    )
    colour_ridge: float = _rule(
        25.0,
        "squared gray levels: a nearly flat image says little of colour against luminance",
        "set before the first run",
    )
    object_margin: float = _rule(
        0.03,
        "of the side: what belongs to an object around its mask",
        "set before the first run",
    )
    fill_noise: float = _rule(
        2.0,
        "gray levels of noise in imputed pixels",
        "set before the first run",
    )
    shift_images: int = _rule(
        16,
        "images of a class that are moved to see what a hot spot follows",
        "set before the first run",
    )
    shift_step: float = _rule(
        0.25,
        "of the side that they are moved; smooth maps look alike after smaller moves",
        "set before the first run",
    )

    # What moves but does not flip
    move_floor: float = _rule(
        0.12,
        "smallest move in log-odds that matters, of what a whole picture of the class moves",
        "heads on ImageNet features: marks that they rely on (.15 to .3), clean ones (.03)",
    )
    move_surely: float = _rule(
        3.0,
        "standard errors of a move that is worth a test where nothing flips",
        "set before the first run of it",
    )
    tested_by_move: int = _rule(
        4,
        "families of a class that are tested for their move alone, the strongest",
        "forward passes",
    )
    least_swing: float = _rule(
        1.0,
        "log-odds between a class and the others, at least: the unit of a move",
        "a network that tells nothing apart must not make every move large",
    )

    # What is missed
    missed: float = _rule(
        0.10,
        "what a class must lose without a cue to rely on it: share that leaves, or of the swing",
        "as large as the floor of what a cue does when it is given",
    )
    needed: float = _rule(
        0.20,
        "the same, and what the cue must do, for a cue that may be natural",
        "bands on clean CIFAR-10 that carry a part of the object (.11 to .20)",
    )

    # Artefact, context, object
    alike: float = _rule(
        0.35,
        "share of a place where one content repeats, from which on it was put there",
        "clean Fashion-MNIST (.20) and rendered skies (.34) against tags that fill half of their "
        "region",
    )
    repeated: float = _rule(
        0.30,
        "excess of a class's pictures with one content at a place, from which on it repeats",
        "clean CIFAR-10 (at most .19) against tags at a correlation of .75 (.69)",
    )
    surely_repeated: float = _rule(
        0.60,
        "the same excess where nothing but what was put there reaches it",
        "clean Fashion-MNIST (at most .41) and photographs (.14) against a border at a correlation "
        "of .9 (.85)",
    )
    stamped: float = _rule(
        0.05,
        "share of a place that surely repeats, from which on something was put there",
        "set before it was first tried; a place may be much larger than the mark in it",
    )
    taking_turns: int = _rule(
        3,
        "separate places of a region from which on content may take turns among them: half as "
        "often is enough",
        "tags in random corners, against the two ends of a boot's sole",
    )
    alike_levels: int = _rule(
        12,
        "grey levels, in every channel, within which content is the same",
        "JPEG and rounding, against photographs",
    )
    alike_values: int = _rule(48, "contents of a class that are looked for in the others", "time")
    alike_pictures: int = _rule(96, "pictures of a class that are compared", "time")
    alike_classes: int = _rule(
        8,
        "other classes that a class's pictures are compared with, the largest",
        "memory must not grow with the folder",
    )
    common_ground: float = _rule(
        0.20,
        "share of all pixels from which on a value is the ground of all pictures",
        "black around garments and digits",
    )
    plain: float = _rule(
        0.30,
        "share of a place that is the ground of all pictures, from which on it has no context",
        "borders of clean Fashion-MNIST, to which only the garment reaches",
    )
    set_apart: float = _rule(
        0.40,
        "separation from every other class, in most parts, of a property that was given to it",
        "texture of clean natural pictures (at most .25) against planted blur, noise and JPEG (.43 "
        "and more)",
    )
    levels_apart: float = _rule(
        0.60,
        "the same of black and white, in brightness and colour",
        "the sky of clean airplanes (.36 to .55) against planted casts (.64 and more); weaker "
        "casts are not told from context",
    )
    carries: float = _rule(
        0.40,
        "share of a move that shared content, plain colour or the surroundings make alone",
        "as where the middle is left alone",
    )
    fine_carries: float = _rule(
        0.50,
        "share of a move that the shared content of a place makes beyond its broad light and "
        "colour, from which on it is a drawn pattern",
        "skies and ground of clean CIFAR-10 (at most .28) against a stamp whose digits differ (.75 "
        "and more)",
    )
    flat_most: float = _rule(
        0.75,
        "of what the shared content moves: where a plain colour does more, no lines are asked for",
        "forward passes",
    )
    fine_beside: float = _rule(
        0.60,
        "share of such a pattern's move that must stay without the middle",
        "soles and sleeves that reach a border (.47) against stamps (.73 and more)",
    )
    broad: float = _rule(
        1 / 8,
        "of the shorter side: spread over which light and colour count as broad",
        "set before it was first tried; a horizon keeps its two sides",
    )
    context_beside: float = _rule(
        0.50,
        "share of a place's move that must stay without the middle, for it to be context",
        "bands on clean CIFAR-10 that independent edits find to act through the middle (.42 to "
        ".45, one .53)",
    )
    context_recognised: float = _rule(
        0.50,
        "of a class's pictures that are recognised, from which on a place can be its context",
        "frames of clean CIFAR-10 that independent edits deny where .40 are recognised, and bear "
        "out where .60 are",
    )
    hardly_outside: float = _rule(
        0.12,
        "share of a move left outside the middle, below which the middle makes it",
        "planted blur, which acts evenly, keeps .15",
    )
    absent: float = _rule(
        0.75,
        "share of a move that taking away alone makes where a class is known by a lack",
        "bands on clean CIFAR-10 (at most .71)",
    )
    turned_elsewhere: float = _rule(
        0.35,
        "of the move in one class, below which the others are hardly moved",
        "planted blur that other classes lose (none in the other class)",
    )
    context_counts: float = _rule(
        0.50,
        "weight in the score of a context that neither masks nor boxes tell",
        "artefacts come before context",
    )
    unknown_counts: float = _rule(
        0.25,
        "weight in the score of a cue whose kind no trial tells",
        "half of a context's",
    )

    # Parts that move
    parts_alike: float = _rule(
        0.2,
        "excess correlation of a part's crops from which on it is one thing that recurs",
        "components of clean photographs reached .14, of clean CIFAR-10 .15; a weak ruler .28, a "
        "marker .49",
    )
    parts_drawn: float = _rule(
        0.4,
        "the same of fine detail alone, from which on a part is drawn and no natural thing",
        "clean garments (at most .32), clean CIFAR-10 (.19); a ruler .54. A plain marker has none "
        "(.20)",
    )
    parts_one_thing: float = _rule(
        0.4,
        "excess correlation of crops from which on a part that is not drawn may be put there",
        "garments on natural grounds (at most .26) against markers (.47)",
    )
    parts_needed: float = _rule(
        0.3,
        "what such a part must do, and what the class must lose without it",
        "clean garments, airplanes and digits (at most .20) against a marker (.55)",
    )
    parts_central: float = _rule(
        0.9,
        "of a part's windows wholly in the middle, from which on it may be a piece of the object",
        "strokes of clean digits (.99 and more); windows at random places: .42 to .51",
    )
    parts_showing: float = _rule(
        0.5,
        "of a class's images, those with most of a part: they give it",
        "a mark on a third of a class must still be given by most donors",
    )
    parts_strength: float = _rule(
        2.5,
        "standard errors that a part moves the log-odds on the discovery half, to be tested",
        "set before the first run",
    )
    parts_own: tuple[int, int] = _rule(
        (48, 64),
        "images of the class that parts are placed in, to find and to test them",
        "some 1000 forward passes a class",
    )
    parts_others: tuple[int, int] = _rule(
        (32, 64),
        "the same of the other classes, which receive parts and are controls",
        "some 1000 forward passes a class",
    )
    parts_pairs: tuple[int, int, int] = _rule(
        (16, 64, 32),
        "pairs that find a part, that test it, and that are asked what of it acts alone",
        "some 1000 forward passes a class",
    )
    parts_taken: int = _rule(
        48,
        "images of the class that a part is taken out of",
        "some 1000 forward passes a class",
    )

    # Precision of a scan
    bfloat16_faster: float = _rule(
        FASTER,
        "times as fast that bfloat16 must be to be taken",
        "set before the first run",
    )
    bfloat16_agreement: float = _rule(
        AGREEMENT,
        "of the predictions that must be the same",
        "set before the first run",
    )
    bfloat16_likeness: float = _rule(
        LIKENESS,
        "median correlation that the maps must keep",
        "set before the first run",
    )

    def as_json(self) -> dict[str, Any]:
        """The rules as a JSON object."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Rules | None:
        """The rules that `as_json` wrote; None where some are missing or unknown here."""
        if set(value) != {rule.name for rule in fields(cls)}:
            return None
        return cls(
            **{  # type: ignore[arg-type]
                name: tuple(given) if isinstance(given, list) else given
                for name, given in value.items()
            }
        )

    def differences(self, other: Rules) -> tuple[str, ...]:
        """Names of the rules that differ.

        Examples
        --------
        >>> Rules().differences(Rules(floor=0.2))
        ('floor',)
        """
        return tuple(
            rule.name
            for rule in fields(self)
            if getattr(self, rule.name) != getattr(other, rule.name)
        )

    def describe(self) -> tuple[tuple[str, Any, str, str], ...]:
        """Name, value, meaning, and what chose it, of every rule.

        Examples
        --------
        >>> Rules().describe()[1][2]
        'smallest excess of flips that matters in practice'
        """
        return tuple(
            (
                rule.name.replace("_", " "),
                getattr(self, rule.name),
                rule.metadata["meaning"],
                rule.metadata["chosen_by"],
            )
            for rule in fields(self)
        )


RULES = Rules()
"""The rules in force: those of an audit that begins now."""
