"""What the columns of a file may mean, guessed from names and values for a person to check."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ... import vocabulary
from ..own import UNITS

WORDS = {
    "age_years": r"age|age_y(ea)?rs?|age_(at|in)_.*|patient_age",
    "male": r"sex|gender|male|female|is_male|is_female",
    "age_50_or_over": r"(age|over)_?(ge_?|over_?)?50.*",
    "history_of_cancer": r".*(hist|hx|prior|previous|past|known).*(cancer|malig|tumou?r).*"
    r"|.*(hist|hx|prior|previous|past|known)\w*_ca|(cancer|malig\w*|tumou?r|ca)_(hist\w*|hx)",
    "unexplained_weight_loss": r".*(weight|wt)_?loss.*",
    "failure_to_improve": r".*(fail|no|not|without).*improv.*",
    "no_relief_with_rest": r".*(no|not|un|without)_?relie.*",
    "night_pain": r".*(night_?pain|nocturnal|pain.*night).*",
    "fever_or_night_sweats": r".*(fever|sweats?).*",
    "neurological_deficit": r".*neuro.*|.*(motor|sensory).*(deficit|loss)|numbness",
    "bladder_or_bowel_dysfunction": r".*(bladder|bowel|incontinence|sphincter).*",
    "radicular_pain": r".*radicul.*|.*sciatica.*|leg_pain",
    "pain_varies_with_movement": r".*(pain|varies).*movement.*|mechanical_pain",
    "weight_bearing_pain": r".*weight_?bearing.*",
    "esr_mm_h": r"esr.*|.*sed(imentation)?_rate.*|bsg",
    "haematocrit_percent": r".*ha?ematocrit.*|hct.*|pcv.*",
    "white_cell_count_10e9_l": r"wbc.*|.*white_(blood_)?cells?.*|.*leu[ck]ocytes?.*",
    "xray_lesion": r"x_?ray.*|.*radiograph.*",
    "ct_positive": r"ct|ct_(scan|result|positive|spine)",
    "mri_positive": r"mri?|mri?_(scan|result|positive|spine)",
}
OUTCOME = r"cancer|malignan(cy|t)|outcome|tumou?r|(final|confirmed|spinal)_.*(cancer|malig\w*)"
SITE = r"site|hospital|cent(er|re)|clinic|practice|site_.*|hospital_.*"
BIRTH = r".*birth.*|dob"
VISIT = r".*(visit|index|presentation|consult|admission|attend).*(date|day|on)?|date"
YES = ("y", "yes", "true", "t", "present", "pos", "positive", "1")
NO = ("n", "no", "false", "f", "absent", "neg", "negative", "0")
MALE = ("m", "male", "man")
FEMALE = ("f", "female", "w", "woman")
UNKNOWN = ("u", "unk", "unknown", "?", "nk", "nd", "not known", "not recorded", "n/k", "-")
DATES = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y")
_MOST_LEVELS = 6


@dataclass(frozen=True, eq=False)
class Guess:
    """One column: the rule's lines, and why a person must look (``doubt``), which leaves the
    column unread.
    """

    column: str
    lines: tuple[str, ...] = ()
    doubt: str = ""


def plain_name(name: str) -> str:
    """Words of a name joined by underscores, in small letters."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")


def matching(name: str) -> list[str]:
    """Keys of the vocabulary that a name may mean."""
    plain = plain_name(name)
    if plain in vocabulary.COLUMNS:
        return [plain]
    return [key for key, pattern in WORDS.items() if re.fullmatch(pattern, plain)]


def words_of(values: pd.Series[Any]) -> list[str]:
    """Distinct values as text, whole numbers without a point, most frequent first."""
    text = [f"{v:g}" if isinstance(v, float) else str(v).strip() for v in values.dropna()]
    return [str(word) for word in pd.Series(text, dtype=object).value_counts().index]


def coded(words: list[str], yes: tuple[str, ...], no: tuple[str, ...]) -> tuple[str, str] | None:
    """Lines ``values`` and ``missing`` for these words, or None where one is neither."""
    told = {w: 1 for w in words if w.lower() in yes} | {w: 0 for w in words if w.lower() in no}
    rest = [w for w in words if w not in told]
    if any(w.lower() not in UNKNOWN for w in rest) or not told:
        return None
    once = {w.lower(): (w, value) for w, value in reversed(told.items())}
    listed = ", ".join(f"{quoted(w)} = {value}" for w, value in reversed(once.values()))
    return f"values = {{ {listed} }}", f"[{', '.join(map(quoted, rest))}]" if rest else ""


