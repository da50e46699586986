"""Zips that people make are unpacked whole; zips that attackers make leave a sentence, no file."""

from __future__ import annotations

import os
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from camcore.errors import InputError
from camcore.sources import unzip as unzip_module
from camcore.sources.unzip import unzip


def make(place: Path, members: dict[str, bytes], **options) -> Path:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, **options) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return place


def tree(folder: Path) -> dict[str, bytes]:
    """All that lies in a folder but the record of the unpacking itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".archive.json"
    }


def refused(archive: Path, words: str) -> None:
    """The archive is refused in one sentence or two, and nothing but itself is left."""
    around = sorted(archive.parent.rglob("*"))
    with pytest.raises(InputError, match=words) as caught:
        unzip(archive, archive.parent / "out")
    assert archive.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert sorted(archive.parent.rglob("*")) == around


def test_files_and_bytes(tmp_path):
    members = {"cat/1.png": b"one", "cat/deep/2.png": b"two" * 1000, "dog/ä.png": b""}
    archive = make(tmp_path / "a.zip", members)
    out = unzip(archive, tmp_path / "new" / "out")
    assert out == tmp_path / "new" / "out"
    assert tree(out) == members
    assert os.listdir(tmp_path / "new") == ["out"]


def test_system_files_are_left_out_and_masks_are_kept(tmp_path):
    members = {
        "top/cat/1.png": b"1",
        "top/.masks/cat/1.png": b"m",
        "top/.DS_Store": b"x",
        "top/cat/._1.png": b"x",
        "top/.git/config": b"x",
        "__MACOSX/top/cat/1.png": b"x",
    }
    archive = make(tmp_path / "a.zip", members)
    assert tree(unzip(archive, tmp_path / "out")) == {
        "top/cat/1.png": b"1",
        "top/.masks/cat/1.png": b"m",
    }


def test_names_of_windows_tools_are_folders(tmp_path):
    archive = make(tmp_path / "a.zip", {"cat\\": b"", "cat\\1.png": b"1", "./dog/2.png": b"2"})
    assert tree(unzip(archive, tmp_path / "out")) == {"cat/1.png": b"1", "dog/2.png": b"2"}


def test_entries_that_are_folders_may_repeat_and_name_the_top(tmp_path):
    archive = make(tmp_path / "a.zip", {"./": b"", "cat/": b"", "Cat/": b"", "cat/1.png": b"1"})
    assert tree(unzip(archive, tmp_path / "out")) == {"cat/1.png": b"1"}


def test_progress_counts_bytes(tmp_path):
    seen: list[tuple[int, int]] = []
    archive = make(tmp_path / "a.zip", {"a": b"123", "b": b"", ".c": b"1", "d": b"12345"})
    unzip(archive, tmp_path / "out", progress=lambda *news: seen.append(news))
    assert seen == [(3, 8), (3, 8), (8, 8)]


@pytest.mark.parametrize(
    "name",
    [
        "../evil.png",
        "a/../../evil.png",
        "a/..",
        "/etc/evil.png",
        "\\evil.png",
        "\\\\server\\share\\evil.png",
        "..\\evil.png",
        "C:\\evil.png",
        "c:evil.png",
        "a/C:/evil.png",
        "__MACOSX/../../evil.png",
        "../",
        "ok.png\0../evil.png",
    ],
)
def test_paths_that_lead_out(tmp_path, name):
    place = tmp_path / "inner"
    place.mkdir()
    stored = name.replace("\0", "%")  # zipfile cuts names at NUL when it writes
    archive = make(place / "a.zip", {"first.png": b"1", stored: b"2"})
    archive.write_bytes(archive.read_bytes().replace(stored.encode(), name.encode()))
    refused(archive, "leads out of the folder")
    assert list(tmp_path.rglob("evil.png")) == []


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK]
)
def test_links_and_devices(tmp_path, kind):
    info = zipfile.ZipInfo("cat/1.png")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        made.writestr("first.png", b"1")
        made.writestr(info, "/etc/passwd")
    refused(tmp_path / "a.zip", "'cat/1.png' is a link or a device")


def central(archive: Path, offset: int, layout: str, value: int, local: int | None = None) -> None:
    """Overwrite a field of the last member's central header, and of its local header."""
    data = bytearray(archive.read_bytes())
    struct.pack_into(layout, data, data.rindex(b"PK\1\2") + offset, value)
    if local is not None:
        struct.pack_into(layout, data, data.rindex(b"PK\3\4") + local, value)
    archive.write_bytes(data)


