"""What Bayesian models know before and after a cohort, patient by patient; and whether their
chains mixed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ..numerics.checks import FloatArray, check_result
from ..numerics.values import shown
from ..vocabulary import label
from .style import FAINT, INK, MUTED, PALETTE, axes_or_new, log_percent_axis, note, tidy

if TYPE_CHECKING:
    from ..models.bayesian.credible_risk import CredibleRisk
    from ..models.bayesian.implied import RiskByCount
    from ..models.bayesian.replicated_cohorts import PredictiveCheck
    from ..models.bayesian.summary import PosteriorSummary

_RATIOS = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SIMULATIONS = 250  # of the envelope of ranks
_BANDS = (
    (0.95, 1.6),
    (0.8, 4.0),
    (0.5, 7.5),
)  # share of the posterior, and width of its line in points


def plot_prior_posterior(summary: PosteriorSummary, *, ax: Axes | None = None) -> Axes:
    """Odds ratio of every term before the cohort (pale) and after it, with 95 % credible limits.

    Parameters
    ----------
    summary : PosteriorSummary
        What ``summary()`` of a Bayesian model returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    """
    check_result("summary", summary, "PosteriorSummary")
    table = summary.to_frame().drop(index="intercept")
    table = table[~table.index.str.contains(": ") & ~table.index.str.startswith("reference ")]
    ax = axes_or_new(ax, (6.8, 1.2 + 0.36 * len(table)))
    y = np.arange(len(table))[::-1]
    ax.axvline(1, color=MUTED, lw=1)
    for prefix, shift, colour, width in (
        ("prior_", 0.15, PALETTE[4], 1.2),
        ("", -0.15, PALETTE[0], 2.0),
    ):
        low, middle, high = (np.exp(table[f"{prefix}{name}"]) for name in ("low", "mean", "high"))
        ax.hlines(y + shift, low, high, color=colour, lw=width)
        ax.plot(middle, y + shift, "s" if prefix else "o", color=colour, ms=4.5)
    ax.plot([], [], "s-", color=PALETTE[4], lw=1.2, ms=4.5, label="prior")
    ax.plot([], [], "o-", color=PALETTE[0], lw=2.0, ms=4.5, label="posterior")
    ax.legend(
        frameon=False,
        fontsize=9,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=2,
        borderaxespad=0.1,
    )
    ax.set(
        xscale="log",
        ylim=(-0.6, len(table) - 0.4),
        xlabel="Odds ratio, 95% credible limits (log scale)",
    )
    ax.set_yticks(y, labels=[_term(str(term)) for term in table.index])
    low, high = ax.get_xlim()
    ticks = [t for t in _RATIOS if low <= t <= high]
    ax.set_xticks(ticks, labels=[f"{t:g}" for t in ticks])
    ax.minorticks_off()
    note(ax, f"{summary.n_patients:,.0f} patients, {summary.n_events:,.0f} events")
    tidy(ax)
    return ax


def _term(term: str) -> str:
    """Label of a term; the band of a banded column and the primes of a spline kept."""
    column, _, band = term.partition(" ")
    base = column.rstrip("'")
    return f"{label(base)}{column[len(base) :]} {band}".rstrip()


def plot_patient_risk(risk: CredibleRisk, *, ax: Axes | None = None) -> Axes:
    """Posterior of the risk of each patient: half, 80 % and 95 % of it in ever thinner lines,
    and its mean.

    Parameters
    ----------
    risk : CredibleRisk
        What :meth:`BayesianLogisticModel.credible_risk` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    """
    check_result("risk", risk, "CredibleRisk")
    ax = axes_or_new(ax, (6.8, 1.3 + 0.42 * len(risk.patients)))
    y = np.arange(len(risk.patients))[::-1]
    for share, width in _BANDS:
        low, high = (_quantile(risk, (1 + sign * share) / 2) for sign in (-1, 1))
        ax.hlines(
            y,
            low,
            high,
            color=PALETTE[0],
            lw=width,
            alpha=0.35 + 0.25 * (1 - share),
            label=f"{share:.0%}",
        )
    ax.plot(risk.risk, y, "D", color=INK, ms=4.5, ls="none", label="mean: the risk reported")
    ax.legend(
        frameon=False,
        fontsize=9,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=4,
        borderaxespad=0.1,
    )
    ax.set(xscale="log", ylim=(-0.6, len(y) - 0.4), xlabel="Probability of malignancy (log scale)")
    ax.set_yticks(y, labels=[str(name) for name in risk.patients])
    log_percent_axis(ax.xaxis, *ax.get_xlim())
    tidy(ax)
    return ax


def _quantile(risk: CredibleRisk, probability: float) -> FloatArray:
    return risk.quantiles[risk.pattern, round(200 * probability) - 1]


def plot_risk_by_count(result: RiskByCount, *, ax: Axes | None = None) -> Axes:
    """Mean risk of the patients with each number of flags, with credible limits and the number
    of patients.

    Parameters
    ----------
    result : RiskByCount
        What :func:`risk_by_count` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    """
    check_result("result", result, "RiskByCount")
    ax = axes_or_new(ax, (6.0, 4.2))
    ax.vlines(result.flags, result.low, result.high, color=PALETTE[0], lw=2)
    ax.plot(result.flags, result.risk, "o", color=PALETTE[0], ms=5.5)
    ax.set(yscale="log", ylabel=f"Mean risk, {result.level:.0%} credible limits (log scale)")
    low = 0.8 * float(result.low.min())
    high = 1.25 * float(result.high.max())
    ax.set(ylim=(low, high), xlim=(result.flags[0] - 0.5, result.flags[-1] + 0.5))
    log_percent_axis(ax.yaxis, low, high)
    labels = [f"{flags}\n{n:,.0f}" for flags, n in zip(result.flags, result.n, strict=True)]
    ax.set_xticks(result.flags, labels=labels)
    ax.set_xlabel(f"Number of {result.n_flags} flags present, and patients with it")
    tidy(ax)
    return ax


def plot_predictive_check(check: PredictiveCheck, *, ax: Axes | None = None) -> Axes:
    """Recorded numbers of events beside those of cohorts drawn from the model, for each group of
    patients.

    Parameters
    ----------
    check : PredictiveCheck
        What :func:`predictive_check` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    """
    check_result("check", check, "PredictiveCheck")
    table = check.to_frame()
    ax = axes_or_new(ax, (6.8, 1.2 + 0.36 * len(table)))
    y = np.arange(len(table))[::-1]
    ax.hlines(
        y,
        table.low,
        table.high,
        color=PALETTE[0],
        lw=5,
        alpha=0.4,
        label=f"{check.level:.0%} of replicates",
    )
    ax.plot(table["median"], y, "|", color=PALETTE[0], ms=9, mew=2, label="their median")
    ax.plot(table.observed, y, "o", color=PALETTE[1], ms=5, label="recorded")
    ax.legend(
        frameon=False,
        fontsize=9,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=3,
        borderaxespad=0.1,
    )
    ax.set(ylim=(-0.6, len(table) - 0.4))
    ax.set_xlabel(f"Events, {check.source} predictive (square-root scale)")
    ax.set_xscale("function", functions=(_root, np.square))
    ax.set_xlim(0, 1.3 * float(max(table.high.max(), table.observed.max(), 10)))
    wanted = (0, 1, 5, 10, 20, 50, *(m * 10**e for e in range(2, 7) for m in (1, 3)))
    ticks = [t for t in wanted if t <= ax.get_xlim()[1]]
    ax.set_xticks(ticks, labels=[f"{t:,}" for t in ticks])
    ax.minorticks_off()
    names = [
        f"{_group(str(group))} ({n:,.0f})" for group, n in zip(table.index, table.n, strict=True)
    ]
    ax.set_yticks(y, labels=names)
    ax.grid(axis="x", color=FAINT, lw=0.6)
    ax.set_axisbelow(True)
    tidy(ax)
    return ax


def _root(x: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.sqrt(np.maximum(np.asarray(x, np.float64), 0.0))


def _group(group: str) -> str:
    return (
        "All patients" if group == "all" else f"With {label(group.removeprefix('with ')).lower()}"
    )


def plot_trace(posterior: Any, term: str, *, ax: Axes | None = None) -> Axes:
    """The draws of one coefficient in the order they were made, a colour per chain
    (``posterior_`` of a model).

    Parameters
    ----------
    posterior : DataTree
        ``posterior_`` of a Bayesian model.
    term : str
        Name of the coefficient, or ``"intercept"``.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    """
    data = _of_term(posterior, term)
    ax = axes_or_new(ax, (6.4, 3.0))
    look = {"title": False, "trace": {"alpha": 0.7, "width": 0.5}}
    _arviz_plots().plot_trace(data, plot_collection=_collection(data, ax), visuals=look)
    ax.set(xlabel="Draw", ylabel="Log odds ratio" if term != "intercept" else "Log odds")
    note(
        ax,
        f"{_term(term) if term != 'intercept' else 'Intercept'}, {data.posterior.sizes['chain']} "
        "chains",
    )
    tidy(ax)
    return ax


def plot_ranks(posterior: Any, term: str, *, ax: Axes | None = None) -> Axes:
    """Ranks of the draws of one coefficient: where chains agree, each line stays inside the 99 %
    envelope.

    At most 500 draws of each chain, evenly spaced: the envelope takes draws to be independent.

    Parameters
    ----------
    posterior : DataTree
        ``posterior_`` of a Bayesian model.
    term : str
        Name of the coefficient, or ``"intercept"``.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    """
    import xarray as xr

    data = _of_term(posterior, term)
    ax = axes_or_new(ax, (6.4, 3.0))
    step = max(1, data.posterior.sizes["draw"] // 500)
    data = xr.DataTree.from_dict(
        {"posterior": data.posterior.to_dataset().isel(draw=slice(None, None, step))}
    )
    look = {"title": False, "remove_axis": False}
    envelope = {"ecdf_pit": {"n_simulations": _SIMULATIONS}}
    _arviz_plots().plot_rank(
        data, plot_collection=_collection(data, ax), visuals=look, stats=envelope
    )
    ax.set(
        xlabel="Rank among the draws of all chains, as a share",
        ylabel="Excess of the cumulative share",
    )
    note(
        ax,
        f"{_term(term) if term != 'intercept' else 'Intercept'}, {data.posterior.sizes['chain']} "
        "chains",
    )
    tidy(ax)
    return ax


def _of_term(posterior: Any, term: str) -> Any:
    """A tree of one coefficient."""
    import xarray as xr

    if not hasattr(posterior, "posterior"):
        raise ValueError(
            f"posterior must be posterior_ of a fitted model; got {shown(posterior)}. Pass it as "
            "it is."
        )
    known = ["intercept", *map(str, posterior.posterior.term.to_numpy())]
    if term not in known:
        raise ValueError(f"term must be one of {', '.join(known)}; got {term!r}.")
    group = posterior.posterior
    draws = (
        group["intercept"]
        if term == "intercept"
        else group["coefficient"].sel(term=term, drop=True)
    )
    return xr.DataTree.from_dict({"posterior": draws.to_dataset(name="draws")})


def _collection(data: Any, ax: Axes) -> Any:
    """The given axes as ArviZ takes them."""
    import xarray as xr

    box = np.empty((), dtype=object)
    box[()] = ax
    places = xr.DataTree.from_dict(
        {"/": xr.Dataset({"figure": ((), box)}), "plot": xr.Dataset({"draws": ((), box)})}
    )
    return _arviz_plots().PlotCollection(
        data["posterior"].to_dataset(),
        places,
        aes={"color": ["chain"]},
        color=list(PALETTE),
        backend="matplotlib",
    )


def _arviz_plots() -> Any:
    """Imported when drawn: it comes with sampling, and other plots do without."""
    import arviz_plots

    return arviz_plots
