"""The best possible pathway: who gets which test next, and when to stop, by exact dynamic
programming.

A state is what is known: a pattern of age and findings, and the results of the tests done so far.
In each state one may stop, send to MRI, or do one more test; the value of a state is that of the
best of these, from all tests done back to none. Nothing that uses the same findings and tests can
do better, so it bounds every rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_count, check_fraction, check_names
from ..scenario.scenario import Scenario
from .consequences import TESTS_COUNTED
from .doors import check_harms, check_pathways, check_scenario
from .doubt import Inputs, Review
from .enumeration import compare_pathways
from .pathway import DECISIVE, Pathway, load_pathways
from .patterns import PatternTable, class_probability, layout_for, pattern_table
from .policy import SEND, STOP, Known, PathwayPolicy

_ORDERABLE = {name: test for name, test in TESTS_COUNTED.items() if test != DECISIVE}
_TIE = 1e-13  # a gain smaller than this, per patient, is none


def best_pathway(
    scenario: Scenario,
    *,
    threshold: float,
    test_harm: Mapping[str, float],
    tests: Sequence[str] | None = None,
    pathways: Mapping[str, Pathway] | None = None,
    per: int = 10_000,
) -> PathwayPolicy:
    """The best adaptive pathway without a review, and the regret of published rules against it.

    Parameters
    ----------
    scenario : Scenario
        The setting, with its base rate and accuracies.
    threshold : float
        Risk in (0, 1) at which a patient is indifferent between being imaged and not.
    test_harm : mapping of test to float
        Harm of each test, in harms of one needless MRI: ``{"esr": 0.02, "xray": 0.1}``. With free
        tests (an explicit 0) the best pathway tests everybody.
    tests : sequence of str, optional
        Tests that may be ordered; those of ``test_harm`` by default.
    pathways : mapping of name to Pathway, optional
        Rules to compare with; those shipped that have no review by default. Patterns are as fine as
        they ask for.
    per : int
        Patients that counts are given for.

    Returns
    -------
    PathwayPolicy

    Notes
    -----
    V(known) = max(0, P1 - o P0, max over tests T of -o h_T (P0 + P1) + sum over results r of
    V(known, T = r)), with P0 and P1 the joint probabilities of what is known without and with
    malignancy, o = t / (1 - t) and h the harm of a test.

    Examples
    --------
    >>> from backpain_risk import load_scenario
    >>> best = best_pathway(
    ...     load_scenario("primary_care"), threshold=0.02, test_harm={"esr": 0.02, "xray": 0.1}
    ... )
    >>> bool(best.regret.regret.min() > 0)
    True
    """
    check_scenario(scenario)
    check_fraction("threshold", threshold)
    check_count("per", per, 1)
    check_harms(test_harm)
    ordered = _orderable(tests, test_harm)
    rules = (
        {n: p for n, p in load_pathways().items() if not p.has_review}
        if pathways is None
        else check_pathways("pathways", pathways)
    )
    late = [name for name, pathway in rules.items() if pathway.has_review]
    if late:
        raise ValueError(
            f"pathways must have no review to be compared with the best; got {late[0]!r}. Leave "
            "it out."
        )
    table, joint = _joint(scenario, rules, [_ORDERABLE[name] for name in ordered])
    states, findings, cells = _solved(table, joint, ordered, test_harm, threshold / (1 - threshold))
    value = per * float(states[0].value.sum())
    return PathwayPolicy(
        scenario=scenario,
        threshold=threshold,
        test_harm=dict(test_harm),
        per=per,
        actions=(STOP, SEND, *(vocabulary.label(_ORDERABLE[name]) for name in ordered)),
        findings=findings,
        cells=cells,
        states=states,
        regret=_regret(scenario, rules, threshold, test_harm, per, value),
        net_benefit=value,
    )


def _orderable(tests: Sequence[str] | None, test_harm: Mapping[str, float]) -> tuple[str, ...]:
    """Names of the tests that may be ordered, each with its harm stated."""
    short = {test: name for name, test in _ORDERABLE.items()}
    chosen = tuple(test_harm) if tests is None else check_names("tests", tests)
    names = tuple(short.get(t, t) for t in chosen)
    for name in names:
        if name not in _ORDERABLE:
            raise ValueError(
                f"tests must be of {', '.join(_ORDERABLE)}; got {name!r}. MRI is the decision "
                "itself."
            )
        harm = test_harm.get(name)
        if harm is None:
            raise ValueError(
                f"test_harm must state the harm of {name}, 0 or more; got {harm!r}. Give it in "
                "harms of an MRI."
            )
    return names


def _joint(
    scenario: Scenario, rules: Mapping[str, Pathway], tests: list[str]
) -> tuple[PatternTable, FloatArray]:
    """Exact P(pattern, class), (2, patterns), on patterns that all rules and tests can be told
    apart by.
    """
    layout = layout_for(rules.values(), tests)
    one = Inputs(scenarios=(scenario,), reviews=(Review(),))
    structure = one.structure(layout.keys)
    table = pattern_table(layout, structure)
    rate = scenario.base_rate
    shares = (1 - rate, rate)
    return table, np.stack([shares[g] * class_probability(table, structure, g)[0] for g in (0, 1)])


def _solved(
    table: PatternTable,
    joint: FloatArray,
    tests: tuple[str, ...],
    harm: Mapping[str, float],
    odds: float,
) -> tuple[tuple[Known, ...], pd.DataFrame, dict[str, tuple[str, ...]]]:
    """All states, from none done to all done, with the best action of each."""
    keys = [_ORDERABLE[name] for name in tests]
    seen = [
        word for word in table.values if word not in (*vocabulary.LABORATORY, *vocabulary.IMAGING)
    ]
    cells: dict[str, FloatArray] = {key: np.unique(table.values[key]) for key in keys}
    group = (
        pd.DataFrame({word: table.values[word] for word in seen})
        .groupby(seen, sort=True)
        .ngroup()
        .to_numpy()
    )
    _, first = np.unique(group, return_index=True)
    findings = pd.DataFrame({word: table.values[word][first] for word in seen}).astype(int)
    shape = (first.size, *(cells[key].size for key in keys))
    place = np.ravel_multi_index(
        (group, *(np.searchsorted(cells[k], table.values[k]) for k in keys)), shape
    )
    full: FloatArray = np.stack(
        [np.bincount(place, w, int(np.prod(shape))).reshape(shape) for w in joint]
    )
    costs = [odds * harm[name] for name in tests]
    states = _backwards(full, costs, odds)
    labels = {key: _cell_labels(key, values) for key, values in cells.items()}
    return _reached(states), findings, labels


def _cell_labels(key: str, values: FloatArray) -> tuple[str, ...]:
    if key in vocabulary.IMAGING:
        return ("negative", "positive")
    return tuple(f"{vocabulary.label(key)} from {v:g}" for v in values)


def _backwards(full: FloatArray, costs: list[float], odds: float) -> dict[tuple[int, ...], Known]:
    """Values and actions of every set of done tests, from all done back to none."""
    everything = range(len(costs))
    states: dict[tuple[int, ...], Known] = {}
    for size in reversed(range(len(costs) + 1)):
        for done in combinations(everything, size):
            undone = tuple(i for i in everything if i not in done)
            joint = full.sum(axis=tuple(i + 2 for i in undone))
            options = [np.zeros(joint.shape[1:]), joint[1] - odds * joint[0]]
            for test in everything:
                options.append(
                    _after(states, done, test) - costs[test] * joint.sum(axis=0)
                    if test in undone
                    else np.full(joint.shape[1:], -np.inf)
                )
            stacked = np.stack(options)
            action = np.argmax(stacked >= stacked.max(axis=0) - _TIE, axis=0)
            value = np.take_along_axis(stacked, action[None], axis=0)[0]
            states[done] = Known(
                done=done,
                joint=joint,
                value=value,
                action=action,
                reached=np.zeros_like(action, bool),
            )
    return states


def _after(states: dict[tuple[int, ...], Known], done: tuple[int, ...], test: int) -> FloatArray:
    """Expected value once one more test has been done, summed over its results."""
    more = tuple(sorted((*done, test)))
    return np.asarray(states[more].value.sum(axis=1 + more.index(test)))


def _reached(states: dict[tuple[int, ...], Known]) -> tuple[Known, ...]:
    """States the policy gets to, from nothing done on."""
    reached: dict[tuple[int, ...], npt.NDArray[np.bool_]] = {
        done: np.full(known.action.shape, done == ()) for done, known in states.items()
    }
    ordered = sorted(states, key=len)
    for done in ordered:
        known = states[done]
        reached[done] = reached[done] & (known.joint.sum(axis=0) > 0)
        for test in range(int(known.action.max()) - 1):
            now = reached[done] & (known.action == test + 2)
            if test not in done and now.any():
                more = tuple(sorted((*done, test)))
                reached[more] = reached[more] | np.expand_dims(now, 1 + more.index(test))
    return tuple(
        Known(done=d, joint=k.joint, value=k.value, action=k.action, reached=reached[d])
        for d, k in ((d, states[d]) for d in ordered)
    )


def _regret(
    scenario: Scenario,
    rules: Mapping[str, Pathway],
    threshold: float,
    test_harm: Mapping[str, float],
    per: int,
    best: float,
) -> pd.DataFrame:
    """What rules lose against the best, for rules whose tests all have their harm stated."""
    short = {test: name for name, test in _ORDERABLE.items()}
    able = {
        n: p
        for n, p in rules.items()
        if {short[t] for t in p.tests if t in short} <= set(test_harm)
    }
    if not able:
        return pd.DataFrame(columns=["pathway", "net_benefit", "regret"])
    found = (
        compare_pathways(scenario, able, per=per)
        .net_benefit(threshold, test_harm=test_harm)
        .to_frame()
    )
    table = found.rename(columns={"value": "net_benefit"})[["pathway", "net_benefit"]]
    return table.assign(regret=best - table.net_benefit).sort_values(
        "regret", ignore_index=True, kind="stable"
    )
