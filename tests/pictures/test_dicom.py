"""Medical pictures are shown as they are meant to be, and say nothing of the person."""

from __future__ import annotations

import dataclasses
import io
import sys

import numpy as np
import pytest

from camcore.errors import ImageError
from camcore.pictures.picture import read_image
from tests.extras import extra

pydicom = extra("pydicom", "dicom")

RAMP = np.arange(0, 4096, 16, dtype=np.uint16)[None].repeat(4, 0)
PERSON = "Meier^Anna"


def dicom(stored: np.ndarray, **attributes: object) -> bytes:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.SOPClassUID, dataset.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = PERSON, "4711", "19700101"
    dataset.Rows, dataset.Columns = stored.shape[-2:] if stored.ndim == 2 else stored.shape[:2]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = stored.dtype.itemsize * 8
    dataset.BitsStored = 12 if stored.dtype.itemsize == 2 else 8
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    for name, value in attributes.items():
        setattr(dataset, name, value)
    dataset.PixelData = stored.tobytes()
    file = io.BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def gray(data: bytes, **options: str) -> np.ndarray:
    return read_image(data, name="scan.dcm", **options).pixels[0, :, 0].astype(float)


def test_a_window():
    data = dicom(RAMP, WindowCenter=1024, WindowWidth=1024)
    x = RAMP[0].astype(float)
    # PS3.3, C.11.2.1.2.1, the linear function
    expected = np.clip((x - 1023.5) / 1023 + 0.5, 0, 1) * 255
    assert np.abs(gray(data) - expected).max() <= 0.5
    assert "DICOM window 1024, width 1024" in read_image(data).notes


def test_of_several_windows_the_first():
    several = dicom(RAMP, WindowCenter=[1024, 50], WindowWidth=[1024, 400])
    assert (gray(several) == gray(dicom(RAMP, WindowCenter=1024, WindowWidth=1024))).all()


def test_rescaled_values_are_windowed():
    """Hounsfield units: stored 0 is -1024."""
    data = dicom(RAMP, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=40, WindowWidth=400)
    x = RAMP[0].astype(float) - 1024
    assert np.abs(gray(data) - np.clip((x - 39.5) / 399 + 0.5, 0, 1) * 255).max() <= 0.5


def test_without_a_window_the_range():
    assert np.abs(gray(dicom(RAMP)) - RAMP[0] / RAMP.max() * 255).max() <= 0.5
    assert np.abs(gray(dicom(RAMP, WindowCenter=9, WindowWidth=9), stretch="range")
                  - RAMP[0] / RAMP.max() * 255).max() <= 0.5  # fmt: skip


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 1024, "WindowWidth": 1024}])
def test_monochrome1_is_inverted(window):
    plain = gray(dicom(RAMP, **window))
    inverted = dicom(RAMP, PhotometricInterpretation="MONOCHROME1", **window)
    assert (gray(inverted) == 255 - plain).all()
    assert "MONOCHROME1 inverted" in read_image(inverted).notes


@pytest.mark.parametrize(("function", "share"), [("LINEAR_EXACT", 0.75), ("SIGMOID", 0.7310586)])
def test_other_windows(function, share):
    stored = np.full((2, 2), 100 + 50, np.uint16)
    data = dicom(stored, WindowCenter=100, WindowWidth=200, VOILUTFunction=function)
    assert gray(data)[0] == round(share * 255)


def test_signed_values():
    stored = np.array([[-100, 0], [50, 100]], np.int16)
    data = dicom(stored)
    assert read_image(data).pixels[..., 0].tolist() == [[0, 128], [191, 255]]


def test_colour():
    stored = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    data = dicom(stored, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    assert (read_image(data).pixels == stored).all()


def test_the_first_of_several_frames():
    frames = np.stack([RAMP, RAMP[:, ::-1], RAMP])
    data = dicom(frames, NumberOfFrames=3, Rows=4, Columns=256)
    assert (gray(data) == gray(dicom(RAMP))).all()
    assert read_image(data).notes[0] == "first of 3 frames"


def test_nothing_of_the_person_is_kept():
    picture = read_image(dicom(RAMP, WindowCenter=1, WindowWidth=2), name="scan.dcm")
    text = repr(dataclasses.asdict(picture))
    assert not any(word in text for word in ("Meier", "Anna", "4711", "1970"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (dicom(RAMP)[:-500], "damaged"),
        (dicom(RAMP)[:140], "damaged|without a picture"),
        (dicom(RAMP, Rows=30000, Columns=30000), "more than the limit"),
        (dicom(RAMP, BitsAllocated=7), "damaged"),
    ],
)
def test_what_is_refused(data, words):
    with pytest.raises(ImageError, match=words) as caught:
        read_image(data, name="scan.dcm")
    assert "Meier" not in str(caught.value)


def test_without_the_extra_its_name_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ImageError, match=r"needs an extra: pip install '\.\[dicom\]'"):
        read_image(dicom_bytes, name="scan.dcm")


dicom_bytes = dicom(RAMP)
