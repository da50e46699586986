"""Work of many seconds: it runs beside the page, which shows a bar, the time left and a stop."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from hashlib import sha256
from typing import Any, Protocol, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.languages.catalogues import gettext as _
from pages.languages.numbers import whole

Result = TypeVar("Result")

_POLL = 0.2  # seconds between two looks
_ALONE = 60.0  # seconds after which work that no page looks at ends
_AWAY = 5.0  # seconds without a look after which a session does not wait any more
_VISITOR = "background-work-visitor"


class Progress(Protocol):
    """What work calls now and then; it raises when the work is to stop."""

    def __call__(self, done: int, total: int, so_far: Any = None) -> None: ...


class _Stopped(Exception):
    """Raised inside the work."""


class _Running:
    """One piece of work, and how far it is."""

    def __init__(self) -> None:
        self.future: Future = Future()
        self.stop = threading.Event()
        self.started = time.monotonic()
        self._last_look = self.started
        self._looks: dict[str, float] = {}
        self._guard = threading.Lock()
        self.done, self.total = 0, 0
        self.so_far: Any = None

    def progress(self, done: int, total: int, so_far: Any = None) -> None:
        self.done, self.total = done, total
        if so_far is not None:
            self.so_far = so_far
        if self.stop.is_set() or time.monotonic() - self._last_look > _ALONE:
            raise _Stopped

    def looked_at(self, visitor: str) -> None:
        """Note that a session waits for it."""
        with self._guard:
            self._looks[visitor] = self._last_look = time.monotonic()

    def leave(self, visitor: str) -> None:
        """A session wants it no more; it ends where no other waits for it."""
        now = time.monotonic()
        with self._guard:
            self._looks.pop(visitor, None)
            if not any(now - look <= _AWAY for look in self._looks.values()):
                self.stop.set()

    def run(self, work: Callable[[Progress], Any], ended: Callable[[], None]) -> None:
        try:
            self.future.set_result(work(self.progress))
        except BaseException as error:
            self.future.set_exception(error)
        finally:
            ended()

    def words(self) -> str:
        """Time spent and time left."""
        spent = time.monotonic() - self.started
        if not self.done or not self.total:
            return f"{spent:.0f} s"
        left = spent / self.done * (self.total - self.done)
        return _(
            "{done} of {total}, about {left} left",
            done=whole(self.done),
            total=whole(self.total),
            left=spoken(left),
        )


class _Workshop:
    """All work of the server by its key."""

    def __init__(self) -> None:
        self._running: dict[Hashable, _Running] = {}
        self._guard = threading.Lock()

    def join(self, key: Hashable, work: Callable[[Progress], Any]) -> _Running:
        """The running work of a key; it begins if it is not there."""
        with self._guard:
            running = self._running.get(key)
            if running is None:
                running = self._running[key] = _Running()
                threading.Thread(
                    target=running.run, args=(work, lambda: self._end(key)), daemon=True
                ).start()
            return running

    def _end(self, key: Hashable) -> None:
        with self._guard:
            self._running.pop(key, None)


@st.cache_resource(show_spinner=False)
def _workshop() -> _Workshop:
    return _Workshop()


def run_with_progress(
    key: Hashable,
    title: str,
    work: Callable[[Progress], Result],
    place: DeltaGenerator,
    *,
    show: Callable[[Any], None] | None = None,
) -> Result | None:
    """Do work beside the page; sessions and reruns that ask for the same share it.

    Parameters
    ----------
    key : hashable
        Everything that the result depends on.
    title : str
        What is being done, in Markdown.
    work : callable
        Called with a `Progress` in a thread of its own: no Streamlit in there.
    place : DeltaGenerator
        An `st.empty` for the bar and the button; empty again afterwards.
    show : callable, optional
        Called on the page with what the work has so far, whenever that is new.

    Returns
    -------
    Result, or None where this session stopped it. Others that wait for the same go on waiting.
    """
    button = f"stop-{sha256(repr(key).encode()).hexdigest()[:16]}"
    pressed = f"{button}-pressed"
    if st.session_state.pop(pressed, False):  # what has ended by now must not begin anew
        place.empty()
        return None
    running = _workshop().join(key, work)
    visitor = st.session_state.setdefault(_VISITOR, secrets.token_hex(8))
    bar, displayed = None, None

    def stop() -> None:
        st.session_state[pressed] = True
        running.leave(visitor)

    try:
        while not wait([running.future], timeout=_POLL).done:
            running.looked_at(visitor)
            if bar is None:
                with place.container():
                    bar = st.empty()
                    st.button(_("Stop"), key=button, on_click=stop)
            share = running.done / running.total if running.total else 0.0
            bar.progress(min(share, 1.0), text=f"{title}: {running.words()}")
            if show is not None and running.so_far is not displayed:
                displayed = running.so_far
                show(displayed)
        return running.future.result()
    except _Stopped:
        return None
    finally:
        place.empty()


def spoken(seconds: float) -> str:
    """A duration as people say it.

    Examples
    --------
    >>> spoken(8.2), spoken(200)
    ('9 s', '4 min')
    """
    return (
        f"{seconds + 0.99:.0f} s"
        if seconds < 90
        else _("{seconds} min", seconds=f"{seconds / 60 + 0.5:.0f}")
    )