def test_encrypted(tmp_path):
    archive = make(tmp_path / "a.zip", {"first.png": b"1", "cat/1.png": b"2"})
    central(archive, 8, "<H", 1, local=6)
    refused(archive, "'cat/1.png' is encrypted")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_unpack_without_bounds(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as made:
        made.writestr("cat/1.png", bytes(1000))
    refused(tmp_path / "a.zip", "packed in an unusual way")


def test_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr(unzip_module, "MAX_MEMBERS", 3)
    unzip(make(tmp_path / "b.zip", {str(i): b"" for i in range(3)}), tmp_path / "fine")
    refused(make(tmp_path / "a.zip", {str(i): b"" for i in range(4)}), "4 members, more than")


def test_large_total(tmp_path, monkeypatch):
    monkeypatch.setattr(unzip_module, "MAX_BYTES", 30)
    unzip(make(tmp_path / "b.zip", {"a": bytes(10), "b": bytes(20)}), tmp_path / "fine")
    refused(make(tmp_path / "a.zip", {"a": bytes(10), "b": bytes(21)}), "more than the limit of")


def test_one_member_unpacks_to_too_much(tmp_path):
    noise = random.Random(0).randbytes(300_000)
    members = {"photo.jpg": noise, "bomb.png": bytes(40 * 1024**2)}
    refused(make(tmp_path / "a.zip", members), "'bomb.png' would unpack to more than 200 times")


def test_small_members_may_shrink_well(tmp_path):
    archive = make(tmp_path / "a.zip", {"blank.bmp": bytes(1024**2)})
    assert archive.stat().st_size < 1024**2 / 200
    assert tree(unzip(archive, tmp_path / "out")) == {"blank.bmp": bytes(1024**2)}


def test_many_small_members_unpack_to_too_much(tmp_path):
    members = {f"{i}.png": bytes(1000_000) for i in range(5)}
    refused(make(tmp_path / "a.zip", members), "times its size")


def test_overlapping_members(tmp_path):
    """Every entry of the directory points to the same data, as in a zip bomb of one layer."""
    noise = random.Random(0).randbytes(200_000)
    archive = make(tmp_path / "a.zip", {"0.png": noise})
    data = archive.read_bytes()
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    entry = data[start:end]
    entries = b"".join(entry.replace(b"0.png", f"{i:x}.pn".encode()[:5].ljust(5)) for i in
                       range(0x100, 0x100 + 300))  # fmt: skip
    tail = bytearray(data[end:])
    struct.pack_into("<HHLL", tail, 8, 300, 300, len(entries), start)
    archive.write_bytes(data[:start] + entries + tail)
    with zipfile.ZipFile(archive) as made:
        assert len(made.infolist()) == 300
    refused(archive, "times its size")


@pytest.mark.parametrize("declared", [10, 5000])
def test_declared_size_lies(tmp_path, declared):
    archive = make(tmp_path / "a.zip", {"first.png": b"1", "cat/1.png": bytes(1000)})
    central(archive, 24, "<L", declared, local=22)
    refused(archive, r"'cat/1.png' (is damaged|has another size)")


def test_declared_size_lies_and_the_checksum_with_it(tmp_path):
    """Ten bytes are declared with the checksum of ten bytes: no more than ten are written."""
    archive = make(tmp_path / "a.zip", {"cat/1.png": bytes(1000)})
    central(archive, 24, "<L", 10)
    central(archive, 16, "<L", zipfile.crc32(bytes(10)))
    assert tree(unzip(archive, tmp_path / "out")) == {"cat/1.png": bytes(10)}


@pytest.mark.parametrize(
    "names", [("cat/1.png", "cat/1.png"), ("cat/1.png", "Cat/1.PNG"), ("ä.png", "a\u0308.png")]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(tmp_path, names):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
        for name in names:
            made.writestr(name, b"1")
    refused(tmp_path / "a.zip", "is there twice")


def test_a_file_that_is_a_folder_too(tmp_path):
    refused(make(tmp_path / "a.zip", {"cat": b"1", "cat/1.png": b"2"}), "both a file and a folder")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK",
        b"no zip at all" * 100,
        b"PK\5\6" + bytes(18),
        b"PK\5\6" + b"\xff" * 18,
        b"PK\5\6" + bytes(4) + struct.pack("<HHLLH", 9, 9, 2**31, 0, 0),
    ],
)
def test_no_zip(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    if data == b"PK\5\6" + bytes(18):  # a whole zip with nothing in it
        assert tree(unzip(tmp_path / "a.zip", tmp_path / "out")) == {}
    else:
        refused(tmp_path / "a.zip", "cannot be read as a zip")


def test_a_long_list_of_members_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(unzip_module, "_MAX_DIRECTORY", 5000)
    archive = make(tmp_path / "a.zip", {f"{i:0100}": b"" for i in range(50)})
    refused(archive, "list of members is too long")


def test_every_cut_and_every_broken_byte_ends_in_a_sentence(tmp_path):
    whole = make(tmp_path / "b.zip", {"cat/1.png": b"12345" * 4}).read_bytes()
    archive = tmp_path / "a.zip"
    rng = random.Random(0)
    refusals = 0
    for case in range(2 * len(whole)):
        data = bytearray(whole)
        if case < len(whole):
            del data[case:]
        else:
            data[case - len(whole)] ^= 1 << rng.randrange(8)
        archive.write_bytes(data)
        try:
            unzip(archive, tmp_path / "out")
        except InputError:
            refusals += 1
        assert not (tmp_path / ".out.unpacking").exists()
        assert {path.name for path in tmp_path.iterdir()} <= {"a.zip", "b.zip", "out"}
    assert refusals > len(whole)


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"a\.zip cannot be opened"):
        unzip(tmp_path / "a.zip", tmp_path / "out")
    (tmp_path / "a.zip").mkdir()
    with pytest.raises(InputError, match="cannot be opened"):
        unzip(tmp_path / "a.zip", tmp_path / "out")


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.zip")
    refused(tmp_path / "a.zip", "it is not a file")


