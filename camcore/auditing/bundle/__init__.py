"""The evidence bundle: one zip that holds what an audit found, and tells whether it is whole."""

from camcore.auditing.bundle.bundling import Bundle, make_bundle, write_bundle
from camcore.auditing.bundle.signature import is_signed_by, private_key, sign
from camcore.auditing.bundle.verification import Problem, Verification, verify

__all__ = [
    "Bundle",
    "Problem",
    "Verification",
    "is_signed_by",
    "make_bundle",
    "private_key",
    "sign",
    "verify",
    "write_bundle",
]
