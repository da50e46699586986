"""A bundle is whole or says what is not; a hostile one costs one line and touches no file."""

from __future__ import annotations

import io
import json
import warnings
import zipfile

import pytest

from camcore.auditing.bundle import Problem, verify
from camcore.auditing.bundle.archive import manifest_of, packed
from camcore.errors import InputError


@pytest.fixture
def members(bundle):
    archive = zipfile.ZipFile(io.BytesIO(bundle.data))
    return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def problems(tmp_path):
    def of(data: bytes) -> tuple[Problem, ...]:
        file = tmp_path / "evidence.zip"
        file.write_bytes(data)
        return verify(file).problems

    return of


def _small(**members: bytes) -> dict[str, bytes]:
    return members | {"manifest.json": manifest_of(members, "a test")}


def test_what_was_written_is_whole(bundle, tmp_path):
    (tmp_path / "evidence.zip").write_bytes(bundle.data)
    verification = verify(tmp_path / "evidence.zip")
    assert verification.problems == ()
    assert verification.files == 13
    assert verification.manifest_sha256 == bundle.manifest_sha256


def test_a_changed_a_missing_and_an_added_file_are_named(members, problems):
    data = members["findings.json"]
    changed = members | {"findings.json": data[:40] + bytes([data[40] ^ 1]) + data[41:]}
    assert problems(packed(changed)) == (Problem("changed", "findings.json"),)
    missing = {name: content for name, content in members.items() if name != "decisions.json"}
    assert problems(packed(missing)) == (Problem("missing", "decisions.json"),)
    assert problems(packed(members | {"more.txt": b""})) == (Problem("added", "more.txt"),)


def test_no_byte_may_change_anywhere(problems):
    """Each byte of a small bundle in its turn: in files, in the manifest and between them."""
    whole = packed(_small(a=b"one", b=b"two"))
    assert problems(whole) == ()
    for place in range(len(whole)):
        changed = whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :]
        try:
            assert problems(changed), place
        except InputError:
            continue


@pytest.mark.parametrize("cut", [0, 10, 22, 200])
def test_what_is_cut_off_or_lengthened_is_none(bundle, problems, cut):
    with pytest.raises(InputError, match="damaged or cut off"):
        problems(bundle.data[:-cut] if cut else bundle.data + b"more")


def test_bytes_before_it_are_seen(bundle, problems):
    assert problems(b"#!/bin/sh\n" + bundle.data) == (Problem("changed", ""),)


def test_a_manifest_that_tells_other_sizes_is_changed(problems):
    members = _small(a=b"one")
    manifest = json.loads(members["manifest.json"])
    manifest["files"][0]["bytes"] = 7
    members["manifest.json"] = json.dumps(manifest).encode()
    assert problems(packed(members)) == (Problem("changed", "manifest.json"),)


# Hostile


def test_two_members_of_one_name(problems):
    buffer = io.BytesIO(packed(_small(a=b"one")))
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a", b"other")
    assert Problem("twice", "a") in problems(buffer.getvalue())


def test_names_that_lead_out_are_added_files_and_write_nothing(problems, tmp_path):
    members = _small(a=b"one")
    for name in ("../out.txt", "/etc/out", "..\\out", "C:\\out"):
        assert problems(packed(members | {name: b"x"})) == (Problem("added", name),)
    assert [file.name for file in tmp_path.iterdir()] == ["evidence.zip"]
    assert not (tmp_path.parent / "out.txt").exists()


def test_a_bomb_is_not_unpacked(problems):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(10_000_000))
        archive.writestr("manifest.json", manifest_of({}, "x"))
    with pytest.raises(InputError, match="no evidence bundle"):
        problems(buffer.getvalue())


def test_a_bundle_that_was_packed_anew(members, problems):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("manifest.json", "clauses.md"):
            archive.writestr(name, b"1")
    with pytest.raises(InputError, match="packed anew"):
        problems(buffer.getvalue())


def test_thousands_of_members(problems):
    with pytest.raises(InputError, match="no evidence bundle"):
        problems(packed({str(number): b"" for number in range(101)}))


@pytest.mark.parametrize(
    "manifest",
    [b"", b"{", b"[]", b'{"schema": 1}', b'{"schema": 1, "made_by": 1, "files": []}',
     b'{"schema": 1, "made_by": "x", "files": [{"name": 1, "sha256": "x"}]}', b"[" * 100_000],
)  # fmt: skip
def test_a_manifest_that_is_none(problems, manifest):
    with pytest.raises(InputError, match=r"manifest\.json that can be read"):
        problems(packed({"manifest.json": manifest}))


def test_a_manifest_of_another_schema(problems):
    manifest = b'{"schema": 2, "made_by": "CAM Audit 9", "files": []}'
    with pytest.raises(InputError, match="schema 2"):
        problems(packed({"manifest.json": manifest}))


def test_no_file_and_no_zip(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        verify(tmp_path / "nowhere.zip")
    with pytest.raises(InputError, match="cannot be read"):
        verify(tmp_path)
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(InputError, match="no evidence bundle"):
        verify(tmp_path / "text.zip")


def test_the_command_line_writes_and_verifies(evidence, command_line, tmp_path):
    file = tmp_path / "evidence.zip"
    status, said, _ = command_line("report", evidence.folder, "--bundle", file)
    assert status == 0
    digest = verify(file).manifest_sha256
    assert f"manifest is {digest}" in said
    status, said, _ = command_line("verify", file)
    assert (status, said.splitlines()[-1]) == (0, f"manifest: {digest}")
    archive = zipfile.ZipFile(file)
    members = {name: archive.read(name) for name in archive.namelist()}
    file.write_bytes(packed(members | {"\x1b[31m": b"", "bad.csv": b"none"}))
    status, said, _ = command_line("verify", file)
    assert status == 2
    assert said.splitlines()[:2] == ["changed: bad.csv", "added: ?[31m"]
    status, said, _ = command_line("verify", file, "--json")
    assert json.loads(said)["result"]["problems"][0] == {"kind": "changed", "file": "bad.csv"}
    assert status == 2
