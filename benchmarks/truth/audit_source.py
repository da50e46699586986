"""What a result belongs to: a hash of all code that an audit's findings can depend on."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import camcore

_ROOTS = (
    "camcore.models.loading",
    "camcore.models.keras.classifier",
    "camcore.auditing.runs.beginning",
    "camcore.auditing.scan.scan",
    "camcore.auditing.evidence.stage",
    "camcore.auditing.interventions.intervene",
    "camcore.auditing.verdict.findings_json",
)
"""What makes findings; the report, the figures and the pages only show them."""

_SHOWS = "camcore.drawing"
"""A run and its findings draw themselves in a notebook: no number passes through that."""


@cache
def audit_source() -> str:
    """Hash, in short, of every module of camcore that what makes findings imports.

    Imports inside functions count. Comments, docstrings and layout do not: they change no number.

    Examples
    --------
    >>> audit_source() == audit_source(), len(audit_source())
    (True, 12)
    """
    digest = hashlib.sha256()
    for name in sorted(imported_from(_ROOTS)):
        digest.update(name.encode() + b"\0" + meaning(_file_of(name).read_text("utf-8")).encode())
    return digest.hexdigest()[:12]


def imported_from(roots: tuple[str, ...]) -> set[str]:
    """Names of the modules of camcore that some modules import, and these import, and so on.

    Examples
    --------
    >>> "camcore.pictures.codecs" in imported_from(("camcore.pictures.picture",))
    True
    """
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen and _is_module(name) and not name.startswith(_SHOWS):
            seen.add(name)
            waiting += _imports(ast.parse(_file_of(name).read_text("utf-8")))
    return seen


def meaning(source: str) -> str:
    """What a module does, without what only tells people about it.

    Examples
    --------
    >>> meaning('"a"\\nx = 1  # one') == meaning('x = 1'), meaning('x = 1') == meaning('x = 2')
    (True, False)
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                line
                for line in body
                if not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
            ]
    return ast.dump(tree)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if _is_module(inner) else node.module


def _is_module(name: str) -> bool:
    return name.split(".")[0] == "camcore" and _file_of(name).is_file()


def _file_of(name: str) -> Path:
    place = Path(camcore.__file__).parent.joinpath(*name.split(".")[1:])
    package = place / "__init__.py"
    return package if package.is_file() else place.with_suffix(".py")
