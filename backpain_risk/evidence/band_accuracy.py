"""Tests with several thresholds: one likelihood ratio per band of the value."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from ..numerics.checks import FloatArray, as_generator
from ..numerics.intervals import score_ratio_interval
from ..results.estimate import Estimate
from ..results.in_words import sentence
from ..results.notebook import as_html
from ..vocabulary import LABORATORY, Measurement
from .diagnostic_accuracy import BETWEEN_STUDY_SD

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class BandAccuracy:
    """Accuracy of a test with several thresholds: one likelihood ratio per band of its value.

    Attributes
    ----------
    finding : str
    labels : tuple of str
        Bands in ascending order of the value.
    malignant, non_malignant : ndarray, shape (bands,)
        P(band | malignancy) and P(band | no malignancy).
    effective_n_malignant, effective_n_non_malignant : float
        Patients the two distributions are worth.
    status, study : str
    test : Measurement or None
        What is measured, where the vocabulary lacks it.
    """

    finding: str
    labels: tuple[str, ...]
    malignant: FloatArray
    non_malignant: FloatArray
    effective_n_malignant: float
    effective_n_non_malignant: float
    level: float = 0.95
    status: str = ""
    study: str = ""
    test: Measurement | None = None

    @property
    def measurement(self) -> Measurement:
        """What is measured: the test of the vocabulary, or the one declared."""
        return self.test or LABORATORY[self.finding]

    __repr__ = sentence

    @property
    def likelihood_ratios(self) -> tuple[Estimate, ...]:
        """P(band | malignancy) / P(band | none) per band, score limits from the effective
        counts.
        """
        return tuple(
            self._ratio(a, b) for a, b in zip(self.malignant, self.non_malignant, strict=True)
        )

    def draw(
        self,
        size: int,
        *,
        rng: int | np.random.SeedSequence | np.random.Generator | None = None,
        specificity_sd: float = BETWEEN_STUDY_SD,
    ) -> tuple[FloatArray, FloatArray]:
        """Draws of both band distributions for a new setting, each (size, bands) with rows summing
        to 1.

        Malignant: Dirichlet(counts + 1/2). Non-malignant: Dirichlet(effective counts + 1/2), then
        one common N(0, 2 specificity_sd^2) shift of the logits of all cumulative probabilities, so
        thresholds stay in order; the study and the new setting each deviate by ``specificity_sd``.

        Parameters
        ----------
        size : int
            Number of draws.
        rng : int, SeedSequence or Generator
            Source of the draws; the same one gives the same draws.
        specificity_sd : float
            Between-study SD of the logit specificity; 0 gives plain draws of the study's own.
        """
        generator = as_generator(rng)
        malignant = generator.dirichlet(self.malignant * self.effective_n_malignant + 0.5, size)
        non_malignant = generator.dirichlet(
            self.non_malignant * self.effective_n_non_malignant + 0.5, size
        )
        below = np.cumsum(non_malignant, axis=1)[:, :-1]
        above = np.cumsum(non_malignant[:, ::-1], axis=1)[:, -2::-1]
        shift = np.sqrt(2) * specificity_sd * generator.standard_normal((size, 1))
        moved = expit(np.log(below / above) + shift)
        return malignant, np.diff(moved, axis=1, prepend=0.0, append=1.0)

    def draw_likelihood_ratios(
        self,
        size: int,
        *,
        rng: int | np.random.SeedSequence | np.random.Generator | None = None,
        specificity_sd: float = BETWEEN_STUDY_SD,
    ) -> FloatArray:
        """Likelihood ratio of each band in each draw, (size, bands).

        Parameters
        ----------
        size : int
            Number of draws.
        rng : int, SeedSequence or Generator
            Source of the draws; the same one gives the same draws.
        specificity_sd : float
            Between-study SD of the logit specificity; 0 gives plain draws of the study's own.
        """
        malignant, non_malignant = self.draw(size, rng=rng, specificity_sd=specificity_sd)
        return malignant / non_malignant

    @property
    def healthy(self) -> FloatArray:
        """The earlier name of ``non_malignant``, with a warning."""
        _warn_of_earlier_name("healthy", "non_malignant")
        return self.non_malignant

    @property
    def effective_n_healthy(self) -> float:
        """The earlier name of ``effective_n_non_malignant``, with a warning."""
        _warn_of_earlier_name("effective_n_healthy", "effective_n_non_malignant")
        return self.effective_n_non_malignant

    def to_frame(self) -> pd.DataFrame:
        """One row per band: malignant, non_malignant, value, low, high."""
        import pandas as pd

        ratios = pd.concat([ratio.to_frame() for ratio in self.likelihood_ratios]).set_axis(
            list(self.labels)
        )
        return ratios.rename_axis("band").assign(
            malignant=self.malignant, non_malignant=self.non_malignant
        )

    def _repr_html_(self) -> str:
        return as_html(self.to_frame()[["malignant", "non_malignant", "value", "low", "high"]])

    def _ratio(self, malignant: float, non_malignant: float) -> Estimate:
        n1 = self.effective_n_malignant
        n0 = self.effective_n_non_malignant
        value, low, high = score_ratio_interval(
            malignant * n1, n1, non_malignant * n0, n0, self.level
        )
        return Estimate(float(value), low, high, self.level, method="score")


def _warn_of_earlier_name(earlier: str, now: str) -> None:
    warnings.warn(
        f"{earlier} of BandAccuracy is now called {now}.", DeprecationWarning, stacklevel=3
    )


def band_probabilities(positive: npt.ArrayLike, abnormal: str) -> FloatArray:
    """Probabilities of the ascending bands from P(test positive) at each ascending threshold."""
    p = np.asarray(positive, dtype=np.float64)
    below = p if abnormal == "low" else 1 - p
    return np.diff(below, prepend=0.0, append=1.0)
