"""A first mapping of a file, every guess marked for a person to check."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from ...numerics.checks import check_kind, check_name, check_table
from .guess import (
    NO,
    OUTCOME,
    SITE,
    YES,
    Guess,
    age_guess,
    coded,
    key_guess,
    matching,
    own_guess,
    plain_name,
    quoted,
    words_of,
)

_HEAD = """\
# What the columns of {source} mean. Written by guessing from names and values: check every line.
# "guess" marks what was guessed; columns in doubt are commented out, with the question to answer.
# key = a word of the vocabulary; own = a predictor it lacks; keep = kept beside, such as the site.
checked = false  # write true once you have checked every line; reports say so until then
"""

_PLACE = "site"


@dataclass(frozen=True, eq=False, kw_only=True)
class SuggestedMapping:
    """A mapping to be checked.

    Attributes
    ----------
    text : str
        TOML, for a file that a person corrects and :func:`load_mapping` reads.
    doubtful : DataFrame
        Columns column and question: what could mean several things and was left out.
    unused : tuple of str
        Columns that seem to be no predictors.
    """

    text: str
    doubtful: pd.DataFrame
    unused: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """What a person must decide: column and question."""
        return self.doubtful

    def __repr__(self) -> str:
        return self.text


def suggest_mapping(
    df: pd.DataFrame, *, outcome: str | None = None, source: str = "the file"
) -> SuggestedMapping:
    """Guess what the columns of a table mean, for a person to check.

    Parameters
    ----------
    df : DataFrame
        One row per patient, as :func:`read_table` gives it.
    outcome : str, optional
        Column of the outcome; sought by its name when None.
    source : str
        What the text calls the table.

    Returns
    -------
    SuggestedMapping
        Nothing that could mean two things is guessed: two columns for one word, codes such as 1
        and 2, dates that may be of two formats are left as comments and named in ``doubtful``.
        Columns that the vocabulary lacks are declared with ``use = false``.

    Examples
    --------
    >>> df = pd.DataFrame({"cancer": ["N", "Y"], "Sex": ["F", "M"], "Night pain": [1, 2]})
    >>> suggest_mapping(df).doubtful.question.tolist()
    ['which of 1, 2 mean yes and no']
    """
    check_table("df", df)
    check_kind("source", source, str, "Pass the name of the file, or leave it out.")
    if outcome is not None:
        check_name("outcome", outcome)
    table = df.reset_index(drop=True).rename(columns=str)
    if outcome is not None and outcome not in table.columns:
        raise ValueError(
            f"outcome must be a column of the table; got {outcome!r}. It has "
            f"{', '.join(table.columns[:20])}."
        )
    chosen, lines, doubt = _outcome(table, outcome)
    guesses, unused = _columns(table, [n for n in table.columns if n != chosen])
    parts = [_HEAD.format(source=" ".join(source.split())), lines, *map(_section, guesses)]
    listed = ",\n".join(f"  {quoted(name)}" for name in unused)
    parts.insert(1, f"unused = [{f'{chr(10)}{listed},{chr(10)}' if unused else ''}]  # not read")
    told = [(g.column, g.doubt) for g in guesses if g.doubt]
    return SuggestedMapping(
        text="\n\n".join(parts).replace("\n\n\n", "\n\n") + "\n",
        doubtful=pd.DataFrame([*doubt, *told], columns=["column", "question"]),
        unused=tuple(unused),
    )


def _outcome(df: pd.DataFrame, given: str | None) -> tuple[str, str, list[tuple[str, str]]]:
    """The column of the outcome, its section, and what is in doubt."""
    named = [n for n in df.columns if re.fullmatch(OUTCOME, plain_name(n))]
    if given is None and len(named) != 1:
        question = f"which column is the outcome{': ' * bool(named)}{', '.join(named)}"
        section = f'# LOOK: {question}\n# [outcome]\n# column = ""\n# values = {{ }}'
        return "", section, [("outcome", question)]
    column = given or named[0]
    head = f"[outcome]\ncolumn = {quoted(column)}{'' if given else '  # guess'}"
    exclude = 'when_unknown = "exclude"  # guess; counted in every report'
    pair = coded(words_of(df[column]), YES, NO)
    if pair is None:
        question = f"which of {', '.join(words_of(df[column])[:6])} mean malignancy and none"
        return column, f"{head}\n# LOOK: {question}\n# values = {{ }}", [(column, question)]
    unknown = [f"unknown = {pair[1]}  # guess"] * bool(pair[1])
    when = [exclude] * bool(pair[1] or df[column].isna().any())
    return column, "\n".join([head, f"{pair[0]}  # guess", *unknown, *when]), []


def _columns(df: pd.DataFrame, names: list[str]) -> tuple[list[Guess], list[str]]:
    """A guess for each column that may be a predictor, and the other columns."""
    meant = {name: matching(name) for name in names}
    dated = {g.column: g for g in age_guess(df, [n for n in names if not meant[n]])}
    if any("age_years" in keys for keys in meant.values()):
        dated = {}
    claims = Counter(key for keys in meant.values() for key in keys)
    claims[_PLACE] = sum(re.fullmatch(SITE, plain_name(n)) is not None for n in names)
    guesses: list[Guess] = []
    unused: list[str] = []
    for name in names:
        found = dated.get(name) or _guess(df, name, meant[name], claims)
        guesses += [found] if found else []
        unused += [] if found and not found.doubt else [name]
    return guesses, unused


def _guess(df: pd.DataFrame, name: str, keys: list[str], claims: Counter[str]) -> Guess | None:
    if len(keys) > 1:
        return Guess(name, (f"key = {quoted(keys[0])}",), f"which it is: {', '.join(keys)}")
    if keys and claims[keys[0]] > 1:
        return Guess(name, (f"key = {quoted(keys[0])}",), f"which of several columns is {keys[0]}")
    if keys:
        return key_guess(name, keys[0], df[name])
    if re.fullmatch(SITE, plain_name(name)):
        return Guess(name, ('keep = "site"',)) if claims[_PLACE] == 1 else None
    return own_guess(name, df[name])


def _section(guess: Guess) -> str:
    lines = list(_marked([f"[columns.{quoted(guess.column)}]", *guess.lines]))
    if not guess.doubt:
        return "\n".join(lines)
    asked = f"# LOOK: {guess.doubt}? Then take the name out of unused."
    return "\n".join([asked, *(f"# {line}" for line in lines)])


def _marked(lines: list[str]) -> Iterator[str]:
    """Every line but the first and those with a comment of their own is a guess."""
    yield lines[0]
    for line in lines[1:]:
        yield line if "  # " in line or line.startswith("label") else f"{line}  # guess"
