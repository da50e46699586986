"""HDF5 trees that lead elsewhere, or hold more than any network, are refused unread."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hostile import (
    harmless,
    refused,
    weights,
    write_h5,
    write_keras,
)

from camcore.errors import ModelError


def external_link(root):
    root["elsewhere"] = h5py.ExternalLink("/etc/other.h5", "/data")


def soft_link(root):
    root["soft"] = h5py.SoftLink("/vars")


def loop(root):
    root["group/again"] = root


def external_storage(root):
    root.create_dataset("stolen", (16,), "u1", external=[("/etc/hostname", 0, 16)])


def virtual(root):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "data", (4,))
    root.create_virtual_dataset("virtual", layout)


def shape_bomb(root):
    root.create_dataset("bomb", (2**14, 2**14), "f4", chunks=(64, 64), compression="gzip")


def many_small_bombs(root):
    for number in range(40):
        root.create_dataset(f"bomb{number}", (1000, 1000), "f8", chunks=True, compression="gzip")


def references(root):
    root.create_dataset("refs", (1,), h5py.ref_dtype)


def deep_groups(root):
    root.create_group("/".join("g" * 80))


def plug_in(root):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((4,))
    plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())  # a filter kept outside HDF5
    space = h5py.h5s.create_simple((4,))
    h5py.h5d.create(root.id, b"packed", h5py.h5t.IEEE_F32LE, space, plan)


HOSTILE_TREES = [
    external_link,
    soft_link,
    loop,
    external_storage,
    virtual,
    shape_bomb,
    many_small_bombs,
    references,
    deep_groups,
    plug_in,
]


@pytest.mark.parametrize("fill", HOSTILE_TREES)
def test_hostile_hdf5(tmp_path, fill):
    refused(write_h5(tmp_path / "m.h5", harmless(), fill))
    if fill is not external_storage:  # h5py cannot make that one in memory
        refused(write_keras(tmp_path / "m.keras", harmless(), store=weights(fill)))


def test_external_storage_inside_a_keras_file(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as root:
        external_storage(root)
    store = (tmp_path / "w.h5").read_bytes()
    refused(write_keras(tmp_path / "m.keras", harmless(), store=store), "another file")


def test_too_many_weights(tmp_path, monkeypatch):
    monkeypatch.setattr("camcore.models.quarantine.hdf5_tree.MAX_PARAMETERS", 100)
    fill = {"a": np.ones(60), "b": np.ones(60)}
    path = write_keras(tmp_path / "m.keras", harmless(), store=weights(lambda r: r.update(fill)))
    refused(path, "more than 100 weights")


def test_weights_only(tmp_path):
    refused(write_h5(tmp_path / "m.h5", None), "holds weights only", error=ModelError)


def test_config_attribute_that_is_no_text(tmp_path):
    def fill(root):
        root.attrs["model_config"] = np.arange(5)

    refused(write_h5(tmp_path / "m.h5", None, fill), "no text", error=ModelError)
