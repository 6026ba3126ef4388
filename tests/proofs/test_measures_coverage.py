"""What the proofs of coverage found, and that the code still finds it."""

from __future__ import annotations

import evidence_coverage
import measures_coverage
import model_coverage
import optimism_coverage
import pytest
from stored import coverage_csv, read_proof

import backpain_risk as bpr

pytestmark = pytest.mark.recovery


@pytest.fixture(scope="module")
def proof():
    return read_proof("measures_coverage")


@pytest.fixture(scope="module")
def coverage(proof):
    return {(row["measure"], row["interval"], row["events"]): row for row in proof["table"]}


def lowest(coverage, measure, interval, *, at_least=13):
    """The lowest coverage of an interval from so many events on."""
    found = [
        row["coverage"]
        for (m, i, n), row in coverage.items()
        if (m, i) == (measure, interval) and n >= at_least
    ]
    assert found
    return min(found)


def test_every_interval_was_judged_at_every_number_of_events(proof, coverage):
    assert proof["base_rate"] == pytest.approx(0.01, abs=1e-5)
    intervals = {(measure, interval) for measure, interval, _ in coverage}
    assert len(coverage) == len(intervals) * len(measures_coverage.EVENTS)
    assert {row["replicates"] for row in coverage.values()} == {
        replicates for _, replicates in measures_coverage.PARTS.values()
    }
    for row in coverage.values():
        total = row["coverage"] + row["below"] + row["above"] + row["without_limits"]
        assert total == pytest.approx(1)


@pytest.mark.parametrize(
    ("measure", "interval", "least"),
    [
        ("auroc", "newcombe", 0.94),
        ("observed_expected", "wilson", 0.93),
        ("calibration_slope", "profile", 0.93),
        ("calibration_in_the_large", "profile", 0.93),
        ("average_precision", "logit, t", 0.925),
        ("lr_positive age", "score", 0.92),
        ("lr_positive history", "score", 0.92),
        ("lr_negative weight loss", "score", 0.92),
        *(
            (f"net_benefit@{t:g}{what}", "mover", 0.93)
            for t in (0.005, 0.01, 0.03)
            for what in ("", " - treat_all", " - b")
        ),
        *(
            (f"{index}{risks}", "region", 0.90)
            for index in ("ici", "e50", "e90")
            for risks in ("", ", calibrated")
        ),
    ],
)
def test_default_limits_hold_from_thirteen_events_on(coverage, measure, interval, least):
    assert lowest(coverage, measure, interval) >= least


def test_the_former_defaults_fell_short(coverage):
    """What the default was before; those of resampling at 13 events."""
    for measure, interval, most in (
        ("net_benefit@0.005 - treat_all", "normal", 0.87),
        ("net_benefit@0.005 - b", "normal", 0.80),
        ("discrimination_slope", "normal", 0.88),
        ("ici", "bootstrap", 0.5),
        ("ici, calibrated", "bootstrap", 0.1),
    ):
        row = coverage[measure, interval, 13]
        assert row["former_default"]
        assert row["coverage"] <= most


@pytest.mark.regression
def test_the_code_still_gives_the_first_replicates(proof):
    for name, first in proof["first"].items():
        part, events = name.split()
        for number, expected in enumerate(first):
            found = measures_coverage.replicate(int(events), number, part)
            assert "".join(found.values()) == expected


def test_models_and_evidence_still_give_their_first_replicates():
    for events, first in read_proof("model_coverage")["first"].items():
        for number, expected in enumerate(first):
            assert "".join(model_coverage.replicate(int(events), number).values()) == expected
    for name, first in read_proof("evidence_coverage")["first"].items():
        part, events = name.rsplit(" ", 1)
        number = range(2 if part == "accuracy" else 1)  # the other takes half a second each
        for i in number:
            found = evidence_coverage.replicate(int(events), i, part)
            assert "".join(found.values()) == first[i]


def test_limits_of_models_hold_where_they_are_finite():
    """Profile limits, and Wald limits by Firth, from 13 events on, within the Monte-Carlo error."""
    found = read_proof("model_coverage")["table"]
    assert {row["events"] for row in found} == set(measures_coverage.EVENTS)
    assert {row["replicates"] for row in found} == {model_coverage.REPLICATES}
    assert {(row["measure"], row["interval"]) for row in found} == set(model_coverage.NAMES)
    for row in found:
        finite = 1 - row["without_limits"]
        held = row["coverage"] / finite
        assert held >= 0.95 - 4 * (0.95 * 0.05 / (row["replicates"] * finite)) ** 0.5, row


def test_limits_of_pooled_evidence_are_known_to_be_narrow():
    """Wald limits of six studies: 0.85 and more for REML, less for one ratio at a time."""
    found = {
        (row["measure"], row["interval"], row["events"]): row
        for row in read_proof("evidence_coverage")["table"]
    }
    for (measure, interval, _), row in found.items():
        error = 3 * row["mcse"]
        if interval == "reml" and measure.split()[-1] != "alone":
            assert row["coverage"] + error >= 0.85, row
        if measure.endswith("predictive value") or measure.startswith("post_test"):
            assert row["coverage"] + error >= 0.9, row
    assert found["pooled lr_negative alone", "reml", 13]["coverage"] < 0.8


def test_withheld_limits_fell_short(coverage):
    """Why the package gives no percentiles of isotonic regression, nor of lowess and of indices
    with fewer than 200 events, nor a band for a whole spline with fewer than 20.
    """
    lowest = "calibration_curve, lowest risks"
    assert coverage[lowest, "isotonic, bootstrap", 200]["coverage"] < 0.6
    assert coverage[lowest, "lowess, bootstrap", 50]["coverage"] < 0.85
    assert coverage["calibration_curve, whole", "rcs, tube of t errors", 13]["coverage"] < 0.85
    assert coverage["ici", "bootstrap", 50]["coverage"] < 0.7


def test_all_tenths_are_held_at_once(coverage):
    measure = "calibration_curve, all tenths"
    assert lowest(coverage, measure, "groups, Bonferroni of clopper_pearson") >= 0.95
    assert coverage[measure, "groups, Bonferroni of wilson", 13]["coverage"] < 0.85


def test_percentiles_of_refitted_models_hold_what_fitting_fixes():
    """30 cohorts: the standard error of a coverage of 95 % is 4 %."""
    found = read_proof("optimism_coverage")["table"]
    assert {row["events"] for row in found} == set(optimism_coverage.EVENTS)
    assert {row["measure"] for row in found} == {
        f"{name} of a new model" for name in optimism_coverage.MEASURES
    }
    assert min(row["coverage"] for row in found) >= 0.8


def test_the_table_in_the_package_is_that_of_the_proofs():
    packaged = bpr.coverage_of_limits()
    assert packaged.to_csv(index=False) == coverage_csv()
    now = packaged[packaged.default == "now"]
    assert now.groupby("measure").interval.nunique().eq(1).all()
    assert set(packaged[packaged.default == "before"].measure) <= set(now.measure)
