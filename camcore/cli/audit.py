"""The audit on the command line: ``audit``, ``report`` and ``compare``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camcore.auditing.executors.executor import LOCAL
from camcore.auditing.runs.settings import PRECISIONS, Settings
from camcore.cli.options import fit_option, model_options, split_option, stretch_option
from camcore.cli.outcome import DONE, FINDING, Outcome
from camcore.cli.progress_bars import ProgressBars
from camcore.cli.terminal import say
from camcore.methods import METHODS

if TYPE_CHECKING:
    from camcore.auditing.runs.findings import Finding
    from camcore.auditing.runs.run import Run

_DEFAULT = Settings(".", "cam1")
_LISTED = 10  # classes with too few images that are named one by one
_KINDS = ("artefact", "context", "object")


def _limits(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, float]:
    """The score of each kind from which on a command ends with status 3."""
    limits = {}
    for value in values:
        kind, number = value.partition("=")[::2]
        try:
            limits[kind] = float(number)
        except ValueError:
            limits[kind] = -1.0
        if kind not in _KINDS or not 0 < limits[kind] <= 1:
            raise click.BadParameter(
                f"{value!r} is no KIND=SCORE; write {', '.join(_KINDS[:-1])} or {_KINDS[-1]}, and "
                "a score above 0, up to 1, such as artefact=0.2."
            )
    return limits


fail_on_option = click.option(
    "--fail-on", "limits", multiple=True, metavar="KIND=SCORE", callback=_limits,
    help="End with status 3 where the score of artefact, context or object reaches SCORE: a gate "
    "in a training pipeline. Again for another kind.",
)  # fmt: skip


@click.command()
@click.argument("source")
@click.option("--model", required=True, metavar="NAME|FILE")
@click.option("--layer", metavar="L", help="Default: the last layer that holds a map.")
@click.option(
    "--method", default=_DEFAULT.method, metavar="M", show_default=True,
    help=f"Makes the maps: {', '.join(name for name, method in METHODS.items() if method.scans)}.",
)  # fmt: skip
@click.option(
    "--labels", metavar="MAP",
    help="JSON or CSV that says which classes of the model each label means; "
    "`none` audits by predicted class, `groups` by dogs, birds and other groups of ImageNet's "
    "classes.",
)  # fmt: skip
@click.option(
    "--class-names",
    metavar="FILE",
    help="The model's class names: text, JSON or CSV; `imagenet` or `numbers`.",
)
@model_options
@fit_option
@split_option
@stretch_option
@click.option(
    "--budget", default=_DEFAULT.budget, metavar="PASSES", show_default=True,
    type=click.IntRange(0),
    help="Most forward passes of interventions; 0 scans and gathers evidence only.",
)  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option(
    "--precision", default=_DEFAULT.precision, metavar="P", show_default=True,
    help=f"One of {', '.join(PRECISIONS)}; auto measures which is faster and agrees.",
)  # fmt: skip
@click.option(
    "--boxes", metavar="FILE",
    help="Boxes around the objects of some pictures: CSV, Pascal VOC or COCO. Where no mask tells, "
    "they tell objects from surroundings; RUN/asked.csv names the pictures that decide most. Given "
    "to a complete RUN, that is judged again.",
)  # fmt: skip
@click.option(
    "--on", default=LOCAL, metavar="WHERE", show_default=True,
    help="Where scan and interventions run: local; ray, a cluster of Ray's that RAY_ADDRESS names "
    "or that this machine is a node of, else one started here; ray:HOST:PORT, the cluster with its "
    "head there. Its machines see pictures and model under the same paths.",
)  # fmt: skip
@click.option("--out", metavar="RUN", help="Needed but with --plan-only.")
@click.option(
    "--plan-only", is_flag=True,
    help="Audit nothing: print what it would take, by a measurement on up to 64 pictures.",
)  # fmt: skip
@fail_on_option
def audit(
    source: str, out: str | None, plan_only: bool, limits: dict[str, float], **options: Any
) -> Outcome:
    """Find out what a model relies on in SOURCE: a folder, a zip, a CSV, or the address of one.

    Writes the run into RUN, or goes on where an earlier start stopped. report.html and
    findings.json say what was found.

    Where SOURCE is a table, --other NAME=column:COLUMN takes each picture's own value of another
    input from that column.
    """
    if plan_only:
        return _planned(source, options)
    if out is None:
        raise click.UsageError("Missing option '--out'.")
    from camcore.auditing.pipeline import audit as run_audit

    bar = ProgressBars()
    try:
        run = run_audit(
            source,
            options.pop("model"),
            out=out,
            show=bar,
            **options,
        )
    finally:
        bar.close()
    return _outcome(run, limits)


def _planned(source: str, options: dict[str, Any]) -> Outcome:
    """Say what an audit will take here; boxes make few passes of their own, at its end."""
    from camcore.auditing.preflight.estimate import estimate

    options = {name: value for name, value in options.items() if name not in ("boxes", "on")}
    expected = estimate(source, options.pop("model"), **options)
    (fewest, most), (soonest, latest) = expected.cost.passes, expected.cost.seconds
    cores = f"{expected.cores} core{'s' * (expected.cores > 1)}"
    least, dearest = expected.core_hours
    say(
        f"pictures: {expected.pictures:,}; {expected.classes:,} audited classes, interventions "
        f"for {expected.cost.classes:,} of them"
    )
    say(f"forward passes: {fewest:,} to {most:,}; the more cues are found, the more")
    say(f"time: {_duration(soonest)} to {_duration(latest)} on {cores} of this machine")
    say(f"cost: {least:.2g} to {dearest:.2g} core hours")
    say(
        f"measured on {expected.measured} pictures: {1000 * expected.scan_seconds:.3g} ms to scan "
        f"one, {1000 * expected.pass_seconds:.3g} ms a forward pass"
    )
    return Outcome(expected.as_json())


def _duration(seconds: float) -> str:
    """A time in the largest unit that leaves two figures."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--bundle", metavar="FILE", type=click.Path(path_type=Path),
    help="Also write all evidence into one zip, which `camcore verify` checks.",
)  # fmt: skip
@click.option(
    "--sign", "key_file", metavar="KEY", type=click.Path(path_type=Path),
    help="Sign the bundle with this private key (Ed25519, PEM), into FILE.zip.sig.",
)  # fmt: skip
@fail_on_option
def report(
    run: Path, bundle: Path | None, key_file: Path | None, limits: dict[str, float]
) -> Outcome:
    """Make report.html, findings.json and images.csv of RUN anew."""
    from camcore.auditing.bundle import private_key, sign, write_bundle
    from camcore.auditing.pipeline import report as make

    if key_file is not None and bundle is None:
        raise click.UsageError("--sign signs a bundle; name its file with --bundle FILE.zip.")
    key = None if key_file is None else private_key(key_file, _passphrase)
    made = make(run)
    if not made.is_current:
        say(
            "note: this run was made by another version or under other rules, so it was not judged "
            "again; the report shows the findings that it holds."
        )
    if bundle is None:
        return _outcome(made, limits)
    digest = write_bundle(made, bundle).manifest_sha256
    say(f"wrote {bundle}; the SHA-256 of its manifest is {digest}")
    outcome = _outcome(made, limits)
    outcome.result["bundle"] = {"file": bundle, "manifest_sha256": digest}
    if key is not None:
        signature = sign(bundle, key)
        say(f"wrote {signature}")
        outcome.result["bundle"]["signature"] = signature
    return outcome


