"""Paths of the machine that an audit ran on, taken out of what is handed to others."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from markupsafe import escape

from camcore.auditing.runs.repairs import repairs_of
from camcore.auditing.runs.run import Run

_PICTURE = r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+"  # may hold anything that looks like a path


class Places:
    """Folders whose names stay on the machine; what lies in them is told by its own name.

    A folder at the root, such as ``/data``, is told in full: it says nothing of a person.

    Parameters
    ----------
    paths : iterable of str
        Absolute paths; their parent folders are left out of texts. Others are passed over.

    Examples
    --------
    >>> places = Places(["/home/ada/photos", "photos", "/data"])
    >>> places.taken_from('camcore audit /home/ada/photos --out /data/run')
    'camcore audit photos --out /data/run'
    """

    def __init__(self, paths: Iterable[str]) -> None:
        parents = {str(Path(path).parent) for path in paths if Path(path).is_absolute()}
        folders = sorted((each for each in parents if Path(each).parent != Path(each)), key=len)
        spelled = {spelling for each in folders for spelling in _spellings(each)}
        longest_first = sorted(spelled, key=lambda text: (-len(text), text))
        alternatives = [re.escape(text) + r"[/\\]+" for text in longest_first]
        self._pattern = re.compile("|".join([_PICTURE, *alternatives]))

    def taken_from(self, text: str) -> str:
        """The text without the folders."""
        return self._pattern.sub(
            lambda match: match[0] if match[0].startswith("data:") else "", text
        )


def places_of(run: Run) -> Places:
    """The places that the files of a run may name."""
    return Places(_named(run))


def _named(run: Run) -> Iterator[str]:
    yield str(run.folder.absolute())
    yield from _texts(run.record)
    yield from map(str, run.images["path"])
    for record in repairs_of(run):
        yield from _texts([str(record.out.absolute()), record.new, record.outcome])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)


def _spellings(folder: str) -> Iterator[str]:
    """A folder as CSV and Markdown, JSON, HTML, and a command line in HTML write it."""
    yield folder
    yield json.dumps(folder, ensure_ascii=False)[1:-1]
    yield str(escape(folder))
    yield str(escape(shlex.quote(folder).strip("'")))
