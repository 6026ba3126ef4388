from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from backpain_risk import bayesian_decision_curve, decision_curve

pytestmark = pytest.mark.identity


@pytest.fixture(scope="module")
def curve(patients):
    return bayesian_decision_curve(
        patients.y, patients[["a", "b"]], thresholds=[0.05, 0.1, 0.2], n_draws=20_000, rng=1
    )


def posteriors(y, risk, t):
    """Beta posteriors of prevalence, sensitivity and specificity after a uniform prior, as
    bayesDCA has them.
    """
    positive = risk >= t
    events = y == 1
    others = y == 0
    return (
        stats.beta(1 + events.sum(), 1 + others.sum()),
        stats.beta(1 + (positive & events).sum(), 1 + (~positive & events).sum()),
        stats.beta(1 + (~positive & others).sum(), 1 + (positive & others).sum()),
    )


@pytest.mark.reference
def test_the_posterior_mean_is_that_of_bayesdca(patients, curve):
    for j, t in enumerate(curve.thresholds):
        for i, name in ((2, "a"), (3, "b")):
            p, sensitivity, specificity = posteriors(patients.y, patients[name], t)
            odds = t / (1 - t)
            mean = sensitivity.mean() * p.mean() - (1 - specificity.mean()) * (1 - p.mean()) * odds
            assert curve.net_benefit[i, j] == pytest.approx(mean, abs=1e-14)
        assert curve.net_benefit[0, j] == pytest.approx(p.mean() - (1 - p.mean()) * odds, abs=1e-14)
    assert (curve.net_benefit[1] == 0).all()


@pytest.mark.parametrize(
    ("dependence", "t"), [("paired", 0.2), ("independent", 0.2), ("paired", 0.05)]
)
def test_the_probability_of_being_useful_agrees_with_quadrature(patients, dependence, t):
    """P(NB > max(0, NB of treating all)) integrated over three beta posteriors; 20 000 draws err
    by 0.0035 (one SE).
    """
    curve = bayesian_decision_curve(
        patients.y,
        patients[["a", "b"]],
        thresholds=[t],
        n_draws=20_000,
        rng=3,
        dependence=dependence,
    )
    odds = t / (1 - t)
    for i, name in ((2, "a"), (3, "b")):
        p, sensitivity, specificity = posteriors(patients.y, patients[name], t)

        def useful(q, spec, sensitivity=sensitivity):
            """The sensitivity must beat treating none and treating all."""
            against_none = (1 - spec) * (1 - q) * odds / q
            against_all = 1 - spec * (1 - q) * odds / q
            return sensitivity.sf(max(against_none, against_all))

        value = integrate.dblquad(
            lambda spec, q, p=p, f=specificity, g=useful: g(q, spec) * f.pdf(spec) * p.pdf(q),
            *p.ppf([1e-6, 1 - 1e-6]),
            *specificity.ppf([1e-6, 1 - 1e-6]),
            epsabs=1e-4,
        )[0]
        assert curve.p_useful[i, 0] == pytest.approx(value, abs=0.012)


def test_limits_agree_with_independent_draws_of_the_posterior(patients, curve):
    """200 000 draws as in bayesDCA; a limit from 20 000 draws errs by about 0.0004."""
    rng = np.random.default_rng(9)
    t = 0.1
    p, sensitivity, specificity = (
        d.rvs(200_000, random_state=rng) for d in posteriors(patients.y, patients.a, t)
    )
    drawn = sensitivity * p - (1 - specificity) * (1 - p) * t / (1 - t)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert curve.low[2, 1] == pytest.approx(low, abs=0.0015)
    assert curve.high[2, 1] == pytest.approx(high, abs=0.0015)