def _passphrase() -> str:
    return str(click.prompt("Passphrase of the key", hide_input=True, err=True))


@click.command()
@click.argument("run_a", type=click.Path(path_type=Path))
@click.argument("run_b", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder for comparison.html and comparison.csv.",
)
def compare(run_a: Path, run_b: Path, out: Path | None) -> Outcome:
    """What got better from RUN_A to RUN_B, and what is new."""
    from camcore.auditing.run_comparison.compare_runs import compare as both
    from camcore.auditing.run_comparison.comparison_page import write_comparison
    from camcore.auditing.runs.run import Run

    a, b = Run(run_a), Run(run_b)
    comparison = both(a, b)
    say(comparison.as_text())
    if out is not None:
        for file in write_comparison(out, comparison, a, b):
            say(f"wrote {file}")
    return Outcome({"folder": out, "comparison": comparison.as_json()})


def _outcome(run: Run, limits: dict[str, float]) -> Outcome:
    """Say what the run says; it ends with a status of its own where a score reaches its limit."""
    from camcore.auditing.report.words import verdict

    sentences = verdict(run)
    _say(run, sentences)
    scores = run.summary.get("scores", {})
    reached = {kind: limit for kind, limit in limits.items() if scores.get(kind, 0.0) >= limit}
    for kind, limit in reached.items():
        say(f"--fail-on: {kind} has a score of {scores[kind]:.3f}, and {limit:g} fails", err=True)
    result = {
        "run": run.folder,
        "report": run.folder / "report.html",
        "current": run.is_current,
        "verdict": sentences,
        "reached": reached,
        "summary": run.summary,
    }
    return Outcome(result, FINDING if reached else DONE)


def _say(run: Run, sentences: Sequence[str]) -> None:
    """What the run says: each finding, and last but one the verdict's first sentence."""
    from camcore.auditing.report.words import asks

    summary = run.summary
    images = summary["images"]
    say(f"images: {images['readable']} of {images['total']} read, {images['bad']} bad")
    for note in summary["notes"]:
        say(f"note: {note}")
    for finding in run.findings:
        if finding.level != "associated":
            say(_line_of(finding))
    insufficient = summary["insufficient"]
    for row in insufficient[:_LISTED]:
        say(f"insufficient: {row['class']}, {row['images']} images: {row['why']}")
    if len(insufficient) > _LISTED:
        say(f"insufficient: {len(insufficient) - _LISTED:,} more classes, in findings.json")
    say(summary["not_detected"]["text"])
    for sentence in asks(run):
        say(f"note: {sentence}")
    say(f"score: {summary['score']:.3f}")
    say(sentences[0])
    say(f"wrote {run.folder / 'report.html'}")


def _line_of(finding: Finding) -> str:
    """A finding's level, cue and effect, and what the cue is."""
    words = f"{finding.level}: {finding.class_name} by {finding.cue} ({finding.family})"
    if finding.effect is not None and finding.interval is not None:
        low, high = (100 * side for side in finding.interval)
        words += f", {100 * finding.effect:+.0f} points of excess flips ({low:.0f} to {high:.0f})"
    if finding.kind in ("artefact", "context"):
        words += f"; {finding.kind}, {finding.presence} it"
    elif finding.on_object:
        words += "; this is the object"
    elif finding.on_object is False:
        words += "; not the object"
    elif finding.may_be_object:
        words += "; no mask tells whether this is the object"
    elif finding.trace:
        words += "; perhaps the mere trace of something in one place"
    if finding.overlaps:
        words = f"  {words}; probably the same cue as {finding.overlaps}"
    return words
