"""From a run to its bundle."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from camcore._version import __version__
from camcore.auditing.bundle.archive import MANIFEST, as_bytes, manifest_of, packed
from camcore.auditing.bundle.clauses import clause_index
from camcore.auditing.bundle.model_card import model_card
from camcore.auditing.bundle.privacy import places_of
from camcore.auditing.runs.drawn_boxes import drawn_boxes
from camcore.auditing.runs.repairs import repairs_of
from camcore.auditing.runs.run import Run
from camcore.csv_cells import without_formula
from camcore.errors import InputError, StoreError

_ABOUT = """# Evidence of an audit

What the image classifier {model} relies on, in {count} files; the audit began {started}.
{made_by} made this bundle.

| File | |
|---|---|
| report.html | the report; it opens without a network |
| findings.json | all findings as data |
| rules.json | every number that they were judged by |
| run.json | what was audited, and how |
| decisions.json | what people decided about the findings: name, role, time |
| repairs.json | what was done about them |
| images.csv, bad.csv | a row for each picture, and for each file that could not be read |
| asked.csv | pictures whose boxes would tell whether a cue in doubt is the object |
| boxes.csv | boxes around objects that a person gave, in pixels of the file |
| bom.cdx.json | a model card, CycloneDX 1.6 |
| clauses.md | where this speaks to clauses of law and standards, and where not |
| manifest.json | the SHA-256 of every file above |

`camcore verify FILE.zip` names every file that was changed, is missing or was added since, and
prints the SHA-256 of manifest.json, which stands for all. That says that the bundle is whole, not
who made it: for that, sign the line below on paper, or the whole file with a key of your own
(`camcore report RUN --bundle FILE.zip --sign KEY`, `camcore verify FILE.zip --key PUB`).

Folders of the machine are left out of all files; what lay in them goes by its own name. Pictures
stay in the report as they are, and people by the names that they signed decisions with.

## To sign

I have read this evidence. SHA-256 of manifest.json, as `camcore verify` prints it:

____________________________________________________________________

Name __________________  Role __________________  Date __________  Signature __________________
"""
_FILES = ("report.html", "images.csv", "bad.csv", "asked.csv")


@dataclass(frozen=True)
class Bundle:
    """A bundle in memory.

    Attributes
    ----------
    data : bytes
        The zip.
    manifest_sha256 : str
        Of its manifest.json, which stands for all of it.
    """

    data: bytes
    manifest_sha256: str


def make_bundle(run: Run) -> Bundle:
    """All that a run found, ready to hand on; the same run gives the same bytes.

    Parameters
    ----------
    run : Run
        With findings and a report; the report goes in as it lies there.

    Raises
    ------
    StoreError
        If the run has no findings or no report yet.
    """
    if not run.summary:
        raise StoreError(
            f"{run.folder} holds no findings yet; start the same audit again, it goes on."
        )
    places = places_of(run)
    made_by = f"CAM Audit {__version__}"
    texts: dict[str, str] = {
        "README.md": _ABOUT.format(
            model=_in_a_line(run.record["model"]["name"]),
            count=run.record["source"]["count"],
            started=run.record["started"],
            made_by=made_by,
        ),
        **{name: _text_of(run, name) for name in _FILES},
        "boxes.csv": _boxes(run),
    }
    values: dict[str, Any] = {
        "findings.json": run.summary,
        "rules.json": run.rules,
        "run.json": run.record,
        "decisions.json": [asdict(decision) for decision in run.decisions],
        "repairs.json": _repairs(run),
        "bom.cdx.json": model_card(run),
    }
    texts |= {name: as_bytes(value).decode() for name, value in values.items()}
    texts["clauses.md"] = clause_index()
    members = {name: places.taken_from(text).encode() for name, text in texts.items()}
    manifest = manifest_of(members, made_by)
    return Bundle(packed(members | {MANIFEST: manifest}), hashlib.sha256(manifest).hexdigest())


def write_bundle(run: Run, file: str | os.PathLike[str]) -> Bundle:
    """Write the bundle of a run, whole or not at all.

    Raises
    ------
    InputError
        If `file` is no name of a zip.
    StoreError
        If the run has no findings or no report yet.
    OSError
        If the file cannot be written.
    """
    place = Path(file)
    if place.suffix.lower() != ".zip" or place.is_dir():
        raise InputError(f"{place} is no name for a bundle; name a file that ends in .zip.")
    bundle = make_bundle(run)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=place.parent) as folder:
        partial = Path(folder) / place.name
        partial.write_bytes(bundle.data)
        os.replace(partial, place)
    return bundle


def _text_of(run: Run, name: str) -> str:
    try:
        return (run.folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise StoreError(
            f"{run.folder} has no {name} that can be read; make it anew with `camcore report RUN`."
        ) from None


def _repairs(run: Run) -> list[Mapping[str, Any]]:
    return [
        {
            "findings": list(record.findings),
            "new": record.new,
            "deep": record.deep,
            "state": record.state,
            "outcome": record.outcome,
        }
        for record in repairs_of(run)
    ]


def _boxes(run: Run) -> str:
    """The boxes that a person gave, a row each."""
    paths = run.images["path"]
    rows = [
        (without_formula(paths[image]), *box)
        for image, boxes in sorted(drawn_boxes(run).items())
        for box in boxes
    ]
    table = pd.DataFrame(rows, columns=["path", "x0", "y0", "x1", "y1"])
    return str(table.to_csv(index=False, lineterminator="\n"))


def _in_a_line(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
