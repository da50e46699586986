"""What people write to single images of a run: tags and a note, kept with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from camcore.auditing.runs.run import Run
from camcore.auditing.runs.schema import REMARKS, read_checked
from camcore.errors import InputError

_PATIENCE = 20.0  # seconds that a remark waits for another
_TAG, _NOTE, _TAGS = 60, 2000, 20  # characters, characters, tags of one image


@dataclass(frozen=True)
class ImageRemarks:
    """Tags, in alphabetical order, and a note.

    Attributes
    ----------
    tags : tuple of str
    note : str
    """

    tags: tuple[str, ...] = ()
    note: str = ""


def remarks_of(run: Run) -> dict[int, ImageRemarks]:
    """What has been written, by the image's id."""
    kept = read_checked(run.store, REMARKS) or {}
    return {
        int(image): ImageRemarks(tuple(remarks["tags"]), remarks["note"])
        for image, remarks in kept.items()
    }


def remark(run: Run, images: Iterable[int], *, tag: str = "", note: str = "") -> None:
    """Add a tag to images, and give them a note instead of the one that they have.

    Parameters
    ----------
    run : Run
    images : iterable of int
        Ids.
    tag, note : str
        Where one is empty, it leaves things as they were.

    Raises
    ------
    InputError
        If there is nothing to write or to write it to, or it is too long.
    StoreError
        If another process works on the run, or it cannot be written.
    """
    tag, note = " ".join(tag.split()), note.strip()
    if not tag and not note:
        raise InputError("there is nothing to keep; write a tag or a note.")
    if len(tag) > _TAG or len(note) > _NOTE:
        raise InputError(f"a tag has at most {_TAG} characters, and a note {_NOTE:,}.")

    def written(before: ImageRemarks) -> ImageRemarks:
        tags = tuple(sorted({*before.tags, *([tag] if tag else [])}))
        if len(tags) > _TAGS:
            raise InputError(f"an image has at most {_TAGS} tags; take others off first.")
        return ImageRemarks(tags, note or before.note)

    _change(run, images, written)


def take_off(run: Run, images: Iterable[int]) -> None:
    """Remove all tags and notes of images.

    Raises
    ------
    InputError
        If no image is given.
    StoreError
        If another process works on the run, or it cannot be written.
    """
    _change(run, images, lambda before: ImageRemarks())


def _change(
    run: Run, images: Iterable[int], written: Callable[[ImageRemarks], ImageRemarks]
) -> None:
    chosen = set(images) & {int(image) for image in run.images.index}
    if not chosen:
        raise InputError("no image is chosen; tick at least one.")
    with run.store.locked(_PATIENCE):
        kept = remarks_of(run)
        kept |= {image: written(kept.get(image, ImageRemarks())) for image in chosen}
        run.store.write_json(
            REMARKS,
            {
                str(image): {"tags": list(remarks.tags), "note": remarks.note}
                for image, remarks in sorted(kept.items())
                if remarks != ImageRemarks()
            },
        )
