"""Whether a bundle is what was written: every file that was changed, is missing or was added."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from camcore.auditing.bundle.archive import MANIFEST, SCHEMA, manifest_of, packed
from camcore.errors import InputError

MAX_BYTES = 512 * 1024**2
MAX_FILES = 100
_END = struct.Struct("<4s4H2LH")  # the end of a zip's directory, where no comment follows it
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError)

ProblemKind = Literal["changed", "missing", "added", "twice"]


@dataclass(frozen=True)
class Problem:
    """One file that is not as it was written.

    Attributes
    ----------
    kind : {"changed", "missing", "added", "twice"}
    file : str
        As the archive or its manifest names it; "" for the archive itself.
    """

    kind: ProblemKind
    file: str


@dataclass(frozen=True)
class Verification:
    """What looking at a bundle came to.

    Attributes
    ----------
    problems : tuple of Problem
        Empty where the bundle is whole.
    files : int
        In the manifest.
    made_by, manifest_sha256 : str
    """

    problems: tuple[Problem, ...]
    files: int
    made_by: str
    manifest_sha256: str


def verify(file: str | os.PathLike[str]) -> Verification:
    """Hold a bundle against its own manifest; nothing is unpacked to the disk.

    A whole bundle is the very bytes that `make_bundle` wrote. Who changes a file and the manifest
    with it is not found out: compare `Verification.manifest_sha256` with the one that was signed.

    Raises
    ------
    InputError
        If it cannot be read, or is no bundle of this schema: no zip, larger than `MAX_BYTES`,
        more than `MAX_FILES` members, compressed, or without a manifest that can be read.
    """
    place = Path(file)
    data = _read(place)
    archive = _opened(data, place)
    members: dict[str, bytes] = {}
    damaged = set()
    for entry in archive.infolist():
        try:
            members[entry.filename] = archive.read(entry)
        except _DAMAGE:
            damaged.add(entry.filename)
    manifest = _manifest(members.get(MANIFEST), place)
    listed = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    names = Counter(archive.namelist())
    problems = [Problem("twice", name) for name, count in names.items() if count > 1]
    for name, digest in listed.items():
        if name not in names:
            problems.append(Problem("missing", name))
        elif name in damaged or hashlib.sha256(members[name]).hexdigest() != digest:
            problems.append(Problem("changed", name))
    problems += [Problem("added", name) for name in names if name not in listed | {MANIFEST: ""}]
    rest = {name: content for name, content in members.items() if name != MANIFEST}
    if not problems and manifest_of(rest, manifest["made_by"]) != members[MANIFEST]:
        problems.append(Problem("changed", MANIFEST))
    if not problems and packed(members) != data:  # names, times and what lies between the files
        problems.append(Problem("changed", ""))
    digest = hashlib.sha256(members[MANIFEST]).hexdigest()
    return Verification(tuple(problems), len(listed), manifest["made_by"], digest)


def _read(place: Path) -> bytes:
    try:
        with open(place, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{place} cannot be read ({error.strerror}); check the path.") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{place} is larger than any bundle; give a file that CAM Audit wrote.")
    return data


def _opened(data: bytes, place: Path) -> zipfile.ZipFile:
    """The archive, once its directory is known to be small and its members to be stored."""
    refusal = InputError(f"{place} is no evidence bundle, or its end is damaged or cut off.")
    if len(data) < _END.size:
        raise refusal
    signature, _, _, here, total, _, _, comment = _END.unpack(data[-_END.size :])
    if signature != b"PK\5\6" or comment or here != total or total > MAX_FILES:
        raise refusal
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _DAMAGE:
        raise refusal from None
    entries = archive.infolist()
    if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > len(data):
        raise refusal
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise InputError(
            f"{place} was packed anew: the files of a bundle are not compressed; "
            "verify the file that CAM Audit wrote."
        )
    return archive


def _manifest(data: bytes | None, place: Path) -> dict[str, Any]:
    refusal = InputError(f"{place} has no {MANIFEST} that can be read: it is no evidence bundle.")
    if data is None:
        raise refusal
    try:
        manifest = json.loads(data)
        schema = manifest["schema"]
        known = isinstance(manifest["made_by"], str) and all(
            isinstance(entry["name"], str) and isinstance(entry["sha256"], str)
            for entry in manifest["files"]
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise refusal from None
    if schema != SCHEMA:
        raise InputError(
            f"{place} has a manifest of schema {schema!r}, and this version reads {SCHEMA}; "
            "verify it with the version that it names."
        )
    if not known:
        raise refusal
    return dict(manifest)