def quoted(text: str) -> str:
    """A TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def key_guess(name: str, key: str, values: pd.Series[Any]) -> Guess:
    """The rule of a column that means a word of the vocabulary."""
    head = f"key = {quoted(key)}"
    if key not in vocabulary.YES_NO:
        return _measured(name, key, head, values)
    words = words_of(values)
    yes, no = (MALE, FEMALE) if key == "male" else (YES, NO)
    pair = coded(words, yes, no)
    if pair is None and key == "male" and "male" in plain_name(name):
        pair = coded(words, NO, YES) if "female" in plain_name(name) else coded(words, YES, NO)
    if pair is not None:
        missing = (f"missing = {pair[1]}",) if pair[1] else ()
        return Guess(name, (head, pair[0], *missing))
    if _numeric(values) is not None and key == "unexplained_weight_loss":
        unit = next((u for u in ("kg", "lb") if u in plain_name(name).split("_")), None)
        if unit:
            limit = {"kg": 4.5, "lb": 10.0}[unit]
            return Guess(name, (head, f"yes_from = {limit:g}", f"unit = {quoted(unit)}"))
    return Guess(name, (head,), f"which of {_few(words)} mean yes and no")


def _measured(name: str, key: str, head: str, values: pd.Series[Any]) -> Guess:
    term = vocabulary.MEASURED[key]
    numbers = _numeric(values)
    if numbers is None:
        return Guess(name, (head,), f"how {_few(words_of(values))} are numbers")
    unit = _unit(key, term, numbers)
    if unit is None:
        return Guess(name, (head,), f"in which unit ({', '.join(UNITS[key])}) {_few(numbers)} are")
    lines = [head, f"unit = {quoted(unit)}"]
    scaled = numbers * UNITS[key][unit]
    if UNITS[key][unit] == 1 and term.between_steps(scaled).any():
        lines.append("round = true")
    bad = np.flatnonzero(term.outside(np.round(scaled, 1)))
    if bad.size:
        rows = values.index[values.notna()][bad]
        named = ", ".join(
            f"{numbers[i]:g} at row {row + 2}" for i, row in zip(bad[:5], rows[:5], strict=True)
        )
        lines.append(
            f'outside = "refuse"  # LOOK: outside {term.low:g} to {term.high:g} {term.unit}: '
            f'{named}{" and more" if bad.size > 5 else ""}; correct the file, or write "missing"'
        )
    return Guess(name, tuple(lines))


def _unit(key: str, term: vocabulary.Measurement, numbers: Any) -> str | None:
    """The only unit in which nearly all values lie in the range; None where there are several or
    none.
    """
    allowed = max(1, numbers.size // 20)
    fits = [
        unit
        for unit, factor in UNITS[key].items()
        if len(set(UNITS[key].values())) == 1
        or np.sum(term.outside(np.round(numbers * factor, 1))) <= allowed
    ]
    factors = {UNITS[key][unit] for unit in fits}
    return fits[0] if len(factors) == 1 else None


def _numeric(values: pd.Series[Any]) -> Any:
    """The values that are there as numbers; None where one is no number."""
    there = values.dropna()
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(
        there.dtype
    ):
        return None
    numbers = pd.to_numeric(there, errors="coerce").to_numpy(np.float64)
    return numbers if numbers.size and np.isfinite(numbers).all() else None


def own_guess(name: str, values: pd.Series[Any]) -> Guess | None:
    """The rule of a column that the vocabulary lacks, not used until a person says so; None where
    it is no predictor (an identifier, a date, free text).
    """
    words = words_of(values)
    numbers = _numeric(values)
    slug = re.sub(r"^[^a-z]+", "", plain_name(name))[:40]
    if not words or not slug:
        return None
    start = (f"own = {quoted(slug)}", "use = false  # true makes it a predictor")
    label = f"label = {quoted(name)}"
    pair = coded(words, YES, NO)
    if pair is not None and len(words) > 1:
        missing = (f"missing = {pair[1]}",) if pair[1] else ()
        return Guess(name, (*start, 'kind = "yes_no"', label, pair[0], *missing))
    if numbers is not None:
        serial = numbers.size > 10 and np.unique(numbers).size == numbers.size
        if serial and np.all(numbers == np.round(numbers)):
            return None
        seen = f"values run from {numbers.min():g} to {numbers.max():g}"
        unit = f'unit = ""  # LOOK: {seen}; write the unit, and low = and high = to refuse others'
        return Guess(name, (*start, 'kind = "number"', label, unit))
    if 2 <= len(words) <= min(_MOST_LEVELS, values.notna().sum() // 2) and not _dates(values):
        known = [w for w in words if w.lower() not in UNKNOWN]
        rest = [w for w in words if w.lower() in UNKNOWN]
        if len(known) < 2:
            return None
        levels = f"levels = [{', '.join(map(quoted, known))}]  # the first is the reference"
        missing = (f"missing = [{', '.join(map(quoted, rest))}]",) if rest else ()
        return Guess(name, (*start, 'kind = "category"', label, levels, *missing))
    return None


def _dates(values: pd.Series[Any]) -> list[str]:
    """Formats in which every value is a date."""
    there = values.dropna()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return [DATES[0]]
    if not len(there) or not isinstance(there.iloc[0], str):
        return []
    text = there.astype("string").str.strip()
    return [
        style
        for style in DATES
        if pd.to_datetime(text, format=style, errors="coerce").notna().all()
    ]


def age_guess(df: pd.DataFrame, names: list[str]) -> Iterator[Guess]:
    """The rule that makes an age of a date of birth and a date of the visit."""
    dated = {name: styles for name in names if (styles := _dates(df[name]))}
    born = [n for n in dated if re.fullmatch(BIRTH, plain_name(n))]
    then = [n for n in dated if n not in born and re.fullmatch(VISIT, plain_name(n))]
    if len(born) != 1:
        return
    head = 'key = "age_years"'
    if len(then) != 1:
        yield Guess(born[0], (head,), "until which date the age is to be counted")
        return
    styles = [s for s in dated[born[0]] if s in dated[then[0]]]
    lines = (head, f"until = {quoted(then[0])}")
    if len(styles) != 1:
        yield Guess(born[0], lines, f"which format the dates have ({', '.join(dated[born[0]])})")
        return
    yield Guess(born[0], (*lines, f"format = {quoted(styles[0])}"))


def _few(values: Any) -> str:
    told = [f"{v:g}" if isinstance(v, float) else str(v)[:40] for v in list(values)[:4]]
    return ", ".join(told) + (" ..." if len(values) > 4 else "")
