"""Imports go one way, and importing the package loads nothing heavy."""

from __future__ import annotations

import ast
import functools
import graphlib
import importlib
import inspect
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import backpain_risk
from backpain_risk import plots

pytestmark = pytest.mark.contract

ROOT = Path(backpain_risk.__file__).parent
TESTS = Path(__file__).parent
LOWEST = {"files", "numerics"}
BELOW = LOWEST | {"results", "vocabulary", "evidence", "scenario", "cohort", "models", "measures"}
ABOVE = {"validation", "pathways", "planning", "studies"}
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
    "studies": BELOW,
    "plots": EVERYTHING - {"report"},
    "report": EVERYTHING,
    "cli": EVERYTHING,
    "__init__": EVERYTHING,
    "__main__": {"cli"},
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


@functools.cache
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


def test_every_module_can_be_imported():
    names = [path.removesuffix(".py").removesuffix("/__init__") for path, _ in modules()]
    for name in sorted(set(names) - {"__init__", "__main__"}):
        importlib.import_module(f"{ROOT.name}.{name.replace('/', '.')}")


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
        "for name in b._NAMES:\n"
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


# One word, one meaning. Plots and commands are named after the room whose results they show.
NAMED_AFTER_ROOMS = {"plots", "cli"}
ONE_WORD_IN_SEVERAL_ROOMS = {
    "accuracy", "comparison", "curve", "development", "files", "model", "net_benefit", "patterns",
    "summary", "table", "tables", "validation",
}  # fmt: skip


def public_names() -> list[tuple[str, str]]:
    """Module and name of every line of the stub."""
    stub = ast.parse((ROOT / "__init__.pyi").read_text("utf-8"))
    return [
        (node.module or "", alias.name)
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


def named_like_a_function(path: str, tree: ast.Module) -> bool:
    stem = Path(path).stem
    return any(isinstance(n, ast.FunctionDef) and n.name == stem for n in tree.body)


def nested_conditionals(tree: ast.AST) -> list[int]:
    return [
        outer.lineno
        for outer in ast.walk(tree)
        if isinstance(outer, ast.IfExp)
        and any(isinstance(n, ast.IfExp) for n in ast.walk(outer) if n is not outer)
    ]


def pairs(tree: ast.AST) -> list[int]:
    """Lines that assign unrelated things in one statement: ``a, b = x, y``.

    A swap and a recurrence, whose values use a name they assign, need the one statement.
    """
    found = [
        (node.targets[0], node.value, node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], (ast.Tuple, ast.List))
        and isinstance(node.value, (ast.Tuple, ast.List))
        and not any(isinstance(part, ast.Starred) for part in node.value.elts)
    ]
    return [line for target, value, line in found if not names(target) & names(value)]


def names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def repeated(places: list[tuple[str, str]]) -> set[str]:
    """Names that stand in more than one place."""
    found = defaultdict(set)
    for name, place in places:
        found[name].add(place)
    return {name for name, where in found.items() if len(where) > 1}


def too_long(text: str) -> list[int]:
    """Numbers of lines over 100 columns, words to the linter and the type checker apart."""
    read = [re.sub(r"  # (type: ignore|noqa).*", "", line) for line in text.splitlines()]
    return [i for i, line in enumerate(read, 1) if len(line) > 100]


def test_no_module_is_named_like_a_public_function_it_exports():
    assert [name for module, name in public_names() if module.split(".")[-1] == name] == []
    alike = {path for path, tree in modules() if named_like_a_function(path, tree)}
    assert alike == set()


def test_one_word_names_one_module():
    places = [
        (Path(path).stem, path)
        for path, _ in modules()
        if Path(path).stem != "__init__" and room(path) not in NAMED_AFTER_ROOMS
    ]
    assert repeated(places) <= ONE_WORD_IN_SEVERAL_ROOMS


