"""A small file cannot ask for minutes of computing or gigabytes of memory."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import threading
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from camcore.pictures import decoding_budget
from camcore.pictures.decoding_budget import BoundedReader, Room, count_frames, jpeg_scans
from camcore.pictures.picture import read_image
from tests.quadrants import encoded, png, quadrants, refused

# The peak of memory, in MB, that reading one picture adds to a process that has read a small one.
_PEAK = """
import sys
from camcore.pictures.picture import read_image
small, large = (open(file, "rb").read() for file in sys.argv[1:])
read_image(small)

def peak():  # of this process: what getrusage tells begins with the peak of its parent
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

before = peak()
read_image(large)
print(peak() - before)
"""


def _many_scans(side: int, extra: int) -> bytes:
    """A progressive JPEG whose last scan is drawn again and again."""
    data = encoded(Image.new("RGB", (side, side), (90, 120, 30)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * extra + b"\xff\xd9"


def _directories(count: int, size: int = 1) -> bytes:
    """A TIFF of so many pages, 1 x 1 pixel each."""
    tags = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 8), (278, 1), (279, size)]
    length = 2 + 12 * len(tags) + 4
    data = bytearray(b"II*\0" + struct.pack("<I", 16) + b"\x80" + bytes(7))
    for page in range(count):
        data += struct.pack("<H", len(tags))
        for tag, value in tags:
            data += struct.pack("<HHII", tag, 4, 1, value)
        data += struct.pack("<I", 16 + (page + 1) * length if page + 1 < count else 0)
    return bytes(data)


def _chunks(count: int) -> bytes:
    """A PNG with so many chunks of no content."""
    data = encoded(quadrants())
    empty = struct.pack(">I", 0) + b"teSt" + struct.pack(">I", zlib.crc32(b"teSt"))
    return data[:33] + empty * count + data[33:]


def test_jpeg_of_thousands_of_scans_is_refused_at_once():
    data = _many_scans(2000, 2000)
    began = time.thread_time()
    refused(data, "scans.jpg", "scans", name="scans.jpg")
    refused(data, "scans", at_least=(50, 50))
    assert time.thread_time() - began < 0.5


def test_progressive_jpeg_is_read():
    image = Image.fromarray(quadrants().repeat(40, 0).repeat(40, 1))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(image, "JPEG", progressive=True, exif=exif)
    assert jpeg_scans(data) == 10
    assert read_image(data).pixels.shape == (240, 160, 3)
    assert read_image(_many_scans(100, 40)).height == 100


@pytest.mark.parametrize("large", [False, True])
def test_pages_of_a_tiff_are_counted(large):
    frames = [Image.new("L", (8, 8), shade) for shade in range(5)]
    data = encoded(frames[0], "TIFF", save_all=True, append_images=frames[1:], big_tiff=large)
    assert count_frames(Image.open(io.BytesIO(data)), data) == 5
    assert read_image(data).notes[0] == "first of 5 frames"


def test_many_pages_cost_little():
    data = _directories(40_000)
    began = time.thread_time()
    assert read_image(data).notes[0] == "first of more than 999 frames"
    assert time.thread_time() - began < 1
    assert read_image(_directories(999)).notes[0] == "first of 999 frames"
    assert read_image(_directories(1)).notes == ("gray shown as RGB",)


def test_pages_that_lead_in_a_circle_are_counted_once():
    data = bytearray(_directories(3))
    data[-4:] = struct.pack("<I", 16)
    assert read_image(bytes(data)).notes[0] == "first of 3 frames"


@pytest.mark.parametrize("count", [2, 7])
def test_frames_of_a_gif_are_counted(count):
    chance = np.random.default_rng(0)
    frames = [Image.fromarray(chance.integers(0, 256, (9, 9, 3), np.uint8)) for _ in range(count)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert count_frames(Image.open(io.BytesIO(data)), data) == count


def test_strips_that_name_the_same_bytes_are_refused():
    refused(_directories(1, size=10**6), "names 1,000,000 bytes", "cut short")


def test_progressive_jpeg_inside_a_tiff_is_refused():
    data = encoded(quadrants().repeat(8, 0).repeat(8, 1), "TIFF", compression="jpeg")
    assert read_image(data).height == 32
    refused(data.replace(b"\xff\xc0", b"\xff\xc2"), "progressive")


def test_time_of_decoding_is_bounded(monkeypatch):
    data = _chunks(30_000)
    assert read_image(data).width == 6
    monkeypatch.setattr(decoding_budget, "DECODE_SECONDS", 0.02)
    refused(data, "chunks.png", "of computing", name="chunks.png")
    assert read_image(encoded(quadrants())).width == 6


def test_reader_counts_the_time_of_its_own_thread():
    reader = BoundedReader(b"abc", "a", seconds=0.05)
    time.sleep(0.1)  # others' time, and waiting, do not count
    assert reader.read() == b"abc"


@pytest.mark.parametrize(("depth", "colour", "channels"), [(8, 6, 4), (16, 2, 6), (16, 0, 2)])
def test_memory_of_large_pictures(tmp_path, depth, colour, channels):
    side = 4000
    rows = zlib.compressobj(9)
    flat = b"".join(rows.compress(bytes(1 + side * channels)) for _ in range(side)) + rows.flush()
    data = png(side, side, depth, colour, b"")
    idat = data.index(b"IDAT") - 4
    chunk = struct.pack(">I", len(flat)) + b"IDAT" + flat
    chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
    large, small = tmp_path / "large.png", tmp_path / "small.png"
    large.write_bytes(data[:idat] + chunk + data[-12:])
    small.write_bytes(encoded(quadrants()))
    assert large.stat().st_size < 200_000
    run = [sys.executable, "-c", _PEAK, str(small), str(large)]
    peak = float(subprocess.run(run, capture_output=True, check=True).stdout)
    pixels = 3 * side**2 / 1024**2
    assert pixels < peak < 3 * pixels  # Pillow's own copy is at most 4 bytes a pixel


def test_room_lets_nobody_take_more_than_there_is():
    room, held, most = Room(100), [0], [0]
    guard = threading.Lock()

    def take(size: int) -> None:
        with room.taken(size):
            with guard:
                held[0] += min(size, 100)
                most[0] = max(most[0], held[0])
            time.sleep(0.01)
            with guard:
                held[0] -= min(size, 100)

    threads = [threading.Thread(target=take, args=(size,)) for size in (60, 60, 40, 500, 30, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert 60 <= most[0] <= 100
