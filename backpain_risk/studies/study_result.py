"""What a study found: every replicate, performance and contrasts with Monte-Carlo errors, failures,
and any replicate again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .. import __version__, vocabulary
from ..files import read_json, sha256, write_atomically
from ..numerics.checks import check_choice, check_count, check_mapping, check_path, check_positive
from ..numerics.intervals import normal_quantile
from ..numerics.patterns import Patterns
from ..numerics.values import shown
from ..results.notebook import as_html
from ..results.terminal import as_text
from ..scenario.scenario import Scenario
from . import monte_carlo
from .design_file import parse_design
from .monte_carlo import Measured
from .replicate import Driver, draw_cohort, measured, truth_of
from .study_design import StudyDesign

KEYS = ("scenario", "n", "method")
RATES = ("separated", "infinite")
_ABOUT = (*KEYS, "replicate", "events", "cause", "reason", *RATES)
_SPREAD = ("calibration_slope", "observed_expected")
"""Measures whose distribution is told by its deciles and median beside the mean."""
_QUANTILES = (("p10", 0.1), ("p50", 0.5), ("p90", 0.9))
_SAID = {
    "separated": "the data are separated: no finite maximum likelihood estimate",
    "infinite": "a coefficient is not finite",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Replay:
    """One replicate again.

    Attributes
    ----------
    truth : Scenario
    cohort : Patterns
        The development cohort, as patterns with counts.
    models : dict of str to fitted estimator
        Those that could be fitted.
    rows : DataFrame
        As in ``StudyResult.replicates``.
    """

    truth: Scenario
    cohort: Patterns
    models: Mapping[str, Any] = field(repr=False)
    rows: pd.DataFrame = field(repr=False)

    def to_frame(self) -> pd.DataFrame:
        """Its rows."""
        return self.rows.copy()

    def __repr__(self) -> str:
        events = self.cohort.events.sum()
        return (
            f"A cohort of {self.cohort.n.sum():,.0f} patients and {events:,.0f} cancers again, of "
            f"{self.truth.name}, with {', '.join(self.models) or 'no method'} fitted to it. "
            f"{vocabulary.notice(self.truth)}"
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyResult:
    """Replicates of a simulation study and what follows from them.

    Attributes
    ----------
    design : StudyDesign
    replicates : DataFrame
        A row per scenario, n, method and replicate: events, cause and reason (empty unless it
        failed), separated, infinite, and the measures of the fitted model, exact in the population:
        mean_risk, observed_expected, auroc, calibration_slope, mape (mean absolute error of the
        risk), and net_benefit, net_benefit_lost and share_lost at each threshold (``@0.01``);
        coverage_exact and coverage_least_false (share of patients whose limits hold their exact
        risk, or that of the nearest logistic model), interval_width.
    """

    design: StudyDesign
    replicates: pd.DataFrame = field(repr=False)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures."""
        return tuple(column for column in self.replicates.columns if column not in _ABOUT)

    def performance(self) -> pd.DataFrame:
        """Each measure of each method, with its Monte-Carlo error.

        Returns
        -------
        DataFrame with columns scenario, n, method, measure, value, mcse, replicates, missing
            Means over the replicates that have the measure; deciles and medians of calibration
            slopes and O:E (``calibration_slope_p10``, ``_p50``, ``_p90``); the shares ``failed``,
            ``separated`` and ``infinite``. ``missing`` counts replicates without the measure.
        """
        rows = []
        for key, own in self._by_cell():
            for measure, found in self._measured(own):
                tail = found._asdict() | {"missing": len(own) - found.replicates}
                rows.append(key | {"measure": measure} | tail)
        return pd.DataFrame(rows)

    to_frame = performance

    def _measured(self, own: pd.DataFrame) -> Iterator[tuple[str, Measured]]:
        yield "failed", monte_carlo.share((own["cause"] != "").to_numpy())
        for rate in RATES:
            known = own[rate].dropna().to_numpy()
            yield rate, monte_carlo.share(known == 1)
        for measure in self.measures:
            values = _finite(own[measure])
            yield measure, monte_carlo.mean(values)
            if measure in _SPREAD:
                for name, p in _QUANTILES:
                    yield f"{measure}_{name}", monte_carlo.quantile(values, p)

    def contrast(self, a: str, b: str, measure: str, level: float = 0.95) -> pd.DataFrame:
        """Difference a - b of a measure, paired by replicate.

        Parameters
        ----------
        a : str
            Name of a method.
        b : str
            Name of the method that is taken from it.
        measure : str
            Key of a measure that was studied.
        level : float
            Share that the limits are to hold, inside (0, 1).

        Returns
        -------
        DataFrame with columns scenario, n, a, b, measure, value, mcse, low, high, replicates,
        missing, unpaired_mcse
            ``unpaired_mcse`` is the error that ignoring the pairs would give.
        """
        for name, method in (("a", a), ("b", b)):
            check_choice(name, method, self.design.methods)
        check_choice("measure", measure, self.measures)
        z = normal_quantile(level)
        rows = []
        for (scenario, n), cell in self.replicates.groupby(["scenario", "n"], sort=False):
            wide = cell.pivot(index="replicate", columns="method", values=measure)
            pair = wide[[a, b]] if a != b else pd.DataFrame({a: wide[a]})
            both = pair[np.isfinite(pair.to_numpy(dtype=np.float64)).all(axis=1)]
            found = monte_carlo.mean((both[a] - both[b]).to_numpy())
            alone = [monte_carlo.mean(_finite(wide[method])).mcse for method in (a, b)]
            row = {"scenario": scenario, "n": n, "a": a, "b": b, "measure": measure}
            row |= {"value": found.value, "mcse": found.mcse}
            row |= {"low": found.value - z * found.mcse, "high": found.value + z * found.mcse}
            row |= {"replicates": found.replicates, "missing": len(wide) - found.replicates}
            rows.append(row | {"unpaired_mcse": float(np.hypot(alone[0], alone[1]))})
        return pd.DataFrame(rows)

    def failures(self) -> pd.DataFrame:
        """Why replicates have no measures, or infinite estimates.

        Returns
        -------
        DataFrame with columns scenario, n, method, cause, reason, replicates, share, mcse, first
            ``first`` is the lowest number of such a replicate, to be replayed.
        """
        rows = []
        for key, own in self._by_cell():
            failed = own[own["cause"] != ""]
            for (cause, reason), some in failed.groupby(["cause", "reason"]):
                rows.append(key | _counted(str(cause), str(reason), some, len(own)))
            for rate in RATES:
                some = own[own[rate] == 1]
                if len(some):
                    rows.append(key | _counted(rate, _SAID[rate], some, len(own)))
        names = [*KEYS, "cause", "reason", "replicates", "share", "mcse", "first"]
        return pd.DataFrame(rows, columns=names)

    def replicates_needed(self, target: Mapping[str, float] | None = None) -> pd.DataFrame:
        """Replicates at which each measure has its target error; that of the design by default.

        Parameters
        ----------
        target : mapping of measure to float, optional
            Monte-Carlo error to be reached.

        Returns
        -------
        DataFrame with columns scenario, n, method, measure, replicates, mcse, target, needed
        """
        wanted = check_mapping(
            "target", self.design.target if target is None else target, "numbers"
        )
        table = self.performance()
        known = set(table["measure"])
        rows = []
        for measure, mcse in wanted.items():
            check_choice("target", measure, known)
            check_positive(f"target ({measure})", mcse)
            own = table[(table["measure"] == measure) & (table["replicates"] > 1)]
            needed = np.ceil(own["replicates"] * (own["mcse"] / mcse) ** 2)
            some = own[[*KEYS, "measure", "replicates", "mcse"]]
            rows.append(some.assign(target=float(mcse), needed=needed.astype(np.int64)))
        if not rows:
            raise ValueError(
                "target must name a measure; got none. Pass for example {'auroc': 0.002}."
            )
        return pd.concat(rows, ignore_index=True)

    def replay(self, scenario: str, n: int, replicate: int) -> Replay:
        """Draw one cohort again and fit every method to it.

        Parameters
        ----------
        scenario : str
            Name of the scenario in the design.
        n : int
            Patients of the development cohort.
        replicate : int
            Number of the replicate, from 0.
        """
        return replay(self.design, scenario, n, replicate)

    def write(self, path: str | Path) -> Path:
        """Keep all replicates and the design in one Parquet file, with a checksum beside it.

        Parameters
        ----------
        path : str or Path
            The Parquet file to write.

        Returns
        -------
        Path
        """
        target = check_path("path", path)
        table = pa.Table.from_pandas(self.replicates, preserve_index=False)
        about = {"design": self.design.to_toml(), "notice": vocabulary.NOTICE}
        table = table.replace_schema_metadata(about)
        sink = BytesIO()
        pq.write_table(
            table, sink, compression="zstd", compression_level=19, write_page_checksum=True
        )
        write_atomically(target, lambda part: part.write_bytes(sink.getvalue()))
        manifest = {
            "notice": vocabulary.NOTICE,
            "package_version": __version__,
            "design_digest": self.design.digest,
            "rows": len(self.replicates),
            "sha256": sha256(target),
        }
        text = json.dumps(manifest, indent=1) + "\n"
        write_atomically(_manifest(target), lambda part: part.write_text(text, "utf-8"))
        return target

    def _by_cell(self) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
        for key, own in self.replicates.groupby(list(KEYS), sort=False):
            yield dict(zip(KEYS, key, strict=True)), own

    def _heading(self) -> str:
        failed = int((self.replicates["cause"] != "").sum())
        cells = len(self.replicates[list(KEYS)].drop_duplicates())
        return (
            f"Simulation study of {len(self.design.methods)} methods: {len(self.replicates):,} "
            f"replicates in {cells} cells, {failed:,} failed. {vocabulary.NOTICE}"
        )

    def __repr__(self) -> str:
        return as_text(self._heading(), self.performance(), index=False)

    def _repr_html_(self) -> str:
        return as_html(self._heading(), self.performance().head(200), index=False, digits=4)


