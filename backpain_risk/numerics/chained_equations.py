"""Multiple imputation of a table by chained equations."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from statsmodels.imputation.mice import MICEData

_BURN_IN = 5  # as in R's mice


def complete(table: pd.DataFrame, n_imputations: int, rng: np.random.Generator) -> list[pd.DataFrame]:
    """Complete a table of numbers several times, each time with other plausible values.

    Chained equations with predictive mean matching (statsmodels ``MICEData``), so imputed values are values that were
    observed. Each column is modelled by all others as main effects. Columns without variation cannot help and are not
    used.

    Parameters
    ----------
    table : DataFrame, shape (n, columns)
        Floats with NaN where missing; every column holds some values.
    n_imputations : int
    rng : Generator

    Returns
    -------
    list of DataFrame
        Complete tables with the index and the varying columns of ``table``.
    """
    varying = table.loc[:, table.nunique() > 1]
    names = [f"x{j}" for j in range(varying.shape[1])]  # MICEData puts names into formulas
    data = MICEData(varying.set_axis(names, axis=1).reset_index(drop=True), rng=rng)
    completed = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MICEData assigns into views of its own table
        data.update_all(_BURN_IN)
        for _ in range(n_imputations):
            data.update_all(2)
            completed.append(data.data.copy().set_axis(varying.columns, axis=1).set_axis(varying.index))
    return completed
