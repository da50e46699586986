"""A signature holds for the very bytes and the very key, here and for OpenSSL."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile

import pytest

from camcore.auditing.bundle import is_signed_by, private_key, sign
from camcore.auditing.runs.drawn_boxes import keep_boxes
from camcore.auditing.runs.run import Run
from camcore.errors import InputError
from tests.extras import extra

serialization = extra("cryptography.hazmat.primitives.serialization", "sign")
asymmetric = extra("cryptography.hazmat.primitives.asymmetric.ed25519", "sign")


def _never() -> str:
    raise AssertionError("this key has no passphrase")


@pytest.fixture
def keys(tmp_path):
    """Make a pair of keys; gives their files."""

    def make(name="key", passphrase=None):
        key = asymmetric.Ed25519PrivateKey.generate()
        pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        locked = (
            serialization.BestAvailableEncryption(passphrase)
            if passphrase
            else serialization.NoEncryption()
        )
        private, public = tmp_path / name, tmp_path / f"{name}.pub"
        private.write_bytes(key.private_bytes(pem, pkcs8, locked))
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        public.write_bytes(key.public_key().public_bytes(pem, form))
        return private, public

    return make


@pytest.fixture
def signed(bundle, keys, tmp_path):
    """A signed bundle and the public key."""
    private, public = keys()
    file = tmp_path / "evidence.zip"
    file.write_bytes(bundle.data)
    sign(file, private_key(private, _never))
    return file, public


def test_the_bytes_and_the_key_must_be_the_very_ones(signed, keys):
    file, public = signed
    assert is_signed_by(file, public)
    assert not is_signed_by(file, keys("other")[1])
    data = file.read_bytes()
    for place in (0, len(data) // 2, len(data) - 1):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert not is_signed_by(file, public)
    file.write_bytes(data)
    signature = file.with_name("evidence.zip.sig")
    for other in (b"", signature.read_bytes()[:-1], signature.read_bytes() + b"x"):
        signature.write_bytes(other)
        assert not is_signed_by(file, public)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl")
def test_openssl_says_the_same(signed):
    file, public = signed
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", file]
    command += ["-sigfile", f"{file}.sig"]
    assert subprocess.run(command, capture_output=True).returncode == 0
    file.write_bytes(file.read_bytes() + b"x")
    assert subprocess.run(command, capture_output=True).returncode != 0


def test_an_encrypted_key_asks_for_its_passphrase(keys):
    private, _ = keys(passphrase=b"oak")
    private_key(private, lambda: "oak")
    with pytest.raises(InputError, match="does not open"):
        private_key(private, lambda: "ash")


def test_what_is_no_key_of_this_kind_is_refused(signed, keys, tmp_path):
    file, public = signed
    private, _ = keys()
    from cryptography.hazmat.primitives.asymmetric import ec

    other = ec.generate_private_key(ec.SECP256R1())
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "ec").write_bytes(other.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    (tmp_path / "text").write_text("hello")
    for name in (public, tmp_path / "ec", tmp_path / "text"):
        with pytest.raises(InputError, match="no private Ed25519 key"):
            private_key(name, _never)
    for name in (private, tmp_path / "text"):
        with pytest.raises(InputError, match="no public Ed25519 key"):
            is_signed_by(file, name)
    with pytest.raises(InputError, match="cannot be read"):
        private_key(tmp_path / "nowhere", _never)
    (tmp_path / "evidence.zip.sig").unlink()
    with pytest.raises(InputError, match=r"evidence\.zip\.sig cannot be read"):
        is_signed_by(file, public)


def test_the_command_line_signs_and_checks(evidence, keys, command_line, tmp_path):
    private, public = keys()
    file = tmp_path / "new" / "evidence.zip"
    status, _, err = command_line("report", evidence.folder, "--sign", private)
    assert (status, "--bundle" in err) == (2, True)
    status, said, err = command_line("report", evidence.folder, "--bundle", file, "--sign", private)
    assert (status, f"wrote {file}.sig" in said) == (0, True), err
    status, said, _ = command_line("verify", file, "--key", public)
    assert (status, said.splitlines()[-1]) == (0, f"signature: by the key in {public}")
    _, other = keys("other")
    status, said, _ = command_line("verify", file, "--key", other, "--json")
    answer = json.loads(said)["result"]
    assert (status, answer["problems"], answer["signed"]) == (2, [], False)


def test_boxes_that_a_person_gave_are_in_the_bundle(evidence, tmp_path, command_line):
    shutil.copytree(evidence.folder, tmp_path / "run")
    run = Run(tmp_path / "run")
    keep_boxes(run, {3: [(1, 2, 5, 7)], 0: [(0, 0, 4, 4), (4, 4, 8, 8)]})
    file = tmp_path / "evidence.zip"
    assert command_line("report", run.folder, "--bundle", file)[0] == 0
    first, fourth = run.images["path"][[0, 3]]
    with zipfile.ZipFile(file) as archive:
        rows = archive.read("boxes.csv").decode().splitlines()
        assert archive.read("asked.csv").startswith(b"path,decides,x0,y0,x1,y1\n")
    assert rows == [
        "path,x0,y0,x1,y1", f"{first},0.0,0.0,4.0,4.0", f"{first},4.0,4.0,8.0,8.0",
        f"{fourth},1.0,2.0,5.0,7.0",
    ]  # fmt: skip
