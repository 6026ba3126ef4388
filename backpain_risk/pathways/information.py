"""What it would be worth to know more: anybody's draws of utility and parameters in, values of
information out.

Perfect information about everything (EVPI) is a plain average. Perfect information about a group of
parameters (EVPPI) needs E[utility | group], which is estimated by regressing the utility
differences on splines of the group (Strong, Oakley and Brennan 2014). In-sample fits are a little
too good, so the value of the decisions that a fit takes for draws it has not seen is given beside
it; the truth lies between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..numerics.checks import FloatArray, check_choice, check_number
from ..results.notebook import as_html
from .conditional_expectation import fitted, gain, unseen_gain, varying
from .given_draws import read_parameters, read_utility


@dataclass(frozen=True, eq=False, kw_only=True)
class ValueOfInformation:
    """Worth of perfect information, in units of utility per decision.

    Attributes
    ----------
    options : tuple of str
    expected : ndarray, shape (options,)
        Mean utility of each option.
    p_best : ndarray, shape (options,)
        Share of draws in which an option is the best; draws with equal best options are shared
        among them.
    expected_loss : ndarray, shape (options,)
        Mean utility lost by an option against the best option of each draw; the smallest is the
        EVPI.
    evpi, evpi_standard_error : float
        Expected value of perfect information, and its Monte-Carlo standard error.
    evppi : DataFrame
        Columns ``group``, ``value`` (in sample), ``standard_error`` (regression and sampling of the
        parameters), ``cross_fitted`` (worth of decisions in draws that the regression has not
        seen).
    n_draws : int
    """

    options: tuple[str, ...]
    expected: FloatArray
    p_best: FloatArray
    expected_loss: FloatArray
    evpi: float
    evpi_standard_error: float
    evppi: pd.DataFrame
    n_draws: int

    @property
    def best(self) -> str:
        """The option with the highest mean utility."""
        return self.options[int(np.argmax(self.expected))]

    def population(
        self,
        per_year: float,
        *,
        years: float,
        discount_rate: float = 0.035,
        discounting: str = "start",
        value: float | None = None,
    ) -> float:
        """Value of information for everybody whom a decision serves, discounted.

        Parameters
        ----------
        per_year : float
            Decisions a year, 0 or more.
        years : float
            How long the decision stands; a part of a year counts in proportion.
        discount_rate : float
            A year, from 0 to 1.
        discounting : {"start", "end", "continuous"}
            ``"start"`` counts year k = 0, 1, ... as 1 / (1 + rate)^k, so the first year in full;
            ``"end"`` as 1 / (1 + rate)^(k + 1), as Briggs, Claxton and Sculpher do;
            ``"continuous"`` is (1 - exp(-rate years)) / rate, as ``pop_voi`` of the R package voi.
        value : float, optional
            Value a decision; the EVPI by default. Pass an EVPPI for that of a group.
        """
        check_number("per_year", per_year, 0)
        check_number("years", years, 0, 1000)
        check_number("discount_rate", discount_rate, 0, 1)
        check_choice("discounting", discounting, ("start", "end", "continuous"))
        each = self.evpi if value is None else check_number("value", value)
        return float(each * per_year * _discounted_years(years, discount_rate, discounting))

    def to_frame(self) -> pd.DataFrame:
        """One row an option: option, expected, p_best, expected_loss."""
        columns = {
            "expected": self.expected,
            "p_best": self.p_best,
            "expected_loss": self.expected_loss,
        }
        return pd.DataFrame({"option": self.options, **columns})

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame(), self.evppi, digits=4, index=False)

    def __repr__(self) -> str:
        return (
            f"ValueOfInformation: best {self.best} in "
            f"{self.p_best[int(np.argmax(self.expected))]:.0%} of "
            f"{self.n_draws} draws; EVPI {self.evpi:.4g} (SE {self.evpi_standard_error:.2g})"
        )


def value_of_information(
    utility: npt.ArrayLike | pd.DataFrame,
    parameters: pd.DataFrame | npt.ArrayLike | None = None,
    groups: Mapping[str, Sequence[Any]] | None = None,
) -> ValueOfInformation:
    """Value of perfect information, about everything and about groups of parameters, from anybody's
    draws.

    Parameters
    ----------
    utility : array_like or DataFrame, shape (draws, options)
        Utility of every option in every draw; higher is better. At least 100 draws for groups.
    parameters : DataFrame or array_like, shape (draws, parameters), optional
        The parameter values of the same draws; the columns of an array are numbered from 0.
    groups : mapping of name to columns of ``parameters``, optional
        What would be learnt together; each parameter by itself where not given.

    Raises
    ------
    ValueError
        For utilities or parameters that are missing or infinite, for numbers of draws or indices
        that differ, for names that are there twice, and for groups that name no column.

    Notes
    -----
    EVPI = E[max_k U_k] - max_k E[U_k]; EVPPI = E[max_k E(U_k | group)] - max_k E[U_k]. The
    regression tells up to 25 combinations of values apart; beyond that it uses cubic splines of
    every parameter of a group and the products of up to three of them. Its ridge penalty is chosen
    by leave-one-out for each option. The standard error is that
    of the mean of U_k(i) - U_best over draws, k(i) the option that the regression chooses in draw
    i: the first-order error of both the regression and the sampled parameters.

    References
    ----------
    Strong, Oakley, Brennan (2014), Med Decis Making 34:311. Jackson et al. (2022), Annu Rev Stat
    Appl 9:95.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = pd.DataFrame(rng.normal(size=(4000, 2)), columns=["a", "b"])
    >>> found = value_of_information(np.column_stack([np.zeros(4000), x.a + x.b]), x)
    >>> round(found.evpi, 2), found.evppi.value.round(2).tolist()
    (0.55, [0.38, 0.38])
    """
    values, options = read_utility(utility)
    table, columns = read_parameters(parameters, groups, utility)
    best = int(np.argmax(values.mean(axis=0)))
    lost = values.max(axis=1) - values[:, best]
    top = values == values.max(axis=1, keepdims=True)
    rows = [
        (name, *_partial(values, best, table[list(chosen)])) for name, chosen in columns.items()
    ]
    return ValueOfInformation(
        options=options,
        expected=values.mean(axis=0),
        p_best=(top / top.sum(axis=1, keepdims=True)).mean(axis=0),
        expected_loss=(values.max(axis=1, keepdims=True) - values).mean(axis=0),
        evpi=float(lost.mean()),
        evpi_standard_error=_standard_error(lost),
        evppi=pd.DataFrame(rows, columns=["group", "value", "standard_error", "cross_fitted"]),
        n_draws=len(values),
    )


def _discounted_years(years: float, rate: float, discounting: str) -> float:
    if discounting == "continuous":
        return float(-np.expm1(-rate * years) / rate) if rate else years
    whole = np.arange(np.ceil(years))
    share = np.minimum(1.0, years - whole)
    return float((share / (1 + rate) ** (whole + (discounting == "end"))).sum())


def _standard_error(values: FloatArray) -> float:
    return float(values.std(ddof=1) / np.sqrt(values.size))


def _partial(values: FloatArray, best: int, group: pd.DataFrame) -> tuple[float, float, float]:
    """EVPPI in sample, its standard error, and cross-fitted."""
    x = varying(group.to_numpy())
    relative = values - values[:, [best]]
    if not x.shape[1] or not np.any(relative):
        return 0.0, 0.0, 0.0
    expected = fitted(x, relative)
    value = float(expected.max(axis=1).mean())
    error = _standard_error(gain(relative, expected))
    return value, error, float(unseen_gain(x, relative).mean())
