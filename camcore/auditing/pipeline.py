"""The verb: from a folder and a model to findings, begun or continued."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from camcore.auditing.audited_model import asked_model, audited_model
from camcore.auditing.evidence.stage import gather
from camcore.auditing.executors.executor import LOCAL, Local
from camcore.auditing.executors.ray_cluster import RayCluster, import_ray, ray_address
from camcore.auditing.interventions.intervene import intervene
from camcore.auditing.report import write_report
from camcore.auditing.runs.beginning import begin
from camcore.auditing.runs.drawn_boxes import keep_boxes_of
from camcore.auditing.runs.launching import new_run_folder
from camcore.auditing.runs.progress import Progress, Watch
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.scan import scan
from camcore.auditing.verdict.findings_json import conclude
from camcore.classifier import Classifier
from camcore.errors import StoreError
from camcore.localization.reading import read_boxes


def audit(
    source: str | os.PathLike[str],
    model: str | os.PathLike[str] | Classifier,
    *,
    out: str | os.PathLike[str] | None = None,
    show: Callable[[Progress], Any] | None = None,
    boxes: str | os.PathLike[str] | None = None,
    on: str = LOCAL,
    **options: Any,
) -> Run:
    """Find out what a model relies on in a data set, or go on where an audit stopped.

    Parameters
    ----------
    source : path
        A folder of class folders, a flat folder, a CSV (``path,label[,box,mask]``), or a zip of
        these; or the address of one, such as ``s3://bucket/photos``.
    model : str, path or Classifier
        A name or file for `camcore.load_model`, or a model in memory, which is then known by its
        name and hash.
    out : path, optional
        The run folder; by default a new one in the user's data folder. A run that was begun there
        with the same settings is continued.
    show : callable, optional
        Called with a `Progress` a few times a second.
    boxes : path, optional
        Boxes around the objects of some pictures, as for `camcore.localization.read_boxes`. They
        are kept with the run, and tell object from surroundings where no mask does; the pictures
        that would decide most are in asked.csv of a run. Given to a complete run, that is judged
        again.
    on : str
        ``local``, this process; ``ray``, the cluster of Ray's that RAY_ADDRESS names or that this
        machine is a node of, else one started here; ``ray:HOST:PORT``, the cluster with its head
        there, of which this machine is a node. Its machines have the same packages and see
        pictures and model under the same paths; only this process writes the run. What is found is
        the same on machines of one kind.
    **options
        The other fields of `Settings`: layer, method, labels, class_names, preprocessing, output,
        output_kind, input_size, input, others, fit, split, stretch, budget, seed, precision. For a
        model in memory only `others` speaks of the model.

    Returns
    -------
    Run
        Complete.

    Raises
    ------
    InputError, ModelError, MethodError
        If the data, the model and the options do not fit together.
    ClusterError
        If the cluster cannot be reached, or its workers cannot do what is asked.
    StoreError
        If the run folder is in use, is another audit's, or cannot be written.
    StoppedError
        If somebody asked it to stop; all that is done is kept.
    """
    if on != LOCAL:
        ray_address(on)
        import_ray()  # refused before anything is listed
    in_memory, name = asked_model(model)
    given = None if boxes is None else read_boxes(boxes)
    settings = Settings(os.fspath(source), name, **options)
    store = Store(out if out is not None else new_run_folder(settings))
    with store.locked():
        watch = Watch(store.folder, show)
        with watch.run(), contextlib.ExitStack() as closing:
            plan, classifier = begin(
                store, settings, lambda: audited_model(settings, in_memory), watch
            )
            cluster = None
            if on != LOCAL:
                cluster = closing.enter_context(RayCluster(on, plan, in_memory))
            scan(store, plan, classifier, watch, cluster)
            if given is not None and boxes is not None:
                keep_boxes_of(Run(store.folder), given, Path(boxes).name)
            gather(store, plan, watch)
            intervene(store, plan, cluster or Local(classifier), watch)
            watch.begin("report")
            conclude(store)
            write_report(Run(store.folder))
    return Run(store.folder)


def report(folder: str | os.PathLike[str]) -> Run:
    """Make findings.json, images.csv, bad.csv and report.html of a run anew.

    A run of another format, or of other rules than those in force, is not judged again: its pages
    are made from the findings that it holds. `Run.is_current` tells.

    Raises
    ------
    StoreError
        If the folder holds no run, or one that has not come to its end.
    """
    run = Run(folder)
    with run.store.locked():
        if run.is_current:
            conclude(run.store)
        elif not run.summary:
            raise StoreError(
                f"{run.folder} was begun by another version of CAM Audit or under other rules, and "
                "holds no findings; begin a new audit in another folder."
            )
        write_report(Run(folder))
    return Run(folder)
