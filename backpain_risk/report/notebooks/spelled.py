"""Numbers written as words, which are results as much as digits are.

Refused is a cardinal above two, a share ("a third of", "half of", "one in ten", "two per cent") and
a multiple ("tenfold"). Allowed are one and two as counts, ordinals ("the third study", "second"),
and idioms: the base rate as people say it ("one in a hundred"), the flag "fifty or over".
"""

from __future__ import annotations

import re

_CARDINAL = (
    "three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    "|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred"
    "|thousand|million|dozen"
)
_PART = (
    "half|thirds?|quarters?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|twentieths?"
    "|fiftieths?|hundredths?|thousandths?"
)
_IDIOMS = re.compile(
    r"\bone (?:new )?(?:\w+ ){0,5}in a hundred\b|\b(?:aged )?fifty or (?:over|more|older)\b"
    r"|\bone hundred percent\b",
    re.IGNORECASE,
)
_NUMBER_WORDS = re.compile(
    rf"\b(?:{_CARDINAL})s?\b"
    rf"|\b(?:one|two) (?:per ?cent\b|in (?:{_CARDINAL})\b|(?:{_PART})\b)"
    rf"|\b(?:a|an) (?:{_PART})\b(?= of\b|[.,;:)]|$)"
    r"|\bhalf\b(?![ -](?:hidden|open)\b)|\b\w+fold\b(?<=[eonty]fold)",
    re.IGNORECASE,
)


def number_words(prose: str) -> list[str]:
    """Words of the text that state a number and may not.

    Examples
    --------
    >>> number_words("seven per cent of the third study, a fiftieth of all")
    ['seven', 'a fiftieth']
    >>> number_words("About one new episode in a hundred; two studies; fifty or over")
    []
    """
    plain = " ".join(prose.split())
    return [match.group(0) for match in _NUMBER_WORDS.finditer(_IDIOMS.sub(" ", plain))]
