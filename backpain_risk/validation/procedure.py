"""Bootstrap resamples of patients: drawn or given, each refitted and measured on itself and on
the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from joblib import Parallel, delayed

from ..numerics.checks import FloatArray, as_generator
from ..numerics.patterns import IntArray
from ..numerics.streams import child_sequence
from .development import Patients, Sample
from .repeated_measures import Evaluation, Evaluator


@dataclass(frozen=True, eq=False)
class Resamples:
    """Row numbers of each resample: given as (B, k), or drawn with replacement from numbered
    streams.
    """

    number: int
    n: int
    given: IntArray | None
    seed: np.random.SeedSequence | None

    def rows(self, b: int) -> IntArray:
        """Patients of resample b."""
        if self.given is not None:
            return self.given[b]
        return np.random.default_rng(self.child(b)).integers(self.n, size=self.n)

    def child(self, b: int) -> np.random.SeedSequence:
        """The numbered stream b; those of the resamples come first."""
        if self.seed is None:
            raise ValueError(
                "rng must be given because numbers are drawn besides the resamples; got None. "
                "Pass an int, "
                "SeedSequence or Generator."
            )
        return child_sequence(self.seed, b)


@dataclass(frozen=True, eq=False)
class Refit:
    """One resample: measured on itself, on the patients it is tested on, its risks and its
    troubles.

    ``risk`` (m,) is None where the estimator could not be fitted. ``problems`` are pairs of measure
    and reason.
    """

    own: Evaluation | None
    test: Evaluation | None
    risk: FloatArray | None
    problems: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


def read_resamples(
    n: int,
    n_resamples: int,
    rng: int | np.random.SeedSequence | np.random.Generator | None,
    given: npt.ArrayLike | None,
) -> Resamples:
    """Resamples to draw, or those given after a check."""
    if given is None:
        if n_resamples < 1:
            raise ValueError(
                f"n_resamples must be 1 or more; got {n_resamples}. Use 200 or more for a "
                "publication."
            )
        return Resamples(n_resamples, n, None, _own_sequence(rng))
    rows = _rectangle(given)
    if rows.ndim != 2 or rows.dtype.kind not in "iu" or rows.size == 0:
        raise ValueError(
            "resamples must be whole row numbers, a row of them for each resample; got "
            f"{rows.dtype} of shape "
            f"{rows.shape}. Pass an integer array of shape (B, n)."
        )
    low = int(rows.min())
    high = int(rows.max())
    if low < 0 or high >= n:
        raise ValueError(
            f"resamples must be row numbers from 0 to {n - 1}; got {low} to {high}. Subtract 1 "
            "from numbers that start "
            "at 1."
        )
    return Resamples(
        len(rows), n, rows.astype(np.int64), None if rng is None else _own_sequence(rng)
    )


def _own_sequence(
    rng: int | np.random.SeedSequence | np.random.Generator | None,
) -> np.random.SeedSequence:
    """Entropy drawn from the generator once."""
    return np.random.SeedSequence(
        [int(word) for word in as_generator(rng).integers(0, 2**32, size=4)]
    )


def _rectangle(given: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        return np.asarray(given)
    except ValueError:
        raise ValueError(
            "resamples must all hold the same number of rows; got resamples of different lengths. "
            "Pass an integer "
            "array of shape (B, n)."
        ) from None


@dataclass(frozen=True, eq=False)
class Procedure:
    """A way to develop and measure a model, repeated on resamples of patients.

    ``left_out``: test each refitted model on the patients its resample left out, not on all.
    """

    patients: Patients
    estimator: Any
    evaluate: Evaluator
    left_out: bool

    def apparent(self, base: Sample) -> Evaluation:
        """Develop in some patients and measure in the same."""
        model = self.patients.refit(self.estimator, base).model
        return self.evaluate(base.grouped(self.patients.risk(model)))

    def refit_all(self, base: Sample, resamples: Resamples, n_jobs: int = 1) -> list[Refit]:
        """Develop in every resample of some patients."""
        task = delayed(self.refit)
        return list(
            Parallel(n_jobs=n_jobs)(task(base, resamples.rows(b)) for b in range(resamples.number))
        )

    def refit(self, base: Sample, rows: IntArray) -> Refit:
        """Develop in one resample, and measure in it and in the patients it is tested on."""
        own = self.patients.sample(base.rows[rows])
        try:
            fitted = self.patients.refit(self.estimator, own)
            risk = self.patients.risk(fitted.model)
        except (
            Exception
        ) as error:  # any estimator may fail in any way; the reason is kept and shown
            return Refit(None, None, None, (("fit", f"{type(error).__name__}: {error}"),), ())
        tested = (
            self.patients.sample(base.rows[~np.isin(base.rows, own.rows)])
            if self.left_out
            else base
        )
        mine, test = (self.evaluate(sample.grouped(risk)) for sample in (own, tested))
        return Refit(
            mine,
            test,
            risk,
            tuple({**mine.reasons, **test.reasons}.items()),
            tuple(fitted.warnings),
        )
