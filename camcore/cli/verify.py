"""``verify`` on the command line: whether a bundle of evidence is whole."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from camcore.cli.outcome import DONE, INPUT, Outcome
from camcore.cli.terminal import say

_ARCHIVE = "the archive itself, beside its files"


@click.command()
@click.argument("bundle", metavar="FILE", type=click.Path(path_type=Path))
def verify(bundle: Path) -> Outcome:
    """Check a bundle that `report --bundle` wrote, file by file, against its manifest.

    Names each file that was changed, is missing or was added. Exit status: 0 where it is whole, 2
    where it is not. Whether somebody changed a file and the manifest with it, the SHA-256 of the
    manifest tells, held against the one that was signed.
    """
    from camcore.auditing.bundle import verify as check

    verification = check(bundle)
    for problem in verification.problems:
        say(f"{problem.kind}: {problem.file or _ARCHIVE}")
    if not verification.problems:
        say(f"whole: {verification.files} files, written by {verification.made_by}")
    say(f"manifest: {verification.manifest_sha256}")
    return Outcome(asdict(verification), INPUT if verification.problems else DONE)