def test_pairing_changes_no_model_but_their_difference(rare):
    """A model and the same with a little noise agree on most patients: independence would hide
    that.

    The prior counts two patients more, who may disagree, hence a width somewhat above that of the
    sample.
    """
    y, risk = rare
    rng = np.random.default_rng(1)
    risks = {"a": risk, "b": np.clip(risk * rng.uniform(0.8, 1.2, risk.size), 0, 1)}
    paired, independent = (
        bayesian_decision_curve(y, risks, thresholds=[0.02], n_draws=8000, rng=1, dependence=d)
        for d in ("paired", "independent")
    )
    np.testing.assert_array_equal(paired.net_benefit, independent.net_benefit)
    np.testing.assert_allclose(paired.high, independent.high, atol=2e-4)
    widths = [c.difference("a", "b").eval("high - low")[0] for c in (paired, independent)]
    assert widths[0] < 0.6 * widths[1]
    sampled = (
        decision_curve(y, risks, thresholds=[0.02], interval="normal")
        .difference("a", "b")
        .eval("high - low")[0]
    )
    assert widths[0] == pytest.approx(sampled, rel=0.1)
    assert paired.evpi[0] < independent.evpi[0]


def test_with_many_patients_the_posterior_is_the_sampling_distribution(rare):
    y, risk = rare
    bayes = bayesian_decision_curve(y, risk, thresholds=[0.01, 0.03], n_draws=8000, rng=2)
    normal = decision_curve(y, risk, thresholds=[0.01, 0.03])
    np.testing.assert_allclose(bayes.net_benefit[2], normal.net_benefit[2], atol=2e-4)
    np.testing.assert_allclose(
        bayes.high - bayes.low, normal.high - normal.low, rtol=0.08, atol=1e-6
    )


def test_probabilities_and_information_are_coherent(curve):
    assert np.isnan(curve.p_useful[:2]).all()
    np.testing.assert_allclose(curve.p_best.sum(axis=0), 1, atol=1e-12)
    assert (curve.evpi >= 0).all()
    gap = curve.difference_from_best("a")
    np.testing.assert_allclose(gap.p_positive, curve.p_best[2], atol=1e-12)
    frame = curve.to_frame()
    assert list(frame) == [
        "model",
        "threshold",
        "net_benefit",
        "low",
        "high",
        "p_useful",
        "p_best",
        "evpi",
    ]
    assert frame.evpi[frame.model == "a"].tolist() == curve.evpi.tolist()


def test_another_sample_can_inform_the_prevalence(patients):
    own = bayesian_decision_curve(patients.y, patients.a, thresholds=[0.1], rng=1)
    counts = (int(patients.y.sum()), len(patients))
    same = bayesian_decision_curve(
        patients.y, patients.a, thresholds=[0.1], rng=1, prevalence_counts=counts
    )
    other = bayesian_decision_curve(
        patients.y, patients.a, thresholds=[0.1], rng=1, prevalence_counts=(13, 1975)
    )
    pd.testing.assert_frame_equal(own.to_frame(), same.to_frame())
    p = 14 / 1977
    assert other.net_benefit[0, 0] == pytest.approx(p - (1 - p) / 9, abs=1e-12)


def test_weights_are_repetition(patients):
    weight = np.arange(len(patients)) % 3
    again = patients.loc[patients.index.repeat(weight)]
    a = bayesian_decision_curve(
        patients.y, patients[["a", "b"]], sample_weight=weight, n_draws=50, rng=1
    )
    b = bayesian_decision_curve(again.y, again[["a", "b"]], n_draws=50, rng=1)
    np.testing.assert_array_equal(a.draws, b.draws)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rng": None}, "rng must be given"),
        ({"n_draws": 0}, "n_draws must be a whole number of 1 or more; got 0"),
        ({"prior": (0, 1)}, r"prior must be two positive numbers; got \(0, 1\)"),
        ({"prevalence_counts": (20, 10)}, "prevalence_counts must be events and patients"),
        ({"dependence": "some"}, "dependence must be one of 'independent', 'paired'"),
        ({"thresholds": [0]}, "thresholds must lie strictly between 0 and 1"),
        (
            {"risks": {str(i): [0.1, 0.2] for i in range(9)}, "dependence": "paired"},
            "risks must hold at most 8 models",
        ),
        ({"outcome": [0, 0]}, "outcome must hold both classes for bayesian_decision_curve"),
    ],
)
def test_bad_input_is_named(options, message):
    call = {"outcome": [0, 1], "risks": [0.1, 0.7], "rng": 1} | options
    with pytest.raises(ValueError, match=message):
        bayesian_decision_curve(call.pop("outcome"), call.pop("risks"), **call)
