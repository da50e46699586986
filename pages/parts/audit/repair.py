"""From a finding that a person has called spurious to a repaired model and its proof."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from camcore.auditing.report import repair_chapter
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.progress import Progress, ask_to_stop
from camcore.auditing.runs.repairs import RepairRecord, repairs_of
from camcore.auditing.runs.run import Run
from pages.components.wording import calmly, plain, reported, sentence
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.parts.audit import places, repair_launching, running, tables
from pages.parts.audit.places import Place
from pages.session.visitor import may_change, require_own

_EVERY = 1.0  # seconds between two looks at the repair's folder
_STAGES = {
    "model": (marked("Loading the model"), ""),
    "cues": (marked("Looking for the cue in every picture"), marked("{done} of {total} pictures")),
    "features": (
        marked("What the network makes of the pictures"),
        marked("{done} of {total} pictures"),
    ),
    "training": (marked("Training the last layers"), marked("{done} of {total} rounds")),
    "check": (marked("Checking what can be reached"), marked("{done} of {total} pictures")),
    "groups": (marked("Measuring every group"), marked("{done} of {total} pictures")),
    "report": (marked("Writing the report"), ""),
}
_PROOF = "proof: "
_STOPPED = {
    "paused": marked("This repair is paused; all that is done is kept."),
    "interrupted": marked(
        "This repair was interrupted: its process is gone, by a restart or a kill. All that is "
        "done is kept."
    ),
}
_ICONS = {
    "repaired": ":material/verified:",
    "improved": ":material/trending_up:",
    "not repairable here": ":material/block:",
}


def show_repair(run: Run, finding: Finding) -> None:
    """The repair of a finding that is relied on and that a person has called spurious."""
    decided = run.decision(finding.id)
    if finding.level != "relied on" or decided is None or decided.decision != "confirmed spurious":
        return
    st.markdown(_("## Repair"))
    with calmly(st.container()), st.container():
        same = run.cause(finding.id)
        tried = [record for record in repairs_of(run) if same & set(record.findings)]
        if not tried:
            st.caption(
                _(
                    "Fits another head to the network, from pictures in which the cue tells "
                    "nothing of the class, and audits the new model on pictures that no step saw. "
                    "The model that was audited stays as it is."
                )
            )
            _offer(run, finding, _("Repair the model"))
            return
        _show(run, finding, tried[0])
        for earlier in tried[1:]:
            if earlier.outcome:
                summary = repair_chapter.sentence_of(earlier.outcome)
                st.caption(_(_attempt(earlier), new=plain(earlier.new), said=plain(summary)))


def _show(run: Run, finding: Finding, record: RepairRecord) -> None:
    state = repair_launching.state_of(record)
    if state in ("running", "starting"):
        _follow(str(run.folder), str(record.out), state)
        return
    if state == "complete" and record.outcome:
        _show_outcome(run, record)
        if record.outcome["status"] != "repaired":
            _offer(run, finding, _("Try again"))
        return
    progress = record.progress
    if state == "failed" and progress is not None:
        st.error(plain(reported(sentence(progress.message))), icon=":material/error:")
    else:
        st.info(_(_STOPPED.get(state, _STOPPED["interrupted"])), icon=":material/info:")
        if progress is None and (last_line := repair_launching.last_words(record)):
            st.caption(_("The process's last words: {line}", line=plain(last_line)))
    if not may_change(run):
        return
    label = _("Try again") if state == "failed" else _("Go on")
    if st.button(label, key="audit-mend-on", type="primary", icon=":material/play_arrow:"):
        repair_launching.go_on(run, record)
        st.rerun()
    if state == "failed":
        with st.expander(_("With other pictures, or deeper")):
            _offer(run, finding, _("Start anew"))


@st.fragment(run_every=_EVERY)
def _follow(folder: str, out: str, before: str) -> None:
    """Looks at the repair again and again; the whole page runs when its state changes."""
    run = Run(folder)
    record = next((record for record in repairs_of(run) if str(record.out) == out), None)
    if record is None or repair_launching.state_of(record) != before:
        st.rerun()
    with calmly(st.container()):
        progress = record.progress if before == "running" else None
        if progress is None or progress.state != "running":
            st.progress(0.0, text=_("Starting: the process loads what it needs …"))
        else:
            running.show_bar(progress, *_stage(progress))
        _show_pause(run, record, before)


def _stage(progress: Progress) -> tuple[str, str]:
    """A stage in words, and how far it is in them, as `running.stage_of` gives them."""
    if progress.stage.startswith(_PROOF):
        title, counted = running.stage_of(progress.stage.removeprefix(_PROOF))
        stage = _(title)
        return _("Proof: {stage}", stage=f"{stage[:1].lower()}{stage[1:]}"), counted
    return _STAGES.get(progress.stage, (progress.stage, ""))


def _show_pause(run: Run, record: RepairRecord, state: str) -> None:
    key = f"audit-mend-asked-{record.out}-{record.started}"
    if st.session_state.get(key):
        st.caption(_("Pausing: the process stops after the pictures at hand …"))
        return
    if not may_change(run):
        st.caption(_("This run belongs to somebody else; it can be watched here."))
        return

    def pause() -> None:
        require_own(run)
        ask_to_stop(record.store.folder)
        st.session_state[key] = True

    st.button(
        _("Pause"),
        key="audit-mend-pause",
        icon=":material/pause:",
        on_click=pause,
        disabled=state == "starting",
        help=_("Stops after the pictures at hand; going on loses nothing."),
    )
    st.caption(_("You may close this tab: the repair goes on, and this address finds it again."))


def _show_outcome(run: Run, record: RepairRecord) -> None:
    outcome = record.outcome
    chapter = repair_chapter.chapter_of(run, record)
    say = {"repaired": st.success, "improved": st.info}.get(outcome["status"], st.warning)
    say(plain(chapter.sentence), icon=_ICONS[outcome["status"]])
    st.markdown(plain(chapter.made))
    tables.show(repair_chapter.COLUMNS, chapter.groups)
    st.caption(repair_chapter.SURE)
    if chapter.findings:
        st.markdown("\n".join(f"- {plain(line)}" for line in chapter.findings))
    if chapter.missing:
        missing = "; ".join(chapter.missing)
        st.markdown(_("**What would make it surer:** {missing}.", missing=plain(missing)))
    with st.container(horizontal=True):
        if record.out.is_file():
            _offer_file(
                record.out, _("The repaired model"), "application/octet-stream", primary=True
            )
        numbers_file = record.out.with_name(f"{record.out.name}.repair.json")
        _offer_file(numbers_file, _("The numbers (JSON)"), "application/json", primary=False)
    if outcome["status"] != "repaired":
        _show_export(run, record)
    if after := outcome["runs"]["after"]:
        with st.container(horizontal=True):
            places.link(_("The run of the proof"), Place(run=after), icon=":material/fact_check:")
            places.link(
                _("Both runs compared"),
                Place(run=places.name_of(run), view="compare", other=after),
                icon=":material/compare_arrows:",
            )


def _show_export(run: Run, record: RepairRecord) -> None:
    """The edited pictures, for who trains with their own code."""
    folder = record.out.parent / "edited-pictures"
    if folder.is_dir():
        st.markdown(_("The balanced, edited pictures lie in {folder}.", folder=plain(folder)))
    elif may_change(run) and st.button(
        _("Write the edited pictures"),
        key="audit-mend-export",
        icon=":material/photo_library:",
        help=_(
            "A folder for each class, in which the cue tells nothing of the class: to train a "
            "network on with your own code."
        ),
    ):
        with st.spinner(_("Writing the edited pictures …")):
            repair_launching.export(run, record, folder)
        st.rerun()


def _offer_file(file: Path, label: str, mime: str, *, primary: bool) -> None:
    st.download_button(
        label,
        partial(_read, file),
        file_name=file.name,
        mime=mime,
        key=f"audit-mend-{file.name}",
        on_click="ignore",
        icon=":material/download:",
        type="primary" if primary else "secondary",
    )


def _read(file: Path) -> bytes:
    return file.read_bytes()


def _attempt(record: RepairRecord) -> str:
    """What an attempt was given beside the run, and came to: a sentence to be translated."""
    if record.deep:
        if record.new is None:
            return marked("Earlier, with the last layers: {said}")
        return marked("Earlier, with the last layers and {new}: {said}")
    if record.new is None:
        return marked("Earlier, at the head: {said}")
    return marked("Earlier, with {new}: {said}")


def _offer(run: Run, finding: Finding, label: str) -> None:
    """The form that starts a repair."""
    if not may_change(run):
        st.caption(_("This run belongs to somebody else, who may repair it."))
        return
    notices = st.container()
    with st.form("audit-mend", enter_to_submit=False):
        new = st.text_input(
            _("New pictures, if there are any"),
            key="audit-mend-new",
            placeholder="/data/new-pictures",
            max_chars=4096,
            help=_(
                "A folder with a folder for each class, on the computer that this page runs on; "
                "best some of each class without the cue."
            ),
        )
        deep = st.checkbox(
            _("Train the last layers where the head alone does not suffice"),
            key="audit-mend-deep",
            help=_(
                "Takes minutes rather than seconds. Needed where the network's features do not "
                "hold what tells the classes apart."
            ),
        )
        if st.form_submit_button(label, type="primary", icon=":material/healing:"):
            with calmly(notices):
                repair_launching.start(run, finding, new, deep)
                st.rerun()
