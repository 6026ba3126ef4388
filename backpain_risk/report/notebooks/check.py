"""Is a report what its notebooks say, and does it stand alone?"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .build import build_report
from .choices import Setting
from .prose import format_value

RELATIVE = 1e-5
ABSOLUTE = 1e-9
"""Difference allowed to a number: rounding, and six digits kept."""

ERRORS = 7.0
"""Monte-Carlo standard errors allowed besides, where a number has one: five of the difference of
two runs.

On one machine a second build gives the same bytes. Draws of the package are the same on any
processor but those of the no-U-turn sampler, whose chains part after rounding; what comes from
these is recorded with its Monte-Carlo error.
"""

_SHOWN = 10
README_FIGURES = ("calibration", "decision-curve")
_LOADING = {
    "img": ("src", "srcset"),
    "script": ("src",),
    "link": ("href",),
    "iframe": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "use": ("href", "xlink:href"),
    "image": ("href", "xlink:href"),
    "form": ("action",),
}


class _Page(HTMLParser):
    """Collects what a page loads, and the values it quotes."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.values: list[tuple[str, str, str]] = []
        self._open: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.loads += [
            given[name]
            for name in _LOADING.get(tag, ())
            if given.get(name) and not _inside(given[name])
        ]
        self.loads += _css_loads(given.get("style", ""))
        if tag == "span" and "data-key" in given:
            self._open = (given["data-key"], given.get("data-format", ""))

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.values.append((*self._open, data.strip()))
            self._open = None


def _inside(address: str) -> bool:
    return address.startswith(("data:", "#"))


def _css_loads(css: str) -> list[str]:
    found = re.findall(r"url\(\s*['\"]?([^'\")]+)", css) + re.findall(
        r"@import\s+['\"]([^'\"]+)", css
    )
    return [address for address in found if not _inside(address)]


def page_problems(html: str, results: dict[str, Any]) -> list[str]:
    """Outside resources a page would load, and quoted values that differ from the results."""
    page = _Page()
    page.feed(html)
    loads = page.loads + [
        a
        for css in re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
        for a in _css_loads(css)
    ]
    problems = [f"the page loads {address[:80]}; everything must be embedded." for address in loads]
    for key, specification, shown in page.values:
        expected = (
            format_value(results[key], specification) if key in results else "nothing recorded"
        )
        if shown != expected:
            problems.append(f"the page shows {shown} for {key}; results.json gives {expected}.")
    if not page.values:
        problems.append("the page quotes no recorded value.")
    return problems


def result_problems(
    kept: dict[str, Any], built: dict[str, Any], mcse: dict[str, float]
) -> list[str]:
    """Results that differ beyond tolerance, or exist on one side only; ``mcse`` are the
    Monte-Carlo errors kept.
    """
    problems = [f"{key} is kept but not built." for key in sorted(set(kept) - set(built))]
    problems += [f"{key} is built but not kept." for key in sorted(set(built) - set(kept))]
    for key in sorted(set(kept) & set(built)):
        if not _agree(kept[key], built[key], mcse.get(key, 0.0)):
            error = f" (Monte-Carlo error {mcse[key]})" if key in mcse else ""
            problems.append(
                f"{key} is {kept[key]}{error} in results.json; a new build gives {built[key]}."
            )
    return problems


def _agree(a: Any, b: Any, error: float) -> bool:
    if isinstance(a, bool | str) or isinstance(b, bool | str):
        return bool(a == b)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=max(ABSOLUTE, ERRORS * error))


def compare_with_reference(reports: Path) -> None:
    """Raise when a build's numbers or claims differ from those kept in ``reference/``, beyond
    tolerance.
    """
    reference = reports / "reference" / "results.json"
    if not reference.is_file():
        return
    kept = json.loads(reference.read_text("utf-8"))
    built = json.loads((reports / "results.json").read_text("utf-8"))
    if kept["setting"] != built["setting"]:
        return
    _refuse(_differences(kept, built))


def _differences(kept: dict[str, Any], built: dict[str, Any]) -> list[str]:
    problems = result_problems(kept["results"], built["results"], kept["mcse"])
    if set(kept["mcse"]) != set(built["mcse"]):
        problems.append("the results with a Monte-Carlo error differ.")
    for key in sorted(set(kept["claims"]) | set(built["claims"])):
        if kept["claims"].get(key) != built["claims"].get(key):
            problems.append(f"the claim {key} is another sentence now.")
    return problems


def _refuse(problems: list[str]) -> None:
    if problems:
        shown = " ".join(problems[:_SHOWN])
        more = f" And {len(problems) - _SHOWN} more." if len(problems) > _SHOWN else ""
        raise ValueError(
            f"the report must agree with its reference and stand alone; got: {shown}{more}"
        )


def check_report(notebooks: Path, reports: Path) -> None:
    """Build elsewhere and compare with what is kept and what was built; raise with the problems.

    The reference must agree within tolerance, and the page kept with it must show its numbers and
    load nothing. A build in ``reports`` of the same commit must be the same, byte for byte.
    """
    reference = reports / "reference"
    kept = json.loads((reference / "results.json").read_text("utf-8"))
    problems = []
    for page in sorted(reference.glob("*.html")):
        problems += page_problems(page.read_text("utf-8"), kept["results"])
    with TemporaryDirectory() as folder:
        build_report(notebooks, Path(folder))
        built = json.loads((Path(folder) / "results.json").read_text("utf-8"))
        problems += _bytes_that_differ(Path(folder), reports)
    _refuse(problems + _differences(kept, built))


def _bytes_that_differ(built: Path, reports: Path) -> list[str]:
    """Files of an earlier build, of the same setting, that a new build makes otherwise."""
    earlier = reports / "results.json"
    if not earlier.is_file():
        return []
    if json.loads(earlier.read_text("utf-8"))["setting"] != Setting().as_kept():
        return []
    return [
        f"{path.relative_to(built)} differs from an earlier build; build again."
        for path in sorted(built.rglob("*"))
        if path.is_file() and not _same(path, reports / path.relative_to(built))
    ]


def _same(a: Path, b: Path) -> bool:
    return b.is_file() and a.read_bytes() == b.read_bytes()


def keep_reference(reports: Path, figures: Sequence[str] = README_FIGURES) -> None:
    """Make what was built the reference: results, documents and the figures that README shows."""
    reference = reports / "reference"
    (reference / "figures").mkdir(parents=True, exist_ok=True)
    documents = [page for page in reports.glob("*.html") if page.with_suffix(".pdf").is_file()]
    for path in [reports / "results.json", *sorted(documents)]:
        (reference / path.name).write_bytes(path.read_bytes())
    for name in figures:
        kept = reports / "figures" / f"{name}.svg"
        (reference / "figures" / kept.name).write_bytes(kept.read_bytes())
