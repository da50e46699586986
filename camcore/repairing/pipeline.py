"""The verb: from a run and a finding to a repaired file and its proof, begun or continued."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from camcore.auditing.audited_model import audited_model
from camcore.auditing.report import write_report
from camcore.auditing.rules import RULES as AUDIT_RULES
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.progress import Progress, Watch
from camcore.auditing.runs.repairs import RepairRecord, remember_repair
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store
from camcore.classifier import Classifier
from camcore.errors import InputError, ModelError, StoreError
from camcore.repairing.measurement import (
    Reliance,
    check_batches,
    group_batches,
    group_of,
    missing_cells,
    reliance,
    sure_accuracy,
)
from camcore.repairing.result import Group, Repair, Status
from camcore.repairing.rules import RULES
from camcore.repairing.target import targets

_PATIENCE = 20.0  # seconds that the report waits for another writer of the run


def repair(
    run: Run | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    finding: str | None = None,
    new: str | os.PathLike[str] | None = None,
    deep: bool = False,
    model: Classifier | None = None,
    show: Callable[[Progress], Any] | None = None,
) -> Repair:
    """Mend what an audit found, prove it by the same audit, or go on where that stopped.

    Half of the pictures learn; the other half is seen by no step and tells the result. A head is
    fitted to the network's own features, of pictures whose cues were drawn anew so that the class
    tells nothing of them (Kirichenko et al., "Last Layer Re-Training is Sufficient for Robustness
    to Spurious Correlations", ICLR 2023, on pictures made by the audit's edits).

    Parameters
    ----------
    run : Run or path
        A complete run with labels.
    out : path
        The ``.keras`` file to write: the audited network with another head. ``OUT.repair.json``
        and the folder ``OUT.repair``, which a second start goes on from, stand beside it.
    finding : str, optional
        Id of the finding; by default all that a person has called spurious, or, where nobody has
        decided anything, all that nothing excuses.
    new : path, optional
        Folder with a folder for each class: new pictures to learn from, best without the cue.
    deep : bool
        Train the last layers where the head cannot be mended alone.
    model : Classifier, optional
        The audited model in memory; by default it is loaded as the run was.
    show : callable, optional
        Called with a `Progress` a few times a second.

    Raises
    ------
    InputError
        If there is nothing to mend, or the data do not suffice to tell.
    ModelError
        If the network has no last dense layer, or is not the one that was audited.
    StoreError
        If the folder holds another repair, or cannot be written.
    StoppedError
        If somebody asked it to stop; all that is done is kept.

    Examples
    --------
    >>> repair("no-run", "mended.keras")
    Traceback (most recent call last):
    ...
    camcore.errors.StoreError: no-run holds no audit; give the folder of a run.
    """
    run = run if isinstance(run, Run) else Run(run)
    out = Path(out)
    store = Store(out.with_name(f"{out.name}.repair"))
    _check(run, out, store)
    findings = targets(run, finding)
    with store.locked():
        _take_up(store, run, findings, new, deep)
        watch = Watch(store.folder, show)
        asked = None if new is None else str(Path(new).absolute())
        record = RepairRecord(out, finding, tuple(target.id for target in findings), asked, deep)
        # A run that may only be read is repaired all the same; its report does not tell it.
        with suppress(StoreError):
            remember_repair(run, record)
        with watch.run():
            made = _Work(run, out, store, watch, findings).done(new, deep, model)
            watch.begin("report")
            with suppress(StoreError), run.store.locked(_PATIENCE):
                write_report(Run(run.folder))
    return made


@dataclass(frozen=True, eq=False)
class _Work:
    run: Run
    out: Path
    store: Store
    watch: Watch
    findings: tuple[Finding, ...]

    def done(
        self, new: str | os.PathLike[str] | None, deep: bool, model: Classifier | None
    ) -> Repair:
        self.watch.begin("model")
        classifier = model if model is not None else audited_model(self.run.plan.settings)
        if classifier.sha256 != self.run.record["model"]["sha256"]:
            raise ModelError(
                f"{classifier.name} has changed since the audit; audit it as it is now, and repair "
                "that run."
            )
        # Late, as these bring the tensor library.
        from camcore.models.keras.last_layer import LastLayer
        from camcore.repairing.bench import Bench
        from camcore.repairing.mending import mended_head, tuned

        original, mended = LastLayer(classifier), LastLayer(classifier)  # type: ignore[arg-type]
        if len(self.run.class_names) != len(original.bias):
            raise InputError(
                f"the model tells {len(original.bias)} classes apart and the run audits "
                f"{len(self.run.class_names)}; a repair needs pictures of each class."
            )
        bench = Bench(self.run, self.findings, self.store, self.watch)
        bench.tell_cues(original)
        newcomers = None if new is None else bench.newcomers(Path(new), original)
        way, _ = mended_head(bench, mended, "model", newcomers)
        accuracy_before = _balanced_accuracy(bench, original)
        chance = 1 / len(bench.columns)
        bar = chance + RULES.reached * (accuracy_before - chance)
        layer, name = mended.layer, "model"
        accuracy, interval = _checked(bench, mended, name)
        if interval[0] < bar and deep:
            tried = []
            for share in RULES.depths:
                network, trained_from = tuned(bench, classifier, share, bench.seed)  # type: ignore[arg-type]
                _, right = mended_head(bench, network, f"deep-{share:g}", newcomers)
                tried.append((right, -share, network, trained_from))
            # By the pictures that learn alone: those that are held out only tell the result.
            _, share, mended, layer = max(tried, key=lambda attempt: attempt[:2])
            way, name = "deep", f"deep-{-share:g}"
            accuracy, interval = _checked(bench, mended, name)
        groups = _groups(bench, original, mended, name, newcomers)
        reliances = tuple(_reliance(bench, network) for network in (original, mended))
        made = Repair(
            status="not repairable here",
            file=None,
            accuracy=accuracy,
            interval=interval,
            layer=layer,
            way=way,
            groups=groups,
            before=reliances[0][0],
            after=reliances[1][0],
            reliance_interval=reliances[1][1],
            gone=(),
            remaining=(),
            new=(),
            missing=missing_cells(bench, newcomers),
            runs=(self.run.folder, None),
        )
        if interval[0] < bar or not (_rose(groups) or _fell(*reliances)):
            return self._told(made)
        return self._proven(made, bench, mended)

    def _proven(self, made: Repair, bench: Any, mended: Any) -> Repair:
        from camcore.repairing.proof import proof_run, told_findings

        file = self.store.folder / "repaired.keras"
        if not file.exists():
            partial = self.store.folder / f".{os.getpid()}.keras"
            mended.save(partial)
            os.replace(partial, file)
        after = proof_run(bench, file, self.store.folder / "after", self.watch.relay("proof"))
        gone, remaining, new = told_findings(self.run, after)
        made = replace(made, gone=gone, remaining=remaining, new=new)
        made = replace(made, runs=(self.run.folder, after.folder), file=self.out)
        made = replace(made, status=_status(made, self.findings, after))
        partial = self.out.with_name(f".{self.out.name}.{os.getpid()}")
        shutil.copyfile(file, partial)
        os.replace(partial, self.out)
        return self._told(made)

    def _told(self, made: Repair) -> Repair:
        self.store.write_json("edited.json", [group.edited for group in made.groups])
        Store(self.out.parent).write_json(f"{self.out.name}.repair.json", made.as_json())
        return made


def _check(run: Run, out: Path, store: Store) -> None:
    if not run.summary:
        raise StoreError(f"{run.folder} holds no findings yet; let its audit finish first.")
    if out.suffix != ".keras":
        raise InputError(f"{str(out)!r} must end in .keras; that is the format of the new file.")
    if not out.parent.is_dir():
        raise InputError(f"folder {str(out.parent)!r} does not exist; make it first.")
    if out.exists() and not store.is_run():
        raise InputError(f"{str(out)!r} exists and is no repair of this run; choose another file.")


def _take_up(
    store: Store,
    run: Run,
    findings: Sequence[Finding],
    new: str | os.PathLike[str] | None,
    deep: bool,
) -> None:
    """Begin a repair in a folder, or see that it is the one that was begun there."""
    asked = {
        "run": str(run.folder.absolute()),
        "model": run.record["model"]["sha256"],
        "source": run.record["source"]["digest"],
        "findings": [finding.id for finding in findings],
        "new": None if new is None else str(Path(new).absolute()),
        "deep": deep,
        "rules": RULES.as_json(),
    }
    begun = store.read_json("repair.json")
    if begun is None:
        store.write_json("repair.json", asked)
    elif begun != asked:
        names = ", ".join(name for name in asked if begun.get(name) != asked[name])
        raise StoreError(
            f"{store.folder} holds another repair (its {names} differs); choose another file, or "
            "remove that folder."
        )


def _answers(bench: Any, network: Any, features: np.ndarray) -> np.ndarray:
    """The audited class that a head answers, (N,)."""
    scores = features @ network.weights + network.bias
    answers: np.ndarray = scores[:, bench.columns].argmax(axis=1)
    return answers


def _natural(bench: Any, network: Any) -> np.ndarray:
    """Answers to the held-out pictures as they are."""
    pixels = bench.pool.images(bench.ids(1)).pixels
    return _answers(bench, network, network.features(bench.inputs(pixels)))


def _balanced_accuracy(bench: Any, network: Any) -> float:
    klass = bench.klass(bench.ids(1))
    right = _natural(bench, network) == klass
    return float(np.mean([right[klass == k].mean() for k in np.unique(klass)]))


def _checked(bench: Any, network: Any, name: str) -> tuple[float, tuple[float, float]]:
    """Accuracy on held-out pictures in which the cues tell nothing of the class."""
    batches = check_batches(bench, 1, RULES.copies, bench.has_masks)
    bench.watch.begin("check", sum(map(len, batches)))
    ids = np.concatenate([batch.ids for batch in batches])
    klass = bench.klass(ids)
    features = np.concatenate([bench.features(network, name, batch) for batch in batches])
    return sure_accuracy(_answers(bench, network, features) == klass, ids, klass)


def _groups(bench: Any, original: Any, mended: Any, name: str, newcomers: Any) -> tuple[Group, ...]:
    cells = group_batches(bench)
    bench.watch.begin("groups", 2 * sum(len(cell[3]) for cell in cells))
    groups = []
    for number, klass, with_cue, batch, edited in cells:
        right = []
        for network, known_as in ((original, "model"), (mended, name)):
            features = bench.features(network, known_as, batch)
            right.append(_answers(bench, network, features) == klass)
        if newcomers is not None:
            chosen = newcomers.held & (newcomers.klass == klass)
            pixels = newcomers.pixels[chosen & (newcomers.bears[number] == with_cue)]
            if len(pixels) >= (RULES.cell if edited else 1):
                for place, network in enumerate((original, mended)):
                    features = network.features(bench.inputs(pixels))
                    correct = _answers(bench, network, features) == klass
                    # Real pictures of the group go before edited ones, once there are enough.
                    right[place] = correct if edited else np.concatenate([right[place], correct])
                edited = False
        groups.append(group_of(bench, number, klass, with_cue, edited, *right))
    return tuple(groups)


def _reliance(bench: Any, network: Any) -> Reliance:
    """By the edit that proved the finding, or by all of its cue, whichever does more."""

    def answers(pixels: np.ndarray) -> np.ndarray:
        return _answers(bench, network, network.features(bench.inputs(pixels)))

    predicted = _natural(bench, network)
    edits = dict.fromkeys((bench.tested[0], bench.probes[0]))
    return max(reliance(bench, probe, answers, predicted) for probe in edits)


def _rose(groups: Sequence[Group]) -> bool:
    """Whether every group is surely above what the worst was."""
    return min(group.interval[0] for group in groups) > min(group.before for group in groups)


def _fell(before: Reliance, after: Reliance) -> bool:
    """Whether the reliance fell surely."""
    return after[1][1] < before[1][0]


def _status(made: Repair, findings: Sequence[Finding], after: Run) -> Status:
    """What the proof allows to be said.

    Repaired: nothing remains of the findings that were mended, by interval and by audit; the worst
    group rose surely; and no finding came.
    """
    left = {
        (after.finding(identity).class_name, after.finding(identity).family)
        for identity in made.remaining
    }
    mended = {(finding.class_name, finding.family) for finding in findings}
    proven = (
        made.reliance_interval[1] < AUDIT_RULES.floor
        and not left & mended
        and not made.new
        and not after.summary["insufficient"]
        and _rose(made.groups)
    )
    return "repaired" if proven else "improved"
