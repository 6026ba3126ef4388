"""How often the limits of the measures hold the truth, found by simulation and kept with the
package.
"""

from __future__ import annotations

from importlib import resources

import pandas as pd

from ..results.table import ResultTable


def coverage_of_limits() -> ResultTable:
    """Coverage of the 95 % limits of every measure with 13, 20, 30, 50 and 200 events at a base
    rate of 1 %.

    Returns
    -------
    table with columns measure, interval, default, events, coverage, mcse, below, above,
    without_limits, replicates
        One row per measure, interval and expected number of events. ``default`` is ``now``,
        ``before`` (0.1.0 until limits were judged), or empty for the options; ``mcse`` is the
        Monte-Carlo standard error of the coverage; ``below`` and ``above`` are the shares of
        cohorts whose limits lie wholly below and above the truth; cohorts without limits count as
        not covering.

    Notes
    -----
    Synthetic cohorts, multinomial draws of 400 kinds of patients whose model is too high and too
    extreme; calibrated risks where the measure says so. Made by ``make proofs``, which keeps the
    same numbers with a checksum in ``tests/proofs/``. Coverage in other populations differs; the
    order of the intervals seldom does.

    Examples
    --------
    >>> table = coverage_of_limits()
    >>> chosen = table[(table.measure == "auroc") & (table.default == "now")]
    >>> chosen.events.tolist()
    [13, 20, 30, 50, 200]
    """
    source = resources.files(__package__) / "coverage.csv"
    with source.open("r", encoding="utf-8") as text:
        return ResultTable(pd.read_csv(text, keep_default_na=False))
