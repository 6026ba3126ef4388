"""Specificity of one finding in a new setting, from several studies that share no patients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ... import vocabulary
from ...numerics.checks import FloatArray
from ...numerics.quadrature import normal_nodes
from .binomial_normal import BinomialCounts

if TYPE_CHECKING:
    from ..tables import Evidence

_NODES = 31
_TAU = 40  # nodes of the between-study SD, up to six SDs of its prior


@dataclass(frozen=True, eq=False, kw_only=True)
class SpecificityStudies:
    """Patients without malignancy in several studies of one finding.

    Attributes
    ----------
    studies : tuple of str
        Labels, k of them.
    fp, tn : ndarray, shape (k,)
        Patients without malignancy who have the finding, and who have it not.
    status : str
        The least certain of the studies'.

    Notes
    -----
    False positives of study i ~ Binomial(fp_i + tn_i, expit(theta_i)), theta_i ~ N(mu, tau^2), as
    in :func:`~backpain_risk.pool_accuracy`: expit(mu) is uniform, tau half-normal(0, 1). A new
    setting has a theta of its own. Integrals are by quadrature, so no draws are needed.

    Examples
    --------
    >>> weight_loss = SpecificityStudies(
    ...     studies=("a", "b"), fp=np.array([118.0, 4.0]), tn=np.array([1844.0, 1168.0])
    ... )
    >>> [round(x, 2) for x in weight_loss.new_setting]
    [3.04, 2.05]
    """

    studies: tuple[str, ...]
    fp: FloatArray
    tn: FloatArray
    status: str = ""

    @cached_property
    def new_setting(self) -> tuple[float, float]:
        """Mean and SD of the logit specificity of a new setting."""
        counts = BinomialCounts(events=self.fp, n=self.fp + self.tn)
        nodes, weights = np.polynomial.legendre.leggauss(_TAU)
        taus = 3.0 * (nodes + 1)
        log_mass, first, second = np.array([self._given(counts, tau) for tau in taus]).T
        mass = weights * np.exp(log_mass - 0.5 * taus**2 - np.max(log_mass))
        mass /= mass.sum()
        mean = float(mass @ first)
        return -mean, float(np.sqrt(mass @ (second + taus**2) - mean**2))

    def _given(self, counts: BinomialCounts, tau: float) -> tuple[float, float, float]:
        """Log integral of likelihood and prior over mu, and the mean of mu and mu^2, at one tau."""
        nodes, weights = normal_nodes(_NODES)
        width = np.sum(1 / (1 / (self.fp + 0.5) + 1 / (self.tn + 0.5) + tau**2)) ** -0.5
        mu = counts.best_mean(tau) + width * nodes
        log_density = (
            counts.log_likelihood(mu, tau)
            - np.logaddexp(0, mu)
            - np.logaddexp(0, -mu)
            + 0.5 * nodes**2
        )
        top = log_density.max()
        density = weights * np.exp(log_density - top)
        total = density.sum()
        return (
            float(np.log(total * width) + top),
            float(density @ mu / total),
            float(density @ mu**2 / total),
        )

    def with_study(self, fp: float, tn: float) -> SpecificityStudies:
        """These and a further study, none of whose patients are in the others."""
        return replace(
            self,
            studies=(*self.studies, "further study"),
            fp=np.append(self.fp, fp),
            tn=np.append(self.tn, tn),
        )


def specificity_studies(evidence: Evidence, finding: str) -> SpecificityStudies:
    """The studies of a finding that counted patients without malignancy.

    Raises
    ------
    ValueError
        When there are fewer than two, a study has two rows, or two share patients.
    """
    rows = evidence.rows(finding)
    rows = rows[rows.fp + rows.tn > 0]
    labels = tuple(rows.study)
    if len(labels) < 2:
        raise ValueError(
            "pooled must name findings whose specificity two studies or more have counted; got "
            f"{finding!r}, counted in {', '.join(labels) or 'none'}. Leave it out, or add studies "
            "to the tables."
        )
    named = {other for text in rows.overlaps_with.astype(str) for other in text.split(";")}
    shared = sorted({label for label in labels if labels.count(label) > 1 or label in named})
    if shared:
        raise ValueError(
            "pooled must name findings counted in studies that share no patients; got "
            f"{finding!r}, where {shared[0]} shares them with another row. Leave it out, or pass "
            "tables that keep one of them."
        )
    status = max(rows.status, key=vocabulary.STATUSES.index)
    return SpecificityStudies(
        studies=labels, fp=rows.fp.to_numpy(float), tn=rows.tn.to_numpy(float), status=status
    )
