"""A table read by the rules of a mapping: every value by a rule, every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ... import vocabulary
from ...numerics.checks import FloatArray
from ..table import Cohort
from .columns import FIRST_ROW, Disagreement, ReadColumn, by_values, said, values_of
from .mapped import MappedCohort
from .rules import ColumnRule, OutcomeRule

_CHANGED = ["source", "row", "value", "rule"]


def read_by_rules(
    df: pd.DataFrame,
    outcome: OutcomeRule,
    columns: Mapping[str, ColumnRule],
    unused: tuple[str, ...],
    *,
    checked: bool,
) -> MappedCohort:
    """See :meth:`CohortMapping.apply`."""
    _check_names(df, outcome, columns, unused)
    table = df.reset_index(drop=True)
    y, problems, dropped = _outcome(table[outcome.column], outcome)
    known = table[y.notna().to_numpy()]
    read = [ReadColumn(name, rule, known[name]) for name, rule in columns.items() if rule.read]
    values = {column.name: values_of(column, known) for column in read}
    problems += [problem for column in read for problem in column.problems]
    if not problems:
        problems += _clashes(read, values)
    if problems:
        told = "\n".join(f"- {problem.sentence()}" for problem in problems)
        raise ValueError(f"the file must agree with its mapping; got {len(problems)}:\n{told}")
    return MappedCohort(
        cohort=_cohort(read, values, y.dropna()),
        predictors=tuple(
            name for c in read if c.rule.use and c.rule.keep is None for name in _names(c.rule)
        ),
        labels={name: label for c in read for name, label in _labels(c.rule).items()},
        columns=_described(df, outcome, columns, values),
        n_given=len(df),
        n_used=len(known),
        dropped=pd.DataFrame(dropped, columns=["rule", "n", "rows"]),
        set_missing=pd.DataFrame([one for c in read for one in c.changed], columns=_CHANGED),
        checked=checked,
        outcome=outcome.column,
    )


def _check_names(
    df: pd.DataFrame,
    outcome: OutcomeRule,
    columns: Mapping[str, ColumnRule],
    unused: tuple[str, ...],
) -> None:
    until = [rule.until for rule in columns.values() if rule.until]
    wanted = [outcome.column, *columns, *until, *unused]
    absent = [name for name in dict.fromkeys(wanted) if name not in df.columns]
    new = [str(name) for name in df.columns if name not in wanted]
    if outcome.column in (*columns, *unused):
        raise ValueError(
            f"outcome must be no predictor; got {outcome.column!r} in both. Take it out of one."
        )
    if absent or new:
        told = [f"the file has no {', '.join(map(repr, absent[:20]))}"] * bool(absent)
        told += [f"the mapping does not name {', '.join(map(repr, new[:20]))}"] * bool(new)
        raise ValueError(
            f"the mapping must name the columns of the file; {' and '.join(told)}. Correct the "
            "names, and list what is not needed under unused."
        )


def _outcome(
    raw: pd.Series[Any], rule: OutcomeRule
) -> tuple[pd.Series[Any], list[Disagreement], list[tuple[str, int, str]]]:
    """0, 1 or NaN for each patient, what is wrong, and who is left out."""
    column = ReadColumn(raw.name if isinstance(raw.name, str) else "outcome", _AS_OUTCOME, raw)
    unknown = said(raw, rule.unknown) | raw.isna().to_numpy()
    values = by_values(raw, rule.values)
    values[unknown] = np.nan
    column.refuse(
        np.isnan(values) & ~unknown,
        "(the outcome) must be one of the values that the mapping names",
        "Add it to values (1 is malignancy, 0 none) or to unknown.",
    )
    if rule.when_unknown == "refuse":
        column.refuse(
            unknown,
            "(the outcome) must be known of every patient",
            'Write when_unknown = "exclude" to leave these patients out, counted.',
        )
        return pd.Series(values), column.problems, []
    rows = [int(row) + FIRST_ROW for row in np.flatnonzero(unknown)]
    dropped = [("outcome unknown", len(rows), ", ".join(map(str, rows)))] if rows else []
    return pd.Series(values), column.problems, dropped


_AS_OUTCOME = ColumnRule(keep="outcome")


def _clashes(read: list[ReadColumn], values: Mapping[str, Any]) -> list[Disagreement]:
    """Ages that contradict their band, and columns without a value."""
    by_name = {column.rule.name: column for column in read}
    problems = []
    for column in read:
        if column.rule.keep is None and np.isnan(values[column.name]).all():
            problems.append(
                Disagreement(
                    column.name,
                    "must hold some values",
                    [int(column.raw.index[0])] if len(column.raw) else [],
                    ["nothing"],
                    "Write use = false for an own column, or move it to unused.",
                )
            )
    age = by_name.get(vocabulary.AGE.key)
    band = by_name.get(vocabulary.AGE_BAND)
    if age and band:
        years = values[age.name]
        over = values[band.name]
        known = ~np.isnan(years) & ~np.isnan(over)
        band.refuse(
            known & ((years >= 50) != (over == 1)),
            f"must agree with {age.name!r}",
            "Move one of the two to unused.",
        )
        problems += band.problems
    return problems


def _names(rule: ColumnRule) -> tuple[str, ...]:
    """Columns of the cohort that a column of the file becomes: one, or one a level but the
    reference.
    """
    if rule.kind != "category":
        return (rule.name,)
    return tuple(f"{rule.name}_{_slug(level)}" for level in rule.levels[1:])


def _slug(level: str) -> str:
    return "".join(sign if sign.isalnum() else "_" for sign in level.strip().lower())


def _labels(rule: ColumnRule) -> dict[str, str]:
    if rule.key is not None:
        term = vocabulary.COLUMNS[rule.key]
        measured = rule.key in vocabulary.MEASURED
        return {rule.key: rule.label or f"{term.label} ({term.unit})" if measured else term.label}
    label = rule.label or rule.name.replace("_", " ").capitalize()
    if rule.kind == "category":
        levels = zip(_names(rule), rule.levels[1:], strict=True)
        return {name: f"{label}: {level}" for name, level in levels}
    return {rule.name: f"{label} ({rule.unit})" if rule.unit else label}


def _cohort(read: list[ReadColumn], values: Mapping[str, Any], y: pd.Series[Any]) -> Cohort:
    found: dict[str, Any] = {}
    for column in read:
        if column.rule.kind == "category":
            code = values[column.name]
            for k, name in enumerate(_names(column.rule), start=1):
                found[name] = np.where(np.isnan(code), np.nan, (code == k).astype(np.float64))
        else:
            found[column.rule.name] = values[column.name]
    index = pd.RangeIndex(len(y))
    kept = {c.rule.name: found.pop(c.rule.name) for c in read if c.rule.keep}
    own = [name for c in read if c.rule.own for name in _names(c.rule)]
    compact = {name: _compact(numbers) for name, numbers in found.items()}

    def table(names: Iterable[str]) -> pd.DataFrame:
        return pd.DataFrame({n: compact[n] for n in names if n in compact}, index=index)

    return Cohort(
        predictors=table((*vocabulary.PREDICTORS, *own)),
        outcome=pd.Series(y.to_numpy(np.int8), index=index, name="outcome"),
        tests=table(vocabulary.TESTS),
        other=pd.DataFrame(kept, index=index) if kept else None,
    )


def _compact(values: FloatArray) -> Any:
    """int8 for complete yes/no columns, float with NaN otherwise."""
    return values.astype(np.int8) if np.isin(values, (0, 1)).all() else values


def _described(
    df: pd.DataFrame,
    outcome: OutcomeRule,
    columns: Mapping[str, ColumnRule],
    values: Mapping[str, Any],
) -> pd.DataFrame:
    rows = []
    for name in map(str, df.columns):
        rule = columns.get(name)
        if name == outcome.column:
            rows.append((name, "outcome", "Outcome", "yes_no", "", "outcome", 0, ""))
        elif rule is None or not rule.read:
            rows.append((name, "", "", "", "", "unused", 0, ""))
        else:
            rows.append(_row(name, rule, values[name]))
    names = ["source", "column", "label", "kind", "unit", "used", "missing", "rule"]
    return pd.DataFrame(rows, columns=names)


def _row(name: str, rule: ColumnRule, values: Any) -> tuple[Any, ...]:
    used = "predictor" if rule.use else "described"
    kind: str = rule.kind or ("yes_no" if rule.yes_no else "number")
    if rule.keep:
        used = "kept"
        kind = ""
    unit = rule.unit or (vocabulary.COLUMNS[rule.key].unit if rule.key else "")
    label = rule.label or ", ".join(_labels(rule).values())
    told = ", ".join(
        f"{key} {getattr(rule, key):g}"
        for key in ("yes_from", "yes_below", "up_to", "factor")
        if getattr(rule, key) not in (None, 1.0)
    )
    return (
        name,
        ", ".join(_names(rule)),
        label,
        kind,
        unit,
        used,
        int(pd.isna(values).sum()),
        told,
    )
