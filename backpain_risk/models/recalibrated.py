"""Moving a model to another setting: recalibration, and a shift of the prevalence."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from ..numerics.checks import (
    FloatArray,
    check_choice,
    check_fraction,
    check_outcome,
    check_risk,
    check_same_index,
    check_same_length,
)
from ..numerics.grouped_by_risk import RiskGroups, risk_groups
from ..numerics.newton import LogisticObjective, maximise
from ..numerics.values import shown
from .classifier import RiskClassifier
from .event import binary_outcome

METHODS = ("intercept", "logistic", "prevalence")


def shift_prevalence(risk: npt.ArrayLike, *, from_: float, to: float) -> FloatArray:
    """Risks as they would be at another prevalence.

    Parameters
    ----------
    risk : array, shape (n,)
        Predicted probabilities that hold at prevalence ``from_``; 0 and 1 stay what they are.
    from_, to : float
        Prevalences, strictly between 0 and 1.

    Notes
    -----
    odds(to) = odds(from) * [to / (1 - to)] / [from / (1 - from)]. This *assumes that P(predictors |
    outcome) is the same in both settings*: the same cancers and the same other patients, in other
    proportions. Referral by the predictors themselves breaks it. It is also the correction of risks
    from case-control samples, with ``from_`` the share of cases in the sample and ``to`` the base
    rate.

    References
    ----------
    Elkan (2001), IJCAI. King and Zeng (2001), Polit Anal 9:137 (prior correction).

    Examples
    --------
    >>> shift_prevalence([0.2], from_=0.2, to=0.01).round(4)
    array([0.01])
    """
    r = check_risk(risk)
    source = check_fraction("from_", from_)
    target = check_fraction("to", to)
    event = r * target / source
    none = (1 - r) * (1 - target) / (1 - source)
    return event / (event + none)


class RecalibratedModel(RiskClassifier):
    """A model whose log odds were moved and stretched: ``intercept + slope * logit(risk)``.

    Made by :func:`recalibrate`; fitting it again refits the updating, not the model inside.

    Parameters
    ----------
    model : fitted classifier
        Its risk is ``predict_proba(X)[:, 1]``.
    method : {"intercept", "logistic", "prevalence"}
    from_, to : float, optional
        Prevalences, for ``method="prevalence"``.
    """

    def __init__(
        self,
        model: Any,
        method: str = "intercept",
        from_: float | None = None,
        to: float | None = None,
    ) -> None:
        self.model = model
        self.method = method
        self.from_ = from_
        self.to = to

    def fit(self, X: Any, y: Any) -> Self:
        """Estimate the updating from new patients."""
        check_same_index(X=X, y=y)
        self.classes_, outcome = binary_outcome(y, len(X), self._event())
        check_choice("method", self.method, METHODS)
        if self.method == "prevalence":
            return self._shifted()
        groups = risk_groups(check_outcome(outcome), check_risk(self._old_risk(X)))
        _refuse_certainty(groups)
        eta = np.asarray(logit(groups.risk))
        columns = [np.ones(eta.size)] if self.method == "intercept" else [np.ones(eta.size), eta]
        offset = eta if self.method == "intercept" else np.zeros(eta.size)
        objective = LogisticObjective(np.column_stack(columns), groups.events, groups.n, offset)
        fitted = maximise(objective, _start(groups, offset, len(columns)))
        slope = 1.0 if self.method == "intercept" else float(fitted.parameters[1])
        return self._keep(float(fitted.parameters[0]), slope)

    def _event(self) -> Any:
        """The event of the model within, so that both speak of the same."""
        classes: Any = getattr(self.model, "classes_", ())
        return classes[1] if len(classes) == 2 else None

    def risk(self, X: Any) -> FloatArray:
        """Recalibrated probability of the event, shape (n,)."""
        with np.errstate(divide="ignore"):
            return np.asarray(expit(self.intercept_ + self.slope_ * logit(self._old_risk(X))))

    def _old_risk(self, X: Any) -> FloatArray:
        return np.asarray(self.model.predict_proba(X)[:, 1])

    def _shifted(self) -> Self:
        if self.from_ is None or self.to is None:
            raise ValueError(
                "from_ and to must be given for method='prevalence'; got none. Pass both "
                "prevalences."
            )
        source = check_fraction("from_", self.from_)
        target = check_fraction("to", self.to)
        return self._keep(float(logit(target) - logit(source)), 1.0)

    def state(self, *, patients: bool = True) -> dict[str, Any]:
        """What the model knows, see :func:`save_model`; the model within as itself."""
        return {
            "options": {"method": self.method, "from_": self.from_, "to": self.to},
            "intercept": self.intercept_,
            "slope": self.slope_,
            "inside": self.model,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The model of a :meth:`state`."""
        model = cls(state["inside"], **state["options"])
        return model._keep(state["intercept"], state["slope"])

    def _keep(self, intercept: float, slope: float) -> Self:
        self.intercept_ = intercept
        self.slope_ = slope
        if not hasattr(self, "classes_"):
            self.classes_ = self.model.classes_
        return self


