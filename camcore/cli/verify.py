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
@click.option(
    "--key", metavar="PUB", type=click.Path(path_type=Path),
    help="Check FILE.sig, too, against this public key (Ed25519, PEM).",
)  # fmt: skip
def verify(bundle: Path, key: Path | None) -> Outcome:
    """Check a bundle that `report --bundle` wrote, file by file, against its manifest.

    Names each file that was changed, is missing or was added. Exit status: 0 where it is whole, 2
    where it is not, or was not signed by --key. Whether somebody changed a file and the manifest
    with it, the signature tells, or the SHA-256 of the manifest, held against one on paper.
    """
    from camcore.auditing.bundle import is_signed_by
    from camcore.auditing.bundle import verify as check

    verification = check(bundle)
    for problem in verification.problems:
        say(f"{problem.kind}: {problem.file or _ARCHIVE}")
    if not verification.problems:
        say(f"whole: {verification.files} files, written by {verification.made_by}")
    say(f"manifest: {verification.manifest_sha256}")
    result, holds = asdict(verification), not verification.problems
    if key is not None:
        result["signed"] = is_signed_by(bundle, key)
        holds = holds and result["signed"]
        say(f"signature: {'by' if result['signed'] else 'not of this file by'} the key in {key}")
    return Outcome(result, DONE if holds else INPUT)
