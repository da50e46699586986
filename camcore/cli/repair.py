"""``repair`` on the command line: from a run to a repaired model and its proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from camcore.cli.outcome import DONE, FINDING, Outcome
from camcore.cli.progress_bars import ProgressBars
from camcore.cli.terminal import say

if TYPE_CHECKING:
    from camcore.repairing import Repair


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--finding", metavar="ID",
    help="What to mend; by default what a person has called spurious, else all that is relied on.",
)  # fmt: skip
@click.option(
    "--new", metavar="FOLDER", type=click.Path(exists=True, path_type=Path),
    help="New pictures to learn from, in a folder for each class; best some without the cue.",
)  # fmt: skip
@click.option("--deep", is_flag=True, help="Train the last layers where the head cannot be mended.")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path))
@click.option(
    "--export", metavar="FOLDER", type=click.Path(path_type=Path),
    help="Write the balanced, edited pictures, to train on with your own code.",
)  # fmt: skip
def repair(
    run: Path,
    finding: str | None,
    new: Path | None,
    deep: bool,
    out: Path | None,
    export: Path | None,
) -> Outcome:
    """Mend what the audit RUN found and prove it; write the model to FILE, a .keras file.

    FILE.repair.json says what was reached. The same command goes on where an earlier one stopped.
    Exit status: 0 where the model is repaired or improved, 3 where it is not repairable here.
    With --export alone nothing is repaired, and any model will do.
    """
    from camcore.repairing import export_set
    from camcore.repairing import repair as run_repair

    if out is None and export is None:
        raise click.UsageError("give --out FILE for a repaired model, --export FOLDER, or both.")
    made = None
    bars = ProgressBars()
    try:
        if out is not None:
            made = run_repair(run, out, finding=finding, new=new, deep=deep, show=bars)
        if export is not None:
            export_set(run, export, finding=finding, show=bars)
    finally:
        bars.close()
    if made is not None and out is not None:
        _say(made, out)
    if export is not None:
        say(f"wrote {export}")
    result: dict[str, Any] = {"export": export}
    if made is None:
        return Outcome(result)
    result |= {"file": made.file, "repair": made.as_json()}
    return Outcome(result, DONE if made.file is not None else FINDING)


def _say(made: Repair, out: Path) -> None:
    say(made.status)
    say(
        f"check: {_percent(made.accuracy, made.interval)} right where the cue tells nothing, with "
        f"a head on what {made.layer} reads"
    )
    if made.way:
        say(f"way: {made.way}")
    for group in made.groups:
        presence = "with" if group.present else "without"
        edited = ", edited" if group.edited else ""
        say(
            f"{group.class_name} {presence} {group.cue}: {100 * group.before:.0f} % before, "
            f"{_percent(group.after, group.interval)} after, {group.images} pictures{edited}"
        )
    say(
        f"reliance: {100 * made.before:+.0f} points before, "
        f"{_points(made.after, made.reliance_interval)} after"
    )
    for name in ("gone", "remaining", "new"):
        ids = getattr(made, name)
        if ids:
            say(f"{name}: {', '.join(ids)}")
    for cell in made.missing:
        presence = "with" if cell.present else "without"
        say(f"missing: {cell.needed} pictures of {cell.class_name} {presence} {cell.cue}")
    if made.runs[1] is not None:
        say(f"compare: python -m camcore compare {made.runs[0]} {made.runs[1]}")
    if made.file is not None:
        say(f"wrote {made.file}")
    say(f"wrote {out}.repair.json")


def _percent(value: float, interval: tuple[float, float]) -> str:
    return f"{100 * value:.0f} % ({100 * interval[0]:.0f} to {100 * interval[1]:.0f})"


def _points(value: float, interval: tuple[float, float]) -> str:
    return f"{100 * value:+.0f} ({100 * interval[0]:.0f} to {100 * interval[1]:.0f})"