def recalibrate(
    model: Any,
    X: Any = None,
    y: npt.ArrayLike | None = None,
    method: str = "intercept",
    from_: float | None = None,
    to: float | None = None,
) -> RecalibratedModel:
    """Update a fitted model for another setting.

    Parameters
    ----------
    model : fitted classifier
        Any with ``predict_proba``.
    X, y : predictors and outcome of the new setting
        For ``"intercept"`` and ``"logistic"``.
    method : {"intercept", "logistic", "prevalence"}
        Recalibration in the large (slope kept), of intercept and slope, or by the two prevalences
        alone.
    from_, to : float
        Prevalence where the model was developed and where it will be used; for ``"prevalence"``.

    Returns
    -------
    RecalibratedModel

    Notes
    -----
    With few events prefer ``"intercept"``. ``"prevalence"`` assumes P(predictors | outcome)
    unchanged, see
    :func:`shift_prevalence`; it also corrects a model developed on a case-control sample.

    References
    ----------
    Steyerberg et al. (2004), Stat Med 23:2567. Janssen et al. (2008), J Clin Epidemiol 61:76.

    Examples
    --------
    >>> from backpain_risk import LogisticModel
    >>> model = LogisticModel().fit([[0], [0], [1], [1], [0], [1]], [0, 1, 0, 1, 0, 1])
    >>> round(float(recalibrate(model, method="prevalence", from_=0.5, to=0.01).risk([[1]])[0]), 4)
    0.0198
    """
    check_choice("method", method, METHODS)
    if not hasattr(model, "predict_proba"):
        raise ValueError(
            f"model must be a fitted classifier with predict_proba; got {shown(model)}. Fit one "
            "first."
        )
    updated = RecalibratedModel(model, method, from_, to)
    if method == "prevalence":
        return updated._shifted()
    if X is None or y is None:
        raise ValueError(
            f"X and y must be given for method={method!r}; got none. Pass patients of the new "
            "setting."
        )
    if np.ndim(X) != 2 or np.ndim(y) != 1:
        raise ValueError(
            f"X must be a table and y one outcome per row; got {shown(X)} and {shown(y)}. Check "
            "both."
        )
    check_same_length(X=len(X), y=len(np.asarray(y)))
    check_same_index(X=X, y=y)
    return updated.fit(X, y)


def _start(groups: RiskGroups, offset: FloatArray, size: int) -> FloatArray:
    start = np.zeros(size)
    start[0] = logit(groups.total_events / groups.total) - float(groups.n @ offset) / groups.total
    return start


def _refuse_certainty(groups: RiskGroups) -> None:
    if groups.risk[0] <= 0 or groups.risk[-1] >= 1:
        raise ValueError(
            "the risks of the model must lie strictly between 0 and 1 to be recalibrated; got "
            "some at 0 or 1. Develop "
            "it with penalty='firth' or a prior."
        )
    if groups.total_events in (0.0, groups.total):
        raise ValueError(
            f"y must have both events and non-events; got {groups.total_events:g} events among "
            f"{groups.total:g} "
            "patients. Use method='prevalence'."
        )
