"""Classifiers that fail, for the tests of studies; made inside functions, so that workers get their
code and need not import this file.
"""

from __future__ import annotations

from typing import Any


def failing(how: str, at: int = 0) -> Any:
    """A classifier that fails in the way named when a cohort has ``at`` events, modulo 5."""
    import numpy as np
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Failing(ClassifierMixin, BaseEstimator):
        def __init__(self, how="raise", at=0):
            self.how = how
            self.at = at

        def fit(self, X, y, sample_weight=None):
            self.classes_ = np.array([0, 1])
            self.events_ = int(sample_weight @ y)
            if self.events_ % 5 == self.at:
                self._fail()
            return self

        def _fail(self):
            import ctypes
            import os
            import signal
            import time

            if self.how == "raise":
                raise ArithmeticError("no maximum")
            if self.how == "sleep":
                time.sleep(1000)
            if self.how == "loop":
                while True:
                    self.events_ += 0
            if self.how == "hang in C":
                ctypes.PyDLL(None).sleep(1000)  # holds the interpreter's lock
            if self.how == "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)

        def predict_proba(self, X):
            risk = np.full(len(X), 0.01)
            if self.events_ % 5 == self.at and self.how in ("nan", "inf", "percent"):
                risk[1] = {"nan": np.nan, "inf": np.inf, "percent": 95.0}[self.how]
            return np.column_stack([1 - risk, risk])

    return Failing(how, at)
