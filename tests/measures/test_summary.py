from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from backpain_risk import auroc, brier_score, performance, risk_distribution, scaled_brier


@pytest.fixture(scope="module")
def rare():
    rng = np.random.default_rng(3)
    risk = expit(rng.normal(-4, 1.2, 5000))
    return (rng.random(5000) < risk).astype(int), risk


def test_one_tidy_table_for_all_models(rare):
    y, risk = rare
    table = performance(y, {"a": risk, "b": np.clip(1.5 * risk, 0, 0.99)}, thresholds=[0.01, 0.03])
    assert list(table.columns) == ["model", "measure", "value", "low", "high"]
    assert set(table.measure) == {
        *("auroc", "brier", "scaled_brier", "observed_expected", "calibration_in_the_large", "calibration_slope"),
        *("ici", "e50", "e90", "emax", "net_benefit@0.01", "net_benefit@0.03"),
    }
    wide = table.pivot(index="model", columns="measure", values="value")
    assert wide.loc["a", "auroc"] == auroc(y, risk).value
    assert wide.loc["treat_none", "net_benefit@0.03"] == 0
    assert type(table.to_frame()) is pd.DataFrame


def test_brier_is_a_mean_with_its_standard_error(rare):
    y, risk = rare
    each = (y - risk) ** 2
    estimate = brier_score(y, risk)
    assert estimate.value == pytest.approx(each.mean(), rel=1e-12)
    assert estimate.high - estimate.value == pytest.approx(
        1.959963984540054 * each.std(ddof=1) / np.sqrt(5000), rel=1e-10
    )


def test_scaled_brier_is_zero_for_the_event_rate_and_one_for_certainty(rare):
    y, _ = rare
    assert scaled_brier(y, np.full(y.size, y.mean())).value == pytest.approx(0, abs=1e-12)
    assert scaled_brier(y, y.astype(float)).value == 1


def test_limits_of_the_scaled_brier_cover_the_spread_of_resamples(rare):
    y, risk = rare
    rng = np.random.default_rng(1)
    drawn = [scaled_brier(y[i], risk[i]).value for i in (rng.integers(0, 5000, 5000) for _ in range(300))]
    estimate = scaled_brier(y, risk)
    assert (estimate.high - estimate.low) / 3.92 == pytest.approx(np.std(drawn), rel=0.15)


def test_risk_distribution_holds_everyone(rare):
    y, risk = rare
    spread = risk_distribution(y, risk)
    assert spread.events.sum() == pytest.approx(1)
    assert spread.others.sum() == pytest.approx(1)
    assert spread.event_quantiles[2] == pytest.approx(np.median(risk[y == 1]))