def replay(design: StudyDesign, scenario: str, n: int, replicate: int) -> Replay:
    """One replicate of a design, whether it was run or not."""
    check_choice("scenario", scenario, design.scenarios)
    check_count("n", n, 2)
    check_count("replicate", replicate, 0)
    if n not in design.sizes:
        sizes = ", ".join(map(str, design.sizes))
        raise ValueError(
            f"n must be one of the sizes {sizes}; got {shown(n)}. Choose one of these."
        )
    cohort = draw_cohort(design, scenario, n, replicate)
    found = {m: measured(design, cohort, m, Driver.this()) for m in design.methods}
    return Replay(
        truth=truth_of(design, scenario, replicate),
        cohort=cohort.patterns,
        models={name: model for name, (_, model) in found.items() if model is not None},
        rows=pd.DataFrame([row for row, _ in found.values()]),
    )


def load_study(path: str | Path) -> StudyResult:
    """A study kept in one file by :meth:`StudyResult.write`, every byte as it was written.

    Parameters
    ----------
    path : str or Path
        The Parquet file of :meth:`StudyResult.write`.

    Raises
    ------
    ValueError
        When the file or its manifest is missing, damaged, or something else.

    Examples
    --------
    >>> from backpain_risk import LikelihoodRatioModel, StudyDesign, load_scenario, run_study
    >>> design = StudyDesign(
    ...     scenarios={"clinic": load_scenario("spine_clinic")},
    ...     sizes=[500],
    ...     methods={"ratios": LikelihoodRatioModel()},
    ...     predictors=["night_pain"],
    ...     replicates=3,
    ...     seed=1,
    ... )
    >>> study = run_study(design)
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = load_study(study.write(folder + "/study.parquet"))
    >>> again.replicates.equals(study.replicates)
    True
    """
    target = check_path("path", path)
    if not target.is_file() or not _manifest(target).is_file():
        raise ValueError(
            f"path must be a file of StudyResult.write with its manifest beside; {target} is not. "
            "Check the name."
        )
    stated = read_json(_manifest(target)).get("sha256")
    if sha256(target) != stated:
        raise ValueError(
            f"{target} must have the checksum that its manifest states; it has another. Make it "
            "again."
        )
    table = pq.read_table(target, page_checksum_verification=True)
    text = (table.schema.metadata or {}).get(b"design", b"").decode()
    design = parse_design(text, str(target))
    return StudyResult(design=design, replicates=table.to_pandas())


def _manifest(target: Path) -> Path:
    return target.with_name(target.name + ".manifest.json")


def _finite(values: pd.Series[Any]) -> Any:
    x = values.to_numpy(dtype=np.float64)
    return x[np.isfinite(x)]


def _counted(cause: str, reason: str, some: pd.DataFrame, n: int) -> dict[str, Any]:
    hit = np.arange(n) < len(some)
    found = monte_carlo.share(hit)
    return {
        "cause": cause,
        "reason": reason,
        "replicates": len(some),
        "share": found.value,
        "mcse": found.mcse,
        "first": int(some["replicate"].min()),
    }
