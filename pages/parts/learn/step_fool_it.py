"""Fool the cloud detector by hand; what proves it, what mends it, and a network that holds."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import camcore
from camcore.auditing.report.repair_chapter import sentence_of
from camcore.auditing.runs.repairs import repairs_of
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.languages.numbers import percent
from pages.parts.by_hand.audited import Audited, audits_of
from pages.parts.by_hand.editing import EditState, Subject, show_editing
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.step_cloud_detector import CLOUD, TANK, offer_audit, record_of
from pages.pickers.picture_picker import sample_picture
from pages.session.address import asked_one

_NETWORKS = (CLOUD, TANK)
_SCENES = ("tank-sunny", "forest-cloudy", "tank-cloudy", "forest-sunny")
_DONORS = dict(
    zip(_SCENES, ("forest-cloudy", "tank-sunny", "tank-sunny", "forest-cloudy"), strict=True)
)
_NETWORK, _SCENE = "learn-fool-network", "learn-fool-scene"
_STATE = EditState("learn-fool", "sky", "picture")


def link() -> dict[str, str | None]:
    """Network, scene and edit for the address, after what a link asks for has been taken in."""
    if network := asked_one("network", _NETWORKS, marked("the network")):
        st.session_state[_NETWORK] = network
    if scene := asked_one("scene", _SCENES, marked("the scene")):
        st.session_state[_SCENE] = scene
    _STATE.follow_link()
    network = st.session_state.get(_NETWORK, CLOUD)
    scene = st.session_state.get(_SCENE, _SCENES[0])
    return {
        "network": network if network != CLOUD else None,
        "scene": scene if scene != _SCENES[0] else None,
        **_STATE.link(),
    }


def show(lesson: Lesson) -> None:
    """The canvas, and what follows from it."""
    if not lesson.presenting:
        st.markdown(
            _(
                "**Fool it:** draw another picture's sky down over this one until the answer "
                "turns, and leave the tank alone. Then try a corner, the frame, or the brush."
            )
        )
    network, scene = _pick()
    model = lesson.beside(network)
    names = sorted((name for name in _SCENES if name != scene), key=_DONORS[scene].__ne__)
    subject = Subject(
        engine=lesson.engine,
        model=model,
        picture=sample_picture(scene),
        donors={name: sample_picture(name) for name in names},
        layer=model.default_layer,
        method="cam",
    )
    show_editing(subject, _STATE)
    if not lesson.presenting:
        audits = audits_of(lesson.beside(CLOUD))
        _tell_proof(bool(audits))
        _tell_repair(audits)
        _tell_better(network)


def _pick() -> tuple[str, str]:
    """Network and picture, side by side."""
    for key, default in ((_NETWORK, CLOUD), (_SCENE, _SCENES[0])):
        st.session_state[key] = st.session_state.get(key, default)
    with st.container(horizontal=True, vertical_alignment="bottom", key="learn-fool-choice"):
        network = st.segmented_control(_("Network"), _NETWORKS, key=_NETWORK, required=True)
        scene = st.selectbox(
            _("Picture"),
            _SCENES,
            key=_SCENE,
            format_func=lambda name: _(camcore.sample(name).title),
            width=260,
        )
    return str(network), str(scene)


def _tell_proof(audited: bool) -> None:
    st.markdown(_("## Prove it"))
    st.markdown(
        _(
            "One fooled picture is an anecdote. The audit hands the sky over in many held-out "
            "pictures, does the same edit without the cue for control, and counts."
        )
    )
    if audited:
        st.markdown(_("The number beside the picture comes from the audit that is kept here."))
    offer_audit()


def _tell_repair(audits: Sequence[Audited]) -> None:
    """What the product says of mending this network: the last repair that was tried, if any."""
    st.markdown(_("## Mend it"))
    repairs = [record for audited in audits for record in repairs_of(audited.run)]
    outcomes = [record.outcome for record in repairs if record.outcome]
    if outcomes:
        st.markdown(
            _(
                "The last repair that was tried here, as its report says in English: {outcome}",
                outcome=plain(sentence_of(outcomes[0])),
            )
        )
    else:
        st.markdown(
            _(
                "On the Audit page, a finding that a person has called spurious can be "
                "repaired. A repair first checks whether the network's features tell the "
                "classes apart at all where the cue does not help, and says so where they do "
                "not. None of this network has been tried here."
            )
        )


def _tell_better(network: str) -> None:
    """The network that learnt from every weather, under the same edit."""
    st.markdown(_("## Fail to fool it"))
    fair = record_of(TANK)["field"]
    st.markdown(
        _(
            "What helps is to learn from pictures whose sky says nothing. So **{model}** was "
            "trained, the same layers, right on {share} of the field's pictures. Your edit "
            "stays as it is: see whether it turns this one too.",
            model=TANK,
            share=percent(fair, 1),
        )
    )
    other = CLOUD if network == TANK else TANK
    st.button(
        _("Try the same on {model}", model=other), key="learn-fool-other",
        on_click=_take, args=(other,),
        icon=":material/swap_horiz:",
    )  # fmt: skip


def _take(network: str) -> None:
    st.session_state[_NETWORK] = network
