"""A detached signature of a bundle by a key of one's own: Ed25519 (RFC 8032), keys in PEM.

It lies beside the bundle as ``FILE.zip.sig``: 64 bytes over those of the zip, which OpenSSL reads
as well: ``openssl pkeyutl -verify -pubin -inkey PUB -rawin -in FILE.zip -sigfile FILE.zip.sig``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from camcore.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SUFFIX = ".sig"
_MAX_KEY = 64 * 1024  # bytes
_PRIVATE = "openssl genpkey -algorithm ed25519 -out KEY"
_PUBLIC = "openssl pkey -in KEY -pubout -out PUB"


def private_key(file: str | os.PathLike[str], passphrase: Callable[[], str]) -> Ed25519PrivateKey:
    """Read the key that signs.

    Parameters
    ----------
    file : path
        A private key of Ed25519, PKCS #8 in PEM.
    passphrase : callable
        Asked where the key is encrypted.

    Raises
    ------
    InputError
        If it cannot be read, is of another kind, or the passphrase is wrong.
    """
    _require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read(file, _MAX_KEY)
    refusal = InputError(f"{file} is no private Ed25519 key in PEM; `{_PRIVATE}` makes one.")
    try:
        key = load_pem_private_key(data, None)
    except TypeError:  # it is encrypted
        try:
            key = load_pem_private_key(data, passphrase().encode())
        except (ValueError, TypeError):
            raise InputError(f"the passphrase does not open {file}; type it again.") from None
    except (ValueError, UnsupportedAlgorithm):
        raise refusal from None
    if not isinstance(key, Ed25519PrivateKey):
        raise refusal
    return key


def sign(bundle: str | os.PathLike[str], key: Ed25519PrivateKey) -> Path:
    """Write the signature of a bundle beside it, whole or not at all.

    Returns
    -------
    Path
        Of the signature.
    """
    place = _signature_of(bundle)
    with tempfile.TemporaryDirectory(prefix=".signature-", dir=place.parent) as folder:
        partial = Path(folder) / place.name
        partial.write_bytes(key.sign(Path(bundle).read_bytes()))
        os.replace(partial, place)
    return place


def is_signed_by(bundle: str | os.PathLike[str], public_key: str | os.PathLike[str]) -> bool:
    """Whether the signature beside a bundle is of these very bytes, by this key.

    Parameters
    ----------
    bundle : path
    public_key : path
        A public key of Ed25519, SubjectPublicKeyInfo in PEM.

    Raises
    ------
    InputError
        If there is no signature, or the key cannot be read or is of another kind.
    """
    _require_cryptography()
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    refusal = InputError(
        f"{public_key} is no public Ed25519 key in PEM; `{_PUBLIC}` takes it from a private one."
    )
    try:
        key = load_pem_public_key(_read(public_key, _MAX_KEY))
    except (ValueError, UnsupportedAlgorithm):
        raise refusal from None
    if not isinstance(key, Ed25519PublicKey):
        raise refusal
    signature = _read(_signature_of(bundle), _MAX_KEY)
    try:
        key.verify(signature, Path(bundle).read_bytes())
    except InvalidSignature:
        return False
    return True


def _signature_of(bundle: str | os.PathLike[str]) -> Path:
    place = Path(bundle)
    return place.with_name(place.name + _SUFFIX)


def _read(file: str | os.PathLike[str], most: int) -> bytes:
    try:
        with open(file, "rb") as opened:
            return opened.read(most)
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}); check the path.") from None


def _require_cryptography() -> None:
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise InputError("signatures need the extra: pip install '.[sign]'.") from None
