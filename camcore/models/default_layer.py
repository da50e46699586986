"""Which of a network's maps reach its scores, and which one is shown without being asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

TRANSFORMER = 2
"""Mixings of tokens from which on a network is more than pooled convolutions."""
_LISTED = 3  # names of layers in one sentence


class Tap(Protocol):
    """A tensor with a map."""

    @property
    def name(self) -> str:
        """Of the layer."""
        ...


TapT = TypeVar("TapT", bound=Tap)


@dataclass(frozen=True)
class Network(Generic[TapT]):
    """What has to be known of a network to choose among its maps.

    Attributes
    ----------
    mixings : int
        How often tokens are mixed with one another on the way to the scores.
    is_tokens : callable
        Whether a map is held by a sequence of tokens.
    is_linear : callable
        Whether a map is computed from the pixels by linear operations alone.
    is_projection : callable
        Whether a dense layer over the channels alone makes a map of the one before it.
    follows : callable
        ``follows(later, earlier)``: whether one map is computed from another.
    reads : callable
        ``reads(tap, held)``: whether the scores follow the cells of one map while another, if
        not None, is held at what it is.
    """

    mixings: int
    is_tokens: Callable[[TapT], bool]
    is_linear: Callable[[TapT], bool]
    is_projection: Callable[[TapT], bool]
    follows: Callable[[TapT, TapT], bool]
    reads: Callable[[TapT, TapT | None], bool]


def default_tap(active: Sequence[TapT], network: Network[TapT]) -> TapT:
    """The last map that a layer made.

    A transformer's first map, the embedding of its patches, is linear in the pixels and knows
    nothing yet; its tokens are shown, at the last layer through which all that the patches tell
    the scores goes: behind a class token the input of the last attention, not its keys or values.
    Where convolutions made the map and a single attention pools it, the map of the convolutions
    is shown.

    Parameters
    ----------
    active : sequence
        Maps that are made rather than repeated or thinned out, in order of computation.
    """
    if not network.is_tokens(active[-1]):
        return active[-1]
    if network.mixings < TRANSFORMER:
        seen = [tap for tap in active if not network.is_tokens(tap) and not network.is_linear(tap)]
        if seen:
            return seen[-1]
    return _last_whole(active, network)


def unread_note(names: Sequence[str]) -> str:
    """A clause for layers whose cells the scores do not follow.

    Behind the last attention of a network that reads its class token alone, the tokens of the
    patches are computed all the same, but nobody reads them.
    """
    listed = ", ".join(names)
    if len(names) > _LISTED:
        listed = f"{names[0]} to {names[-1]} ({len(names)} layers)"
    return (
        f"the patches of {listed} do not reach the scores, which read other tokens "
        "there, so these layers are not offered"
    )


def _last_whole(taps: Sequence[TapT], network: Network[TapT]) -> TapT:
    """The last map that holds all that the cells of the map before it tell the scores.

    Keys and values of attention are two maps made of one, and neither holds all of it: with one
    of them fixed, the scores still follow the cells that both are made of.
    """
    chosen = len(taps) - 1
    for index in range(chosen, 0, -1):
        before = _before(taps, index, network)
        if before is not None and not network.reads(taps[before], taps[index]):
            chosen = index
            break
    while network.is_projection(taps[chosen]):  # queries, keys and values in one
        before = _before(taps, chosen, network)
        if before is None:
            break
        chosen = before
    return taps[chosen]


def _before(taps: Sequence[TapT], index: int, network: Network[TapT]) -> int | None:
    """The map that one is made of."""
    return next(
        (place for place in reversed(range(index)) if network.follows(taps[index], taps[place])),
        None,
    )