def test_one_name_names_one_class():
    places = [
        (node.name, path)
        for path, tree in modules()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert repeated(places) == set()


def test_each_public_name_stands_once():
    assert {name: n for name, n in Counter(n for _, n in public_names()).items() if n > 1} == {}


def test_conditional_expressions_are_not_nested():
    found = {path for path, tree in modules() if nested_conditionals(tree)}
    assert found == set()


def test_a_statement_assigns_one_thing():
    places = [ROOT, TESTS, TESTS.parent / "benchmarks"]
    trees = {p: ast.parse(p.read_text("utf-8")) for place in places for p in place.rglob("*.py")}
    assert {str(p): lines for p, tree in trees.items() if (lines := pairs(tree))} == {}


def test_lines_fit_into_100_columns():
    places = [p for p in ROOT.rglob("*.py*") if p.suffix in {".py", ".pyi"}]
    assert {p.name: lines for p in places if (lines := too_long(p.read_text("utf-8")))} == {}


NO_ROOMS = {"proofs", "reference", "__pycache__"}


def folders(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_dir()}


def without_a_room(tested: set[str], rooms: set[str]) -> set[str]:
    """Folders of tests that are named like no room, and rooms that have no folder of tests."""
    named = {folder for folder in tested if not NO_ROOMS & set(folder.split("/"))}
    return named ^ rooms


def test_tests_mirror_the_rooms():
    inside = {"/".join(path.split("/")[:-1]) for path, _ in modules()} - {""}
    assert without_a_room(folders(TESTS), inside) == set()


KINDS = {"reference", "identity", "recovery", "regression", "contract"}


def kinds(node: ast.AST) -> set[str]:
    """The kinds of test that a decorator or a ``pytestmark`` names."""
    marks = [n for n in ast.walk(node) if isinstance(n, ast.Attribute) and n.attr in KINDS]
    return {n.attr for n in marks if ast.unparse(n) == f"pytest.mark.{n.attr}"}


def without_a_kind(tree: ast.Module) -> list[str]:
    """Tests of which nobody says what kind they are."""
    said = [n for n in tree.body if isinstance(n, ast.Assign) and "pytestmark" in names(n)]
    if any(kinds(n.value) for n in said):
        return []
    tests = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    return [n.name for n in tests if not any(kinds(d) for d in n.decorator_list)]


def test_every_test_says_its_kind(request):
    named = {line.split(":")[0] for line in request.config.getini("markers")}
    assert named >= KINDS
    trees = {p: ast.parse(p.read_text("utf-8")) for p in TESTS.rglob("test_*.py")}
    assert {str(p): found for p, tree in trees.items() if (found := without_a_kind(tree))} == {}


def typed_quantiles(tree: ast.Module) -> list[float]:
    """Normal quantiles and tails of 95 % limits that are typed instead of asked for."""
    numbers = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    alike = re.compile(r"1\.959|1\.96$|3\.9199")
    spelt = [x for x in numbers if isinstance(x, float) and alike.match(str(x))]
    lists = [ast.unparse(n) for n in ast.walk(tree) if isinstance(n, ast.List)]
    return spelt + [0.025 for text in lists if text.startswith("[0.025, ") and "0.975" in text]


PLANNED_WITH = {"planning/sample_size.py", "report/notebooks/records.py"}
"""Where 1.96 is the convention of the programs that sizes are compared with, or a unit."""


def test_limits_are_computed_in_one_place():
    found = {path for path, tree in modules() if typed_quantiles(tree)}
    assert found <= PLANNED_WITH
    assert typed_quantiles(ast.parse("low = mean - 1.96 * sd")) == [1.96]
    assert typed_quantiles(ast.parse("low, high = np.quantile(x, [0.025, 0.975])")) == [0.025]


def test_planted_violations_are_seen():
    """Each rule, broken in a line or two."""
    assert named_like_a_function("measures/auroc.py", ast.parse("def auroc(): ..."))
    assert repeated([("Fit", "a.py"), ("Fit", "b.py"), ("Prior", "a.py")]) == {"Fit"}
    assert nested_conditionals(ast.parse("x = 1 if a else 2 if b else 3")) == [1]
    assert nested_conditionals(ast.parse("x = 1 if a else 2")) == []
    assert pairs(ast.parse("a, b = x, y")) == [1]
    assert pairs(ast.parse("a, b = b, a; c, d = d, c + d; e, f = g()")) == []
    assert without_a_kind(ast.parse("def test_x(): ...")) == ["test_x"]
    assert without_a_kind(ast.parse("pytestmark = pytest.mark.identity\ndef test_x(): ...")) == []
    assert without_a_kind(ast.parse("@pytest.mark.recovery\ndef test_x(): ...")) == []
    assert too_long("x" * 100 + "\n" + "y" * 101) == [2]
    up = ast.parse("from ..models.logistic.model import LogisticModel").body[0]
    assert own_rooms("measures/overall.py", up) == {"models"}
    assert "models" not in ALLOWED["measures"]
    assert outside(ast.parse("import matplotlib.pyplot as plt")) == {"matplotlib"}
    assert without_a_room({"models", "models/reference", "extras"}, {"models"}) == {"extras"}
    assert without_a_room({"models"}, {"models", "models/logistic"}) == {"models/logistic"}


PUBLIC = TESTS / "public_names.txt"


@pytest.mark.regression
def test_public_names_are_those_agreed():
    """A name that is added is added to the list too; one that goes breaks somebody's program."""
    found = [name for _, name in public_names()]
    found += [f"plots.{name}" for name in plots.__all__]
    found += [f"report.{name}" for name in backpain_risk.report.__all__]
    assert sorted(found) == PUBLIC.read_text("utf-8").split()


def without_sampler(code: str) -> str:
    absent = "import sys; sys.modules.update(dict.fromkeys(['jax', 'numpyro', 'xarray']))\n"
    command = [sys.executable, "-c", absent + code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "code",
    [
        "from backpain_risk import *; print(auroc.__name__)",
        "import backpain_risk, pydoc; print('auroc' in pydoc.render_doc(backpain_risk))",
        "import backpain_risk as b; print(dir(b) == sorted(b.__all__))",
    ],
)
def test_star_help_and_dir_work_without_the_sampler(code):
    assert without_sampler(code).strip() in {"auroc", "True"}


def test_all_shows_every_name_that_can_be_used():
    shown = without_sampler(
        "import backpain_risk as b\nfor n in b.__all__: getattr(b, n)\nprint(*b.__all__)"
    )
    assert set(backpain_risk.__all__) - set(shown.split()) == backpain_risk._SAMPLED
    assert dir(backpain_risk) == backpain_risk.__all__ == sorted(n for _, n in public_names())
    assert inspect.ismodule(backpain_risk.plots)
