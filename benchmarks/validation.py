"""Internal validation against rms: an optimism bootstrap of a logistic model on red flags,
everything refitted.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from peers import r_seconds
from timing import Row, seconds

import backpain_risk as bpr

N = 20_000
RESAMPLES = 200
LEFT_OUT = ("age_50_or_over", "bladder_or_bowel_dysfunction")
FLAGS = [key for key in bpr.vocabulary.FINDINGS if key not in LEFT_OUT]
SAME = ("auroc", "nagelkerke_r2", "brier", "calibration_in_the_large", "calibration_slope")


def rows() -> list[Row]:
    cohort = bpr.simulate_cohort(bpr.load_scenario("primary_care"), N, seed=1)
    X = cohort.predictors[FLAGS]
    y = cohort.outcome

    def ours(**arguments: object) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # the rarest findings are separated in some resamples, which is counted
            return seconds(
                lambda: bpr.optimism_bootstrap(
                    bpr.LogisticModel(), X, y, n_resamples=RESAMPLES, rng=1, **arguments
                ),
                3,
            )

    same = ours(measures=SAME, at=[])
    everything = ours()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "patients.csv"
        X.assign(y=y).to_csv(path, index=False)
        peer = r_seconds("rms_validate.R", str(path), str(RESAMPLES))
    if peer is None:
        return []
    job = f"optimism bootstrap, B = {RESAMPLES}, n = {N:,}, {len(FLAGS)} red flags"
    return [
        Row(f"{job}, the measures of rms", "rms validate", same, peer, "20"),
        Row(f"{job}, with calibration and decision curves", "rms validate", everything, peer, "20"),
    ]


def notes() -> list[str]:
    """Figures without a peer."""
    return []
