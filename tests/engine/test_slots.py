"""No more is computed at once than there are places, and nobody waits for ever."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

import camcore
from camcore.engine import Engine
from camcore.engine.slots import Slots
from tests.auditing.linear_classifier import looks_at


class _Busy(type(looks_at((0, 0)))):
    """Notes how many of its passes run at the same time, in all its instances."""

    guard, now, most = threading.Lock(), 0, 0

    def scores(self, images):
        with _Busy.guard:
            _Busy.now += 1
            _Busy.most = max(_Busy.most, _Busy.now)
        time.sleep(0.01)
        with _Busy.guard:
            _Busy.now -= 1
        return super().scores(images)


@pytest.mark.parametrize("method", ["grad-cam", "occlusion"])
def test_visitors_compute_in_turn(method):
    _Busy.most = 0
    engine = Engine(slots=2)
    plain = looks_at((0, 0))
    models = [_Busy(plain.weights * (1 + k), plain.bias) for k in range(8)]
    explanations, failed = [], []

    def visit(number: int) -> None:
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
        try:
            picture = camcore.read_image(pixels)
            explanations.append(engine.explain(models[number], picture, target=0, method=method))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert len(explanations) == 8
    assert _Busy.most == 2


def test_places_are_given_back_after_errors():
    slots = Slots(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="x"), slots.taken():
            raise ValueError("x")
    done = []
    thread = threading.Thread(target=lambda: [slots.taken().__enter__(), done.append(1)])
    thread.start()
    thread.join(5)
    assert done == [1]
