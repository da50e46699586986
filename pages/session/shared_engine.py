"""The one engine of the server, and models that load beside the page."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait

import streamlit as st

import camcore

_FIRST_PAUSE = 0.4  # seconds
# Threads that compute in Python hand over this often, in seconds: the server's event loop is one
# of many and needs its turn several times for each answer. Python's own 5 ms would make it wait
# for a tenth of a second each time when two dozen visitors are at work.
_TURN = 0.0005


class ModelLoader:
    """Loads models in threads, so that a page can show progress and a rerun loses nothing.

    Attributes
    ----------
    engine : camcore.Engine
    """

    def __init__(self) -> None:
        self.engine = camcore.Engine()
        self._running: dict[Hashable, tuple[Future, float]] = {}
        self._guard = threading.Lock()
        self._warm = False

    def model(
        self,
        key: Hashable,
        load: Callable[[], camcore.Classifier],
        waiting: Callable[[float], None],
    ) -> camcore.Classifier:
        """The model of a key, loaded once for all sessions.

        Parameters
        ----------
        key : hashable
            Everything that `load` depends on.
        load : callable
        waiting : callable
            Called a few times a second with the seconds since loading began.
        """
        if not self._warm:
            # The first load starts the machinery, which leaves other threads little room: what
            # the page has to show goes to the browser before.
            waiting(0.0)
            time.sleep(_FIRST_PAUSE)
        with self._guard:
            if key not in self._running:
                future: Future = Future()
                self._running[key] = future, time.monotonic()
                worker = threading.Thread(target=self._run, args=(key, load, future), daemon=True)
                worker.start()
            future, started = self._running[key]
        while not wait([future], timeout=0.2).done:
            waiting(time.monotonic() - started)
        return future.result()

    def _run(self, key: Hashable, load: Callable[[], camcore.Classifier], future: Future) -> None:
        loaded = False

        def load_once() -> camcore.Classifier:
            nonlocal loaded
            loaded = True
            return load()

        try:
            future.set_result(self.engine.model(key, load_once))
        except BaseException as error:
            future.set_exception(error)
        finally:
            # The engine keeps the model, within its bounds; a failed load may be tried again.
            with self._guard:
                self._running.pop(key, None)
                self._warm = True
            if loaded:
                _set_aside()


def _set_aside() -> None:
    """Keep what is loaded out of garbage collection until the next model is.

    After each run of a script Streamlit has Keras collect, which holds all threads while every
    object of TensorFlow is looked at: half a second, once a second where a page follows an audit.
    """
    gc.unfreeze()
    gc.collect()  # models that were put out since
    gc.freeze()


@st.cache_resource(show_spinner=False)
def model_loader() -> ModelLoader:
    """The loader that all sessions share."""
    sys.setswitchinterval(_TURN)
    return ModelLoader()
