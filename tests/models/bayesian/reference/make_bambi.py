"""Posterior of a logistic regression of 50 000 patients by bambi, row by row, for
test_bayesian_reference.py.

    python -m venv /somewhere/else && /somewhere/else/bin/pip install bambi==0.17.2
    /somewhere/else/bin/python tests/models/bayesian/reference/make_bambi.py

writes bambi.json beside this file: mean, standard deviation and Monte Carlo error of every
coefficient. The patients are drawn again from their seed by :func:`patients`, which the test calls
too; their sum is kept to prove that.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

SHARES = {
    "age_50_or_over": 0.3,
    "history_of_cancer": 0.03,
    "unexplained_weight_loss": 0.06,
    "failure_to_improve": 0.1,
    "no_relief_with_rest": 0.55,
    "night_pain": 0.44,
}
LOG_ODDS_RATIOS = (1.4, 2.2, 0.9, 1.0, 0.8, 0.1)
INTERCEPT = (float(np.log(0.01 / 0.99)), 2.5)
SLOPES = (0.0, 2.0)


def patients() -> tuple[pd.DataFrame, np.ndarray]:
    """Independent findings and outcomes from a logistic model with a base rate near 1 %."""
    rng = np.random.default_rng(20260606)
    findings = pd.DataFrame(
        {name: (rng.random(50_000) < share).astype(np.int8) for name, share in SHARES.items()}
    )
    log_odds = -6.4 + findings.to_numpy() @ np.array(LOG_ODDS_RATIOS)
    return findings, (rng.random(50_000) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)


def main() -> None:
    import arviz as az
    import bambi

    findings, outcome = patients()
    slope = bambi.Prior("Normal", mu=SLOPES[0], sigma=SLOPES[1])
    priors = {
        "Intercept": bambi.Prior("Normal", mu=INTERCEPT[0], sigma=INTERCEPT[1])
    } | dict.fromkeys(SHARES, slope)
    model = bambi.Model(
        f"outcome ~ {' + '.join(SHARES)}",
        findings.assign(outcome=outcome),
        family="bernoulli",
        priors=priors,
        center_predictors=False,
    )
    draws = model.fit(draws=4000, tune=1000, chains=4, cores=2, random_seed=1, progressbar=False)
    table = az.summary(draws, round_to="none")
    result = {
        "bambi": bambi.__version__,
        "events": int(outcome.sum()),
        "with_finding": findings.sum().tolist(),
        "terms": table.index.tolist(),
        **{name: table[name].tolist() for name in ("mean", "sd", "mcse_mean", "ess_bulk")},
    }
    Path(__file__).with_suffix(".json").with_stem("bambi").write_text(
        json.dumps(result, indent=1) + "\n", "utf-8"
    )


if __name__ == "__main__":
    main()
