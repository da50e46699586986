"""What people bring: kept once, found again by its token, and never more than there is room for."""

from __future__ import annotations

import os

import pytest

from camcore.errors import InputError
from pages.session import uploads
from pages.session.uploads import UploadFolder, is_token


def test_a_file_is_kept_once_and_found_by_its_token():
    folder = UploadFolder()
    path = folder.keep_bytes(b"a model", "../../etc/my *model*.keras")
    assert path == folder.keep_bytes(b"a model", "my *model*.keras")
    assert path.parent.parent == folder.place
    assert path.name == "my _model_.keras"
    token = folder.token(str(path))
    assert is_token(token)
    assert folder.named(token) == str(path)
    assert path.read_bytes() == b"a model"


def test_equal_content_under_another_name_is_another_file():
    folder = UploadFolder()
    first, second = (folder.keep_bytes(b"same", name) for name in ("mine.png", "yours.png"))
    assert folder.named(folder.token(str(first))) == str(first)
    assert folder.named(folder.token(str(second))) == str(second)


def test_tokens_lead_nowhere_else():
    folder = UploadFolder()
    folder.keep_bytes(b"a", "a.png")
    for token in ("upload-", "upload-*", "upload-" + "0" * 32, "upload-../../etc", "a.png"):
        assert folder.named(token) is None


def test_the_least_recently_used_go_where_there_is_no_room():
    folder = UploadFolder(room=250)
    paths = [folder.keep_bytes(bytes([k]) * 100, f"{k}.png") for k in range(2)]
    for age, path in zip((200, 100), paths, strict=True):
        os.utime(path.parent, (1e9 - age, 1e9 - age))
    assert folder.named(folder.token(str(paths[0]))) is not None  # looked at just now
    third = folder.keep_bytes(b"x" * 100, "new.png")
    assert [path.exists() for path in (*paths, third)] == [True, False, True]
    huge = folder.keep_bytes(b"y" * 1000, "huge.png")
    assert [path.exists() for path in (paths[0], third, huge)] == [False, False, True]


def test_a_typed_address_is_read_where_it_is_allowed(monkeypatch, tmp_path):
    monkeypatch.setattr(uploads, "is_served", lambda: False)
    assert uploads.typed_path(' "s3://bucket/photos/" ') == "s3://bucket/photos"
    with pytest.raises(InputError, match="credentials come from the environment"):
        uploads.typed_path("s3://key:secret@bucket/photos")
    monkeypatch.setattr(uploads, "is_served", lambda: True)  # to who has signed in
    with pytest.raises(InputError, match="CAMCORE_ADDRESSES"):
        uploads.typed_path("s3://bucket/photos")
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(tmp_path))
    monkeypatch.setenv("CAMCORE_ADDRESSES", "s3://bucket/photos")
    assert uploads.typed_path("s3://bucket/photos/cats") == "s3://bucket/photos/cats"
    with pytest.raises(InputError, match="CAMCORE_ADDRESSES"):
        uploads.typed_path("s3://bucket/photos/../secrets")
    with pytest.raises(InputError, match="outside"):
        uploads.typed_path("/etc/passwd")
