"""Fits and validation in threads leave the warnings of the process alone."""

from __future__ import annotations

import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import backpain_risk as bpr
from backpain_risk.numerics.warned import collected, in_turn, recorded, warn

pytestmark = pytest.mark.contract


@pytest.fixture
def inside(monkeypatch):
    """Threads that change warning filters while another thread has changed them."""
    active = set()
    met = []
    enter = warnings.catch_warnings.__enter__
    leave = warnings.catch_warnings.__exit__

    def entering(self):
        me = threading.get_ident()
        met.extend(other for other in active if other != me)
        active.add(me)
        return enter(self)

    def leaving(self, *details):
        active.discard(threading.get_ident())
        return leave(self, *details)

    monkeypatch.setattr(warnings.catch_warnings, "__enter__", entering)
    monkeypatch.setattr(warnings.catch_warnings, "__exit__", leaving)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield met
    sys.setswitchinterval(before)


@pytest.fixture(scope="module")
def patients():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(
        rng.integers(0, 2, (300, 3)), columns=["night_pain", "history_of_cancer", "radicular_pain"]
    )
    X["night_pain"] = (rng.random(300) < 0.007).astype(int)
    return X, (rng.random(300) < 0.1 + 0.2 * X.history_of_cancer).astype(int)


@pytest.mark.parametrize("model", [bpr.LogisticModel(penalty="firth"), bpr.LikelihoodRatioModel()])
def test_fits_in_threads_change_filters_one_at_a_time(inside, patients, model):
    X, y = patients
    before = list(warnings.filters), warnings.showwarning

    def fit(_):
        return type(model)(**model.get_params()).fit(X, y).risk(X)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fit, range(24)))
    np.testing.assert_array_equal(found, np.tile(found[0], (24, 1)))
    assert not inside
    assert (list(warnings.filters), warnings.showwarning) == before


@pytest.mark.parametrize(
    "model",
    [
        bpr.LogisticModel(penalty="ridge", ridge_strength=1.0),
        make_pipeline(StandardScaler(), LogisticRegression(C=1e6, max_iter=2)),
    ],
)
def test_what_was_warned_of_is_counted_alike_in_threads(patients, model):
    """Night pain vanishes from some resamples; two iterations are too few for the other."""
    X, y = patients
    chosen = {"n_resamples": 30, "rng": 3, "measures": ["auroc"], "at": []}
    before = list(warnings.filters), warnings.showwarning
    serial = bpr.optimism_bootstrap(model, X, y, **chosen)
    with joblib.parallel_config("threading"):
        threads = bpr.optimism_bootstrap(model, X, y, n_jobs=4, **chosen)
    assert serial.warned.n_resamples.sum() > 0
    pd.testing.assert_frame_equal(threads.warned, serial.warned)
    assert (list(warnings.filters), warnings.showwarning) == before


def test_models_say_what_they_have_to_say_to_whoever_collects():
    with collected() as mine:
        warn("one", UserWarning)
        with ThreadPoolExecutor(1) as pool:
            other = pool.submit(pytest.warns, UserWarning, warn, "two", UserWarning)
            other.result()
    assert mine == ["one"]
    with recorded() as caught, in_turn():
        warnings.warn("three", UserWarning, stacklevel=1)
    assert caught == ["three"]
