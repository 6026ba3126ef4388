"""What is wrong with a scenario, one sentence a problem: the key, the rule, what came, what to
do.
"""

from __future__ import annotations

from typing import Any

_RULES = {
    "greater_than": "be more than {gt}",
    "greater_than_equal": "be at least {ge}",
    "less_than": "be less than {lt}",
    "less_than_equal": "be at most {le}",
    "missing": "be given",
    "float_parsing": "be a number",
    "float_type": "be a number",
    "string_type": "be text",
    "model_type": "be a table",
    "dict_type": "be a table",
    "literal_error": "be one of {expected}",
    "finite_number": "be a finite number",
    "bool_type": "be true or false",
    "tuple_type": "be a list",
}

_LONGEST = 80  # characters of a value or name that a message repeats
_FEW = 20  # names


def sentence(problem: Any, file: str = "scenario") -> str:
    """One sentence for one problem of a file: the key, the rule, what came, what to do."""
    where = shortened(".".join(map(str, problem["loc"]))) or "the file"
    context = problem.get("ctx", {})
    if problem["type"] == "extra_forbidden":
        return f"{where} is not a key of a {file}; remove it or check its spelling."
    if problem["type"] == "value_error":
        return f"{where}: {context['error']}; mend these."
    rule = _RULES.get(problem["type"], problem["msg"]).format(**context)
    got = "nothing" if problem["type"] == "missing" else _short(problem["input"])
    return f"{where} must {rule}; got {got}{_remedy(problem['type'])}."


def _remedy(kind: str) -> str:
    if kind in ("model_type", "dict_type"):
        return "; write it as a table of keys and values"
    numeric = kind.startswith(("greater", "less", "float", "finite"))
    return "; probabilities are fractions, not percentages" if numeric else "; check its spelling"


def _short(value: object) -> str:
    """What came, in few words."""
    text = (
        repr(value) if isinstance(value, (str, int, float, bool)) else f"a {type(value).__name__}"
    )
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text)} characters)"


def named(keys: list[str]) -> str:
    """The first few names, for a message."""
    few = ", ".join(map(shortened, keys[:_FEW]))
    return few if len(keys) <= _FEW else f"{few} and {len(keys) - _FEW} more"


def shortened(name: str) -> str:
    """A name for a message."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