def test_a_name_too_long_for_the_disk(tmp_path):
    refused(make(tmp_path / "a.zip", {"1.png": b"1", "x" * 300: b"2"}), "cannot be unpacked")


def test_unpacked_once(tmp_path):
    archive = make(tmp_path / "a.zip", {"cat/1.png": b"1"})
    out = unzip(archive, tmp_path / "out")
    (out / "cat/1.png").write_bytes(b"left alone")
    unzip(archive, tmp_path / "out")
    assert tree(out) == {"cat/1.png": b"left alone"}


def test_another_archive_replaces_the_folder(tmp_path):
    archive = make(tmp_path / "a.zip", {"cat/1.png": b"1"})
    unzip(archive, tmp_path / "out")
    make(archive, {"dog/2.png": b"2"})
    assert tree(unzip(archive, tmp_path / "out")) == {"dog/2.png": b"2"}
    assert sorted(os.listdir(tmp_path)) == ["a.zip", "out"]


def test_a_folder_of_somebody_else_is_not_touched(tmp_path):
    archive = make(tmp_path / "a.zip", {"cat/1.png": b"1"})
    (tmp_path / "out").mkdir()
    assert tree(unzip(archive, tmp_path / "out")) == {"cat/1.png": b"1"}  # an empty one is taken
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/thesis.txt").write_text("years")
    with pytest.raises(InputError, match="exists already"):
        unzip(archive, tmp_path / "theirs")
    (tmp_path / "file").write_text("years")
    with pytest.raises(InputError, match="exists already"):
        unzip(archive, tmp_path / "file")
    assert (tmp_path / "theirs/thesis.txt").read_text() == "years"


def test_a_killed_run_starts_over(tmp_path):
    archive = make(tmp_path / "a.zip", {"cat/1.png": b"1", "cat/2.png": b"2"})

    class Killed(BaseException):
        pass

    def kill(done: int, total: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        unzip(archive, tmp_path / "out", progress=kill)
    assert os.listdir(tmp_path) == ["a.zip"]
    (tmp_path / ".out.unpacking/cat").mkdir(parents=True)  # what kill -9 leaves
    (tmp_path / ".out.unpacking/cat/1.png").write_bytes(b"half")
    assert tree(unzip(archive, tmp_path / "out")) == {"cat/1.png": b"1", "cat/2.png": b"2"}
    assert sorted(os.listdir(tmp_path)) == ["a.zip", "out"]


def test_times_are_those_of_the_archive_and_tell_content_apart(tmp_path):
    stamps = []
    for data in (b"1", b"1", b"2"):
        info = zipfile.ZipInfo("1.png", (2020, 5, 17, 10, 20, 30))
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as made:
            made.writestr(info, data)
        stamps.append((unzip(tmp_path / "a.zip", tmp_path / "out") / "1.png").stat().st_mtime_ns)
    assert stamps[0] // 10**9 == 1_589_710_830  # 2020-05-17 10:20:30 UTC
    assert stamps[0] == stamps[1] != stamps[2]


def test_a_date_that_is_none(tmp_path):
    archive = make(tmp_path / "a.zip", {"1.png": b"1"})
    central(archive, 14, "<H", 0, local=12)
    written = unzip(archive, tmp_path / "out") / "1.png"
    assert int(written.stat().st_mtime) == 315_532_800  # 1980-01-01
