"""The evidence bundle: one zip that holds what an audit found, and tells whether it is whole."""

from camcore.auditing.bundle.bundling import Bundle, make_bundle, write_bundle
from camcore.auditing.bundle.verification import Problem, Verification, verify

__all__ = ["Bundle", "Problem", "Verification", "make_bundle", "verify", "write_bundle"]
