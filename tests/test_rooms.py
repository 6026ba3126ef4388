"""Imports go one way, and importing the package loads nothing heavy."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import backpain_risk

ROOT = Path(backpain_risk.__file__).parent
LOWEST = {"files", "numerics"}
BELOW = LOWEST | {"results", "vocabulary", "evidence", "scenario", "cohort", "models", "measures"}
ABOVE = {"validation", "pathways", "planning"}
EVERYTHING = BELOW | ABOVE | {"plots", "report"}
ALLOWED = {
    "files": set(),
    "results": set(),
    "numerics": {"results"},
    "vocabulary": {"numerics"},
    "evidence": {"numerics", "results", "vocabulary"},
    "scenario": {"numerics", "results", "vocabulary", "evidence"},
    "cohort": LOWEST | {"results", "vocabulary", "evidence", "scenario"},
    "models": LOWEST | {"results", "vocabulary", "evidence"},
    "measures": {"numerics", "results"},
    "validation": BELOW,
    "pathways": {"numerics", "results", "vocabulary", "evidence", "scenario"},
    "planning": BELOW - {"files", "measures"},
    "plots": EVERYTHING - {"report"},
    "report": EVERYTHING,
    "cli": EVERYTHING,
    "__init__": EVERYTHING,
}
SAMPLER = {
    "numerics/sampling/nuts.py",
    "numerics/sampling/laplace.py",
    "evidence/pooling/accuracy_by_sampling.py",
} | {
    f"models/bayesian/{part}.py"
    for part in ("density", "sampling", "standard_check", "calibration_by_simulation")
}
SAMPLER_MODULES = ("nuts", "laplace")


def modules():
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8")))
        for path in ROOT.rglob("*.py")
    ]


def room(path: str) -> str:
    return path.split("/")[0].removesuffix(".py")


def runtime_imports(tree: ast.Module) -> list[ast.Import | ast.ImportFrom]:
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    return [
        n
        for n in ast.walk(tree)
        if isinstance(n, (ast.Import, ast.ImportFrom)) and id(n) not in typing_only
    ]


def own_rooms(path: str, node: ast.Import | ast.ImportFrom) -> set[str]:
    """Rooms of this package that an import reaches."""
    if not isinstance(node, ast.ImportFrom) or node.level == 0:
        return set()
    depth = path.count("/") + 1 - node.level
    base = path.split("/")[:depth]
    if base:
        return {base[0]}
    targets = [node.module.split(".")[0]] if node.module else [alias.name for alias in node.names]
    return {t for t in targets if t != "__version__"}


@pytest.mark.parametrize(("path", "tree"), modules(), ids=[path for path, _ in modules()])
def test_imports_go_one_way(path, tree):
    mine = room(path)
    reached = {r for node in runtime_imports(tree) for r in own_rooms(path, node)} - {mine}
    assert reached <= ALLOWED[mine]


def import_graph(sources: dict[str, str]) -> dict[str, set[str]]:
    """Which modules each module imports, anywhere in its text: inside functions and for type
    checkers only, too. Keys of ``sources`` are paths from the package's root.
    """
    modules = {
        path.removesuffix(".py").removesuffix("__init__").strip("/"): path for path in sources
    }
    return {
        path: {
            modules[name]
            for node in ast.walk(ast.parse(source))
            for name in _imported(path, node, set(modules))
        }
        - {path}
        for path, source in sources.items()
    }


def _imported(path: str, node: ast.AST, modules: set[str]) -> set[str]:
    """Those of the modules that one statement imports."""
    if isinstance(node, ast.Import):
        inner = [alias.name.split(".") for alias in node.names]
        return {"/".join(rest) for root, *rest in inner if root == ROOT.name} & modules
    if not isinstance(node, ast.ImportFrom):
        return set()
    base = (node.module or "").split(".") if node.module else []
    if node.level:
        base = path.split("/")[: path.count("/") + 1 - node.level] + base
    elif base[0] == ROOT.name:
        base = base[1:]
    else:
        return set()
    asked = {"/".join([*base, alias.name]) for alias in node.names}
    inside = "/".join(base)  # where a name that is no module comes from
    return {name if name in modules else inside for name in asked} & modules


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle of imports, in order; none when there is no circle."""
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_no_imports_go_round_in_a_circle():
    sources = {path: (ROOT / path).read_text("utf-8") for path, _ in modules()}
    graph = import_graph(sources)
    assert sum(map(len, graph.values())) > 2 * len(graph)  # the graph is not empty by mistake
    graph["measures/decision/net_benefit_limits.py"].discard("measures/decision/net_benefit.py")
    assert circle(graph) == []


@pytest.mark.parametrize(
    "back",
    [
        "from .scenario import Scenario",
        "from . import scenario",
        "from backpain_risk.scenario.scenario import Scenario",
        "import backpain_risk.scenario.scenario",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .scenario import Scenario",
        "def f():\n    from .scenario import Scenario",
    ],
)
def test_a_planted_circle_is_found(back):
    sources = {path: (ROOT / path).read_text("utf-8") for path, _ in modules()}
    sources["scenario/parts.py"] += f"\n{back}\n"
    assert {"scenario/parts.py", "scenario/scenario.py"} <= set(circle(import_graph(sources)))


def outside(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def test_only_plots_and_report_import_matplotlib():
    users = {room(path) for path, tree in modules() if "matplotlib" in outside(tree)}
    assert users <= {"plots", "report"}


def test_only_the_bayesian_methods_import_the_sampler():
    users = {
        path
        for path, tree in modules()
        if {"jax", "numpyro"} & outside(tree)
        or any(
            isinstance(n, ast.ImportFrom) and (n.module or "").endswith(SAMPLER_MODULES)
            for n in runtime_imports(tree)
        )
    }
    assert users <= SAMPLER


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, backpain_risk; heavy = {'pandas', 'sklearn', 'jax', 'matplotlib', 'scipy', "
        "'pydantic'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_resolves_and_is_documented():
    for name in backpain_risk.__all__:
        value = getattr(backpain_risk, name)
        assert getattr(value, "__doc__", None), name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = backpain_risk.nonsense


def test_without_the_extras_everything_else_works():
    """Sampling and rendering are left out of the core, so nothing else may import them."""
    code = (
        "import sys; absent = 'jax numpyro arviz_base arviz_stats arviz_plots xarray IPython "
        "nbclient nbformat';"
        "sys.modules.update(dict.fromkeys(absent.split()))\n"
        "import backpain_risk as b, backpain_risk.cli, backpain_risk.report.evaluation\n"
        "for name in b.__all__:\n"
        "    try: getattr(b, name)\n"
        "    except ImportError: print(name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    bayesian = {"BayesianLogisticModel", "leave_one_out", "power_scaling", "predictive_check"}
    assert set(done.stdout.split()) <= bayesian | {"simulation_based_calibration", "report"}


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [("BayesianLogisticModel", "jax", "bayes"), ("report.record", "IPython", "report")],
)
def test_a_missing_extra_is_named(name, missing, extra):
    code = f"import sys; sys.modules[{missing!r}] = None; import backpain_risk as b; b.{name}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'backpain-risk[" in done.stderr
    assert extra in done.stderr.rsplit("backpain-risk[", 1)[1]
