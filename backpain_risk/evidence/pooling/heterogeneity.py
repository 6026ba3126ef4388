"""How much of the variation between studies is not chance: I-squared for pairs of sensitivity
and specificity.
"""

from __future__ import annotations

import numpy as np

from ...numerics.checks import FloatArray


def zhou_i_squared(mean: FloatArray, between: FloatArray, size: FloatArray) -> float:
    """I-squared of Zhou and Dendukuri for the pair, from the between-study covariance and the sizes
    of both arms.

    ``sqrt|Psi| / (sqrt|Psi| + sqrt(E_1 E_0))``, E_j the within-study variance expected over
    studies: (exp(Psi_jj / 2 + mean_j) + exp(Psi_jj / 2 - mean_j) + 2) times the mean of 1 / n_j
    over studies with that arm.
    """
    spread = np.diagonal(between) / 2
    inverse = np.array([np.mean(1 / n[n > 0]) for n in size.T])
    expected = (np.exp(spread + mean) + np.exp(spread - mean) + 2) * inverse
    signal = np.sqrt(max(float(np.linalg.det(between)), 0.0))
    return float(signal / (signal + np.sqrt(expected.prod())))


def holling_i_squared(positive: FloatArray, negative: FloatArray) -> dict[str, float]:
    """I-squared of Holling and others for log(log sensitivity / log false positive rate), a single
    number per study.

    The spread is DerSimonian and Laird's; three "typical" within-study variances (Higgins and
    Thompson's, harmonic and arithmetic mean), each as it is and with the sizes of the studies taken
    out ("adjusted").

    Parameters
    ----------
    positive, negative : ndarray, shape (k, 2)
        Test positives and negatives of both arms after the continuity rule, studies with both arms
        only.
    """
    n = positive + negative
    rate = positive / n
    effect = np.log(np.log(rate[:, 0]) / np.log(rate[:, 1]))
    unit = (1 - rate) / (rate * np.log(rate) ** 2)
    variance = np.sum(unit / n, axis=1)
    spread = dersimonian_laird(effect, variance)
    shares = {}
    for name, within in (("unadjusted", variance), ("adjusted", unit.sum(axis=1))):
        for kind, typical in _typical(within).items():
            shares[f"holling_{name}_{kind}"] = spread / (spread + typical)
    return shares


def dersimonian_laird(effect: FloatArray, variance: FloatArray) -> float:
    """Between-study variance by the method of moments, 0 where the studies vary no more than by
    chance.
    """
    weight = 1 / variance
    chance = weight.sum() - np.sum(weight**2) / weight.sum()
    return max((cochran_q(effect, variance) - (effect.size - 1)) / float(chance), 0.0)


def cochran_q(effect: FloatArray, variance: FloatArray) -> float:
    """Weighted sum of squares around the common-effect mean; chi-squared with k - 1 degrees of
    freedom under chance.
    """
    weight = 1 / variance
    return float(np.sum(weight * (effect - np.average(effect, weights=weight)) ** 2))


def typical_variance(variance: FloatArray) -> float:
    """The "typical" within-study variance of Higgins and Thompson."""
    weight = 1 / variance
    return float((variance.size - 1) * weight.sum() / (weight.sum() ** 2 - np.sum(weight**2)))


def _typical(variance: FloatArray) -> dict[str, float]:
    return {
        "higgins": typical_variance(variance),
        "harmonic": variance.size / float(np.sum(1 / variance)),
        "arithmetic": float(variance.mean()),
    }
