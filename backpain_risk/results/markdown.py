"""Tables and text in Markdown, where a name is shown as it is and breaks nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def as_markdown(text: str) -> str:
    """Text of any origin on one line: no HTML, no link, no further cell of a table.

    Examples
    --------
    >>> print(as_markdown("a | b <script>"))
    a \\| b &lt;script&gt;
    """
    plain = escape(_UNSEEN.sub(" ", text), quote=False)
    return re.sub(r"([\\`|])", r"\\\1", plain).replace("](", "]\\(")


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its first row of names.

    Examples
    --------
    >>> print(markdown_table(["a", "b"], [["1", "2"]]))
    | a | b |
    |:--|:--|
    | 1 | 2 |
    """
    lines = ["| " + " | ".join(map(as_markdown, cells)) + " |" for cells in (columns, *rows)]
    return "\n".join([lines[0], "|:--" * len(columns) + "|", *lines[1:]])
