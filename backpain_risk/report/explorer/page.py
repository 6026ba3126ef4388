"""One self-contained page from exported scenarios."""

from __future__ import annotations

import html
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ... import vocabulary
from ...files import write_atomically
from ...numerics.checks import as_generator, check_count, check_kind, check_path
from ...numerics.values import shown
from ...scenario.scenario import Scenario
from ...scenario.structure.structure import Structure
from .scenario_export import at_base_rate, drawn_structures, exported

_PROGRAM = ("engine.js", "words.js", "rounding.js", "drawing.js", "page.js")
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE | re.DOTALL)


def write_explorer(
    scenarios: Sequence[Scenario],
    path: str | Path,
    n_draws: int = 200,
    *,
    rng: int | np.random.SeedSequence = 0,
) -> None:
    """Write the explorer: one HTML file that asks for nothing from outside.

    Parameters
    ----------
    scenarios : sequence of Scenario
        The settings a reader can choose from, the first one shown first.
    path : path of an HTML file
        The page to write.
    n_draws : int, default 200
        Draws behind the page's limits, the same accuracies in every scenario.
    rng : int or SeedSequence, default 0
        Seed of the draws, the same for each scenario.

    Raises
    ------
    ValueError
        For what is no list of scenarios, no path, or a number of draws that is none.
    """
    _check_scenarios(scenarios)
    target = check_path("path", path)
    check_count("n_draws", n_draws, 0)
    as_generator(rng)
    contents = [exported(s, draws) for s, draws in _all_drawn(scenarios, n_draws, rng)]
    pool: dict[str, int] = {}
    kept = [_pooled(content, pool) for content in contents]
    data = json.dumps({"pool": list(pool), "scenarios": kept}, separators=(",", ":"))
    data = data.replace("<", "\\u003c")  # no closing tag inside
    parts = {
        "STYLE": _part("page.css"),
        "NOTICE": html.escape(vocabulary.NOTICE),
        "CRC32": f"{zlib.crc32(data.encode()):08x}",
        "DATA": data,
        "PROGRAM": "\n".join(_script(name) for name in _PROGRAM),
    }
    page = re.sub(r"/\*([A-Z0-9]+)\*/", lambda match: parts[match[1]], _part("page.html"))
    write_atomically(target, lambda part: part.write_text(page, "utf-8"))


def _check_scenarios(scenarios: Sequence[Scenario]) -> None:
    if not isinstance(scenarios, (list, tuple)) or not scenarios:
        raise ValueError(
            f"scenarios must be a list of one or more Scenario; got {shown(scenarios)}. Pass for "
            'example [load_scenario("primary_care")].'
        )
    for scenario in scenarios:
        check_kind("each of scenarios", scenario, Scenario, "Load one with load_scenario.")


_OF_BASE_RATE = {"name", "title", "description", "setting"} | {
    f"base_rate{part}" for part in ("", "_interval", "_status")
}


def _all_drawn(
    scenarios: Sequence[Scenario], n_draws: int, rng: Any
) -> Iterator[tuple[Scenario, list[Structure]]]:
    """Each scenario with its draws; those that differ in base rate only are calibrated once."""
    found: dict[str, list[Structure]] = {}
    for scenario in scenarios:
        shared = scenario.model_dump_json(exclude=_OF_BASE_RATE)
        if shared in found:
            yield scenario, at_base_rate(found[shared], scenario, rng)
        else:
            found[shared] = drawn_structures(scenario, n_draws, rng)
            yield scenario, found[shared]


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _script(name: str) -> str:
    """A module without its imports and exports: all of them share one scope in the page."""
    return re.sub(r"^export ", "", _IMPORT.sub("", _part(name)), flags=re.MULTILINE)


def _pooled(value: Any, pool: dict[str, int]) -> Any:
    """Arrays replaced by their place in a list that holds each once."""
    if isinstance(value, list):
        return [_pooled(part, pool) for part in value]
    if not isinstance(value, dict):
        return value
    result = {key: _pooled(part, pool) for key, part in value.items() if key != "data"}
    if "data" in value:
        result["pooled"] = pool.setdefault(value["data"], len(pool))
    return result
