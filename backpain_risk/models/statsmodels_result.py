"""A fitted statsmodels result as a risk model."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd

from ..numerics.checks import FloatArray, check_risk
from .classifier import RiskClassifier

_BINARY = ("Logit", "Probit")


class StatsmodelsModel(RiskClassifier):
    """A fitted statsmodels ``Logit`` or binomial ``GLM`` result, used like any other model here.

    Parameters
    ----------
    result : fitted result
        From a formula, or from arrays or a DataFrame with or without the column ``const`` of
        ``add_constant``.

    Notes
    -----
    The result is fitted already: ``fit`` leaves it as it is, and the risk is its ``predict``.
    Outcomes are 0 and 1. So it cannot be validated by refitting: :func:`optimism_bootstrap`,
    :func:`cross_validate_risk` and
    :func:`internal_external_validation` refuse it.

    Raises
    ------
    ValueError
        For a result of another kind, such as a Poisson regression, whose predictions are no risks.

    Examples
    --------
    >>> import statsmodels.api as sm
    >>> X = pd.DataFrame({"flag": [0, 0, 0, 1, 1, 1]})
    >>> result = sm.Logit([0, 1, 0, 1, 1, 0], sm.add_constant(X)).fit(disp=0)
    >>> StatsmodelsModel(result).risk(X[:1]).round(4)
    array([0.3333])
    """

    def __init__(self, result: Any) -> None:
        _refuse_other_models(result)
        self.result = result

    @property
    def classes_(self) -> Any:  # type: ignore[override]
        """Always 0 and 1."""
        return np.array([0, 1])

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Nothing to do: the result is fitted.

        Parameters
        ----------
        X : ignored
            Taken so that the model fits where others do.
        y : ignored
            As ``X``.
        """
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def risk(self, X: Any) -> FloatArray:
        """Predicted probability of the event, shape (n,).

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        """
        design: Any = X
        model = self.result.model
        if not hasattr(model, "formula"):
            names = list(model.exog_names)
            frame = (
                X
                if isinstance(X, pd.DataFrame)
                else pd.DataFrame(X, columns=[n for n in names if n != "const"])
            )
            design = frame.assign(const=1.0)[names].to_numpy(np.float64)
        return check_risk(np.asarray(self.result.predict(design), dtype=np.float64))


def _refuse_other_models(result: Any) -> None:
    model = getattr(result, "model", None)
    family = getattr(getattr(model, "family", None), "__class__", type(model)).__name__
    if not hasattr(result, "predict") or family not in ("Binomial", *_BINARY):
        raise ValueError(
            "result must be a fitted statsmodels Logit, Probit or GLM of the binomial family; got "
            f"{family if model is not None else type(result).__name__}. Its predictions would be "
            "no risks: fit a "
            "binomial model."
        )
