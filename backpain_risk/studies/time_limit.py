"""An end to what does not end by itself."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

GAVE_UP = 86
"""Exit status of a worker that could not be interrupted and ended itself."""
_GRACE = 5.0  # seconds for compiled code to come back


class TimeLimit(BaseException):
    """Raised inside what takes too long; no ``except Exception`` holds it up."""


@contextmanager
def within(seconds: float, *, may_end_process: bool = False) -> Iterator[None]:
    """Raise :class:`TimeLimit` in a block that takes longer.

    In the main thread by an alarm, which wakes a sleep; in other threads at the next step of
    Python. Compiled code that does not come back is ended with its process, where that is allowed.
    """
    end = threading.Timer(seconds + _GRACE, os._exit, (GAVE_UP,))
    end.daemon = True
    if may_end_process:
        end.start()
    try:
        if hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
            with _by_alarm(seconds):
                yield
        else:
            with _by_thread(seconds):
                yield
    finally:
        end.cancel()


@contextmanager
def _by_alarm(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TimeLimit

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _by_thread(seconds: float) -> Iterator[None]:
    mine = ctypes.c_ulong(threading.get_ident())
    lock = threading.Lock()
    over: list[bool] = []

    def stop() -> None:
        with lock:
            if not over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(mine, ctypes.py_object(TimeLimit))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over.append(True)
        timer.cancel()
