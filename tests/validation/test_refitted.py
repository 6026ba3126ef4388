"""Validation refits the model, or says why it cannot."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import backpain_risk as bpr
from backpain_risk.models.logistic.fitting import SeparationWarning

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def patients():
    rng = np.random.default_rng(2)
    X = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
    return X, (rng.random(300) < 1 / (1 + np.exp(2 - X.a))).astype(int)


@pytest.fixture(scope="module")
def fitted(patients):
    X, y = patients
    wrapped = bpr.StatsmodelsModel(sm.Logit(y, sm.add_constant(X)).fit(disp=0))
    model = bpr.LogisticModel().fit(X, y)
    return {
        "StatsmodelsModel": wrapped,
        "RecalibratedModel": bpr.recalibrate(model, X, y),
        "FrozenEstimator": make_pipeline(StandardScaler(), FrozenEstimator(model)),
    }


@pytest.mark.parametrize("name", ["StatsmodelsModel", "RecalibratedModel", "FrozenEstimator"])
def test_what_stays_as_it_was_fitted_is_refused(patients, fitted, name):
    X, y = patients
    for validate, more in (
        (bpr.optimism_bootstrap, {"rng": 1, "n_resamples": 5}),
        (bpr.cross_validate_risk, {"rng": 1, "n_folds": 3}),
        (bpr.internal_external_validation, {"groups": np.arange(300) % 3}),
    ):
        message = f"estimator of {validate.__name__} must be refitted to other patients; got {name}"
        with pytest.raises(ValueError, match=message):
            validate(fitted[name], X, y, **more)


class OnlyLargeCohorts(ClassifierMixin, BaseEstimator):
    """Fails below a number of patients."""

    def __init__(self, at_least=0):
        self.at_least = at_least

    def fit(self, X, y):
        if len(X) < self.at_least:
            raise RuntimeError("too few patients")
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        risk = 1 / (1 + np.exp(2 - np.asarray(X)[:, 0]))
        return np.column_stack([1 - risk, risk])


def test_sites_without_which_nothing_fits_are_warned_of_and_refused_when_all(patients):
    X, y = patients
    site = np.repeat(["big", "small", "tiny"], [200, 60, 40])
    with pytest.raises(
        ValueError,
        match="must fit without at least one site; got 3 failures, the first: big, too few",
    ):
        bpr.internal_external_validation(OnlyLargeCohorts(299), X, y, site, measures=["auroc"])
    with pytest.warns(
        UserWarning,
        match="no model could be developed without 1 of 3 sites, which stay NaN; .* big, too",
    ):
        found = bpr.internal_external_validation(
            OnlyLargeCohorts(150), X, y, site, measures=["auroc"]
        )
    assert np.isnan(found.risk[site == "big"]).all()
    assert np.isfinite(found.risk[site != "big"]).all()


@pytest.mark.filterwarnings("ignore:.*failed in up to")  # few events: some curves have no spline
@pytest.mark.parametrize("method", ["harrell", "632"])
def test_a_corrected_calibration_curve_is_a_risk(method):
    """Subtracted from the risk itself, the optimism left 14 of these 50 below 0 (lowest -0.03)."""
    cohort = bpr.simulate_cohort(bpr.load_scenario("spine_clinic"), 1000, seed=2)
    X = cohort.predictors[
        [
            "history_of_cancer",
            "age_years",
            "night_pain",
            "weight_bearing_pain",
            "no_relief_with_rest",
        ]
    ]
    model = bpr.LogisticModel(penalty="firth")
    options = {"n_resamples": 40, "rng": 1, "measures": ["auroc"], "method": method}
    curve = bpr.optimism_bootstrap(model, X, cohort.outcome, **options).calibration_curve()
    assert curve[["corrected", "low", "high"]].stack().between(0, 1).all()
    assert (curve.low <= curve.high).all()
    assert (curve.corrected[curve.predicted < 0.01] < 0.02).all()


def test_only_binomial_results_are_wrapped(patients):
    X, y = patients
    design = sm.add_constant(X)
    poisson = sm.GLM(y, design, family=sm.families.Poisson()).fit()
    with pytest.raises(
        ValueError,
        match="must be a fitted statsmodels Logit, Probit or GLM of the binomial family; got P",
    ):
        bpr.StatsmodelsModel(poisson)
    for other in (sm.OLS(y, design).fit(), sm.Logit(y, design), "a result"):
        with pytest.raises(ValueError, match="result must be a fitted statsmodels Logit"):
            bpr.StatsmodelsModel(other)
    logit = sm.Logit(y, design).fit(disp=0)
    binomial = sm.GLM(y, design, family=sm.families.Binomial()).fit()
    np.testing.assert_allclose(
        bpr.StatsmodelsModel(binomial).risk(X), bpr.StatsmodelsModel(logit).risk(X), rtol=1e-6
    )


def test_ranking_under_separation_is_finite_and_keeps_the_risks():
    """Flag 1: events only; flag 2: no event; otherwise x."""
    from sklearn.model_selection import GridSearchCV

    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    first = rng.random(400) < 0.05
    second = rng.random(400) < 0.1
    y = np.where(
        first & ~second, 1, np.where(second, 0, rng.random(400) < 1 / (1 + np.exp(1 - x)))
    ).astype(int)
    X = np.column_stack([x, first, second])[~(first & second)]
    y = y[~(first & second)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        model = bpr.LogisticModel().fit(X, y)
        search = GridSearchCV(
            bpr.LogisticModel(), {"penalty": [None]}, scoring="roc_auc", cv=3
        ).fit(X, y)
    score = model.decision_function(X)
    risk = model.risk(X)
    middle = (risk > 0) & (risk < 1)
    assert (~middle).sum() > 20
    assert np.isfinite(score).all()
    np.testing.assert_array_equal(score[middle], model.linear_predictor(X)[middle])
    assert (
        score[risk == 0].max() < score[middle].min() <= score[middle].max() < score[risk == 1].min()
    )
    assert np.isfinite(search.best_score_)
