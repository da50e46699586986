"""The rule by which a map is shown by default, on networks that are told in a few words."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from camcore.models.default_layer import Network, default_tap, unread_note


@dataclass(frozen=True)
class Map:
    """A map: what it is made of, what is lost of it where others are held, and what it is."""

    name: str
    made_of: tuple[str, ...] = ()
    tokens: bool = True
    linear: bool = False
    projection: bool = False


def network(maps, *, mixings, whole=()):
    """Behind each map of `whole` the scores follow nothing that comes before it."""
    by_name = {tap.name: tap for tap in maps}

    def follows(later, earlier):
        sources = later.made_of
        return earlier.name in sources or any(follows(by_name[name], earlier) for name in sources)

    return Network[Map](
        mixings=mixings,
        is_tokens=lambda tap: tap.tokens,
        is_linear=lambda tap: tap.linear,
        is_projection=lambda tap: tap.projection,
        follows=follows,
        reads=lambda tap, held: held is None or held.name not in whole,
    )


PATCHES = Map("patches", tokens=False, linear=True)
STEM = Map("stem", tokens=False)
BLOCK, NORM = Map("block", ("patches",)), Map("norm", ("block",))
QUERIES, KEYS, VALUES = (Map(name, ("norm",), projection=True) for name in ("q", "k", "v"))
JOINT = Map("qkv", ("norm",), projection=True)


@pytest.mark.parametrize(
    ("maps", "mixings", "whole", "expected"),
    [
        ([PATCHES, STEM], 0, (), "stem"),
        ([PATCHES, BLOCK, NORM], 2, ("norm",), "norm"),
        ([PATCHES, BLOCK, NORM, QUERIES, KEYS, VALUES], 2, ("norm", "block"), "norm"),
        ([PATCHES, BLOCK, NORM, JOINT], 2, ("qkv", "norm", "block"), "norm"),
        ([STEM, Map("tokens", ("stem",))], 1, ("tokens",), "stem"),
        ([STEM, Map("tokens", ("stem",))], 2, ("tokens",), "tokens"),
        ([PATCHES, Map("tokens", ("patches",))], 1, ("tokens",), "tokens"),
    ],
    ids=[
        "convolutions", "pooled tokens", "keys and values", "all three in one",
        "one attention over convolutions", "a transformer over convolutions", "linear patches",
    ],
)  # fmt: skip
def test_the_last_map_that_holds_all_is_shown(maps, mixings, whole, expected):
    assert default_tap(maps, network(maps, mixings=mixings, whole=whole)).name == expected


def test_many_names_are_told_by_the_first_and_the_last():
    assert unread_note(["a", "b"]).startswith("the patches of a, b do not")
    assert unread_note(list("abcd")).startswith("the patches of a to d (4 layers) do not")
