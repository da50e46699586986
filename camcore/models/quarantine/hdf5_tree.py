"""The HDF5 tree of a model file, checked link by link before any array is read."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import h5py

from camcore.errors import ModelError, UnsafeModelError
from camcore.models.quarantine.keras_config import MAX_PARAMETERS

MAX_OBJECTS = 500_000
MAX_TREE_DEPTH = 64
MAX_ATTRIBUTE_BYTES = 64 * 1024**2

# A small array may well be nearly all zeros; a large one that expands so much is a bomb.
_BOMB_FLOOR_BYTES = 64 * 1024**2
_MAX_EXPANSION = 100

# Filters built into HDF5 and h5py; any other would load a plug-in library.
_FILTERS = frozenset(
    {
        h5py.h5z.FILTER_DEFLATE,
        h5py.h5z.FILTER_SHUFFLE,
        h5py.h5z.FILTER_FLETCHER32,
        h5py.h5z.FILTER_SZIP,
        h5py.h5z.FILTER_NBIT,
        h5py.h5z.FILTER_SCALEOFFSET,
        h5py.h5z.FILTER_LZF,
    }
)


def check_tree(root: h5py.File, name: str, stored_bytes: int) -> int:
    """Walk an open HDF5 file and return the number of values in its weight arrays.

    Parameters
    ----------
    root : h5py.File
        Open for reading.
    name : str
        The model file, for messages.
    stored_bytes : int
        Size of the HDF5 file, which bounds what it may expand to.

    Returns
    -------
    int
        Values in all arrays of numbers, those of an optimizer left out.

    Raises
    ------
    UnsafeModelError
        It leads out of itself, loops, loads plug-ins or claims far more than it holds.
    """
    return _Tree(name, stored_bytes).walk(root)


class _Tree:
    def __init__(self, name: str, stored_bytes: int) -> None:
        self.name = name
        self.allowance = max(_BOMB_FLOOR_BYTES, _MAX_EXPANSION * stored_bytes)
        self.claimed = 0
        self.values = 0
        self.seen: set[Any] = set()

    def refuse(self, what: str) -> NoReturn:
        raise UnsafeModelError(
            f"{self.name}: {what}; CAM Audit does not open it. Save the model again with Keras."
        )

    def walk(self, root: h5py.Group) -> int:
        stack: list[tuple[h5py.Group, str, int]] = [(root, "", 0)]
        self.first_visit(root, "its root")
        self.check_attributes(root, "the root")
        while stack:
            group, path, depth = stack.pop()
            if depth > MAX_TREE_DEPTH:
                self.refuse(f"its groups are nested more than {MAX_TREE_DEPTH} deep")
            for raw in self.links(group, path):
                key = f"{path}/{raw.decode('utf-8', 'replace')}"
                label = _show(key)
                self.check_link(group, raw, label)
                child = group[raw]
                self.first_visit(child, label)
                self.check_attributes(child, label)
                if isinstance(child, h5py.Group):
                    stack.append((child, key, depth + 1))
                elif isinstance(child, h5py.Dataset):
                    self.check_dataset(child, label, key)
                else:
                    self.refuse(f"{label} is neither a group nor an array")
        return self.values

    def links(self, group: h5py.Group, path: str) -> list[bytes]:
        names: list[bytes] = []
        group.id.links.iterate(names.append)
        for raw in names:
            # Such a name would be followed as a path, away from the link that was checked.
            if b"/" in raw or raw in (b"", b".", b".."):
                self.refuse(f"{_show(path or '/')} holds a link whose name is a path")
        return names

    def check_link(self, group: h5py.Group, raw: bytes, label: str) -> None:
        kind = group.id.links.get_info(raw).type
        if kind == h5py.h5l.TYPE_EXTERNAL:
            self.refuse(f"{label} is an external link, which reads another file")
        if kind == h5py.h5l.TYPE_SOFT:
            self.refuse(f"{label} is a soft link, which Keras never writes")
        if kind != h5py.h5l.TYPE_HARD:
            self.refuse(f"{label} is a link of an unknown kind")

    def first_visit(self, item: Any, label: str) -> None:
        info = h5py.h5o.get_info(item.id)
        mark = (info.fileno, info.addr)
        if mark in self.seen:
            self.refuse(f"{label} is reached twice, so its tree loops or repeats itself")
        self.seen.add(mark)
        if len(self.seen) > MAX_OBJECTS:
            self.refuse(f"it holds more than {MAX_OBJECTS:,} groups and arrays")

    def check_attributes(self, item: Any, label: str) -> None:
        for index in range(h5py.h5a.get_num_attrs(item.id)):
            attribute = h5py.h5a.open(item.id, index=index)
            if math.prod(attribute.shape) * attribute.dtype.itemsize > MAX_ATTRIBUTE_BYTES:
                self.refuse(f"{label} has an attribute larger than any real one")
            self.check_type(attribute.get_type(), label)

    def check_type(self, kind: h5py.h5t.TypeID, label: str) -> None:
        plain = (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.STRING, h5py.h5t.ENUM)
        vlen_text = kind.get_class() == h5py.h5t.VLEN and kind.get_super().get_class() in plain
        if kind.get_class() not in plain and not vlen_text:
            self.refuse(f"{label} holds values that are neither numbers nor text")

    def check_dataset(self, dataset: h5py.Dataset, label: str, key: str) -> None:
        plan = dataset.id.get_create_plist()
        if plan.get_external_count():
            self.refuse(f"the array {label} is stored in another file")
        if plan.get_layout() == h5py.h5d.VIRTUAL:
            self.refuse(f"the array {label} is virtual, which reads other files")
        for index in range(plan.get_nfilters()):
            if plan.get_filter(index)[0] not in _FILTERS:
                self.refuse(f"the array {label} needs a plug-in library to be unpacked")
        self.check_type(dataset.id.get_type(), label)
        if dataset.shape is None:
            return
        count = math.prod(dataset.shape)
        size = count * dataset.dtype.itemsize
        stored = dataset.id.get_storage_size()
        if size > _BOMB_FLOOR_BYTES and size > _MAX_EXPANSION * stored:
            self.refuse(f"the array {label} claims {_amount(size)} but holds {_amount(stored)}")
        self.claimed += size
        if self.claimed > self.allowance:
            self.refuse(f"its arrays claim {_amount(self.claimed)}, far more than it holds")
        if dataset.dtype.kind in "iufb" and "optimizer" not in key:
            self.values += count
            if self.values > MAX_PARAMETERS:
                self.refuse(f"it has more than {MAX_PARAMETERS:,} weights")


def _show(key: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in key)
    return f"'{printable if len(printable) <= 80 else '...' + printable[-77:]}'"


def _amount(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1024:
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} GB"


def read_text_attribute(root: h5py.File, key: str, name: str) -> str | None:
    """Read an attribute that Keras writes as text, or None where there is none.

    Raises
    ------
    ModelError
        The attribute is there but is no text.
    """
    if key not in root.attrs:
        return None
    value = root.attrs[key]
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            value = None
    if not isinstance(value, str):
        raise ModelError(f"{name}: its {key} is no text, so the file is damaged; save it again.")
    return value
