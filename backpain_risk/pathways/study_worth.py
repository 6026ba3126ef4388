"""What a study of one sensitivity would be worth, by how many cancers it contains."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from ..numerics.checks import FloatArray


def study_value(
    utility: FloatArray, expected: FloatArray, sensitivity: FloatArray, cancers: int
) -> tuple[float, float]:
    """EVSI of a study that sees so many cancers, and its standard error.

    The error is that of the mean over draws of what the option chosen after each result gains over
    the best without a study: of both the regression and the sampled sensitivities.
    """
    results = np.arange(cancers + 1)[:, None]
    likelihood = binom.pmf(results, cancers, sensitivity)  # (results, draws)
    after = likelihood @ expected / sensitivity.size
    value = float(after.max(axis=1).sum() - expected.mean(axis=0).max())
    relative = utility - utility[:, [expected.mean(axis=0).argmax()]]
    gained = np.einsum("yd,dy->d", likelihood, relative[:, after.argmax(axis=1)])
    return value, float(gained.std(ddof=1) / np.sqrt(gained.size))
