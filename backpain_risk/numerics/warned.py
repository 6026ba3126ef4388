"""Warnings kept as text without disturbing other threads.

``warnings.catch_warnings`` saves and restores filters that all threads share: where two threads are
inside it at once, one may restore what the other had set, for good. So models say what they have to
say through :func:`warn`, which a caller collects per thread; only other people's code is recorded
the usual way, by one thread at a time.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_COLLECTED: ContextVar[list[str] | None] = ContextVar("_COLLECTED", default=None)
_RECORDING = threading.RLock()
_FILTERS = threading.RLock()


def warn(message: str, category: type[Warning], stacklevel: int = 1) -> None:
    """Warn the caller, or whoever collects in this thread."""
    collected = _COLLECTED.get()
    if collected is None:
        warnings.warn(message, category, stacklevel=stacklevel + 1)
    else:
        collected.append(message)


@contextmanager
def collected() -> Iterator[list[str]]:
    """Messages of :func:`warn` in this thread, instead of warnings."""
    messages: list[str] = []
    token = _COLLECTED.set(messages)
    try:
        yield messages
    finally:
        _COLLECTED.reset(token)


@contextmanager
def recorded() -> Iterator[list[str]]:
    """Messages of any warning, instead of warnings; complete once left. Threads take turns."""
    messages: list[str] = []
    with _RECORDING:
        catcher = warnings.catch_warnings(record=True)
        with _FILTERS:
            caught = catcher.__enter__()
            warnings.simplefilter("always")
        try:
            yield messages
        finally:
            with _FILTERS:
                catcher.__exit__(None, None, None)
            messages.extend(str(w.message) for w in caught or ())


@contextmanager
def in_turn() -> Iterator[None]:
    """For calls of pandas and scikit-learn that change filters for a moment: threads take turns."""
    with _FILTERS:
        yield
