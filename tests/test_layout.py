"""The rules of the layout that a machine can hold."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "jupyter_agent"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "labextension" not in path.parts)
HEAVY = {"openai", "pydantic", "sqlalchemy", "redis", "psycopg", "pandas", "numpy", "mcp", "httpx2", "httpx"}


def first_line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].strip()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_in_one_line_what_it_is_for(path: Path) -> None:
    assert first_line(path).endswith((".", ":", "…")) or not path.read_text(encoding="utf-8").strip()


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    assert not [path for path in MODULES if path.stem in {"utils", "util", "helpers", "common", "misc"}]


def test_the_top_level_holds_folders_only() -> None:
    assert [path.name for path in PACKAGE.glob("*.py")] == ["__init__.py"]


def test_the_readme_maps_the_folders_with_their_own_words() -> None:
    expected = []
    for folder in sorted(path.parent for path in PACKAGE.glob("*/__init__.py")):
        docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
        lines = [line for line in docstring.splitlines() if line]
        assert 1 <= len(lines) <= 3, folder
        expected += [f"{folder.name + '/':<12} {lines[0]}", *(f"{'':<12} {line}" for line in lines[1:])]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- folders -->\n```\n(.*?)\n```", readme, re.DOTALL)
    assert block is not None
    assert block[1].splitlines() == expected


def test_imports_only_go_down() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize(
    "module", ["jupyter_agent", "jupyter_agent.server.extension", "jupyter_agent.ipython.extension"]
)
def test_nothing_heavy_is_imported_where_jupyter_or_ipython_load_us(module: str) -> None:
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(run.stdout)}
    assert not loaded & HEAVY


def test_lock_files_carry_no_registry_hosts() -> None:
    assert "http" not in (ROOT / "labextension" / "yarn.lock").read_text(encoding="utf-8")


def test_built_ins_are_registered_as_third_parties_would_be() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    for group in groups.values():
        for target in group.values():
            module, _, attribute = target.partition(":")
            path = ROOT / Path(*module.split("."))
            source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
            assert re.search(rf"\b{attribute.partition('.')[0]}\b", source.read_text(encoding="utf-8"))


def test_the_page_knows_no_tool_by_its_name() -> None:
    entry_points = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    tools = set(entry_points["jupyter_agent.tools"]) - {"update_plan"}  # has an event of its own
    found = []
    for path in (ROOT / "labextension" / "src").rglob("*.ts*"):
        quoted = re.findall(r"['\"`](\w+)['\"`]|^ *(\w+): \[", path.read_text(encoding="utf-8"), re.MULTILINE)
        found += [f"{path.name}: {name}" for names in quoted for name in names if name in tools]
    assert found == []


def test_broad_excepts_give_their_reason() -> None:
    bare = re.compile(r"except (Base)?Exception[^:]*:\s*(?P<comment>#.*)?$")
    silent = []
    for path in MODULES:
        if "kernelside" in path.parts:
            continue  # user objects are its whole trade; its own rules say so
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            found = bare.search(line)
            if found and not found["comment"]:
                silent.append(f"{path.name}:{number}")
    assert silent == []


def test_no_text_says_to_install_the_distribution_of_another_project() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    kinds = {".py", ".ts", ".tsx", ".md", ".toml", ".json", ".ipynb", ".cfg", ".txt", ".yml", ".yaml", ".html", ""}
    paths = [
        ROOT / name for name in tracked if Path(name).suffix in kinds and not name.startswith(("tests/", "CHANGELOG"))
    ]
    install = re.compile(r"\b(?:install|add|--with)\s+(?:-{1,2}[\w=-]+\s+)*[`'\"\\]*jupyter-agent(?![\w-])")
    extra = re.compile(r"(?<![\w-])jupyter-agent\[\w")
    found = []
    for path in paths:
        text = re.sub(
            r"\n[ \t]*[#>*/]+", "\n", path.read_text(encoding="utf-8", errors="replace")
        )  # a comment's next line
        found += [f"{path.name}: {match[0]}" for pattern in (install, extra) for match in pattern.finditer(text)]
    assert len(paths) > 300
    assert found == []
    assert install.search("pip install -U 'jupyter-agent'")
    assert extra.search("jupyter-agent[mcp]")


#: Metaphors of our own that stood where the field has terms; in no name of the package, the tests and the benchmarks.
FORBIDDEN = frozenset(
    re.findall(
        r"\w+",
        "door doors desk desks deed deeds errand errands ledger ledgers scene scenes patient patients cure cures house houses zoo"
        " zoos nursery nurseries turnstile turnstiles bones overheard told said meant believed beside",
    )
)
#: Of these a name may have a part, but no module, class or public function is named with them.
FORBIDDEN_IN_PUBLIC = frozenset(re.findall(r"\w+", "look looks come leave gone back"))
SOURCES = sorted(path for folder in ("jupyter_agent", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))


def parts_of(name: str) -> set[str]:
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def defined_names(tree: ast.AST) -> Iterator[tuple[str, bool]]:
    """Each name that a module defines, and whether it is a class or a public function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, not node.name.startswith("_")
        elif isinstance(node, ast.arg):
            yield node.arg, False
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, False
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, False
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, False


def test_names_are_the_fields_terms_and_no_metaphors() -> None:
    found = []
    for path in SOURCES:
        place = path.relative_to(ROOT).as_posix()
        if "labextension" in path.parts:
            continue
        is_package = place.startswith("jupyter_agent/")
        names = [(path.stem, is_package), *defined_names(ast.parse(path.read_text(encoding="utf-8")))]
        for name, is_public in names:
            if not is_package and name.startswith("test"):
                continue  # a sentence
            forbidden = FORBIDDEN | FORBIDDEN_IN_PUBLIC if is_package and is_public else FORBIDDEN
            if forbidden & parts_of(name):
                found.append(f"{place}: {name}")
    assert found == []


def test_each_slow_test_is_run_by_make_slow() -> None:
    (suites,) = re.findall(r"^SUITES := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    tests = ROOT / "tests"
    slow = {
        path.relative_to(tests).parts[0] for path in tests.rglob("test_*.py") if "mark.slow" in path.read_text("utf-8")
    }
    assert slow - {Path(__file__).name} <= set(suites.split())


def test_what_tests_share_is_in_tests_support_and_no_test_module_imports_from_another() -> None:
    imported = re.compile(
        r"^\s*(?:(?:from|import) (?:tests)?\.[\w.]*|from (?:tests|\.)[\w.]* import (?:\([\w,\s]*|[\w, ]*))\btest_",
        re.MULTILINE,
    )
    sources = {path: path.read_text(encoding="utf-8") for path in SOURCES}
    assert [path.relative_to(ROOT).as_posix() for path, source in sources.items() if imported.search(source)] == []
    assert imported.search("x = 1\nfrom tests.agent.test_loop import Recorder")
    assert imported.search('PROGRAM = """\nimport tests.tools.test_web"""')
    assert imported.search("from .test_loop import Recorder")
    assert imported.search("from tests.agent import (\n    support,\n    test_loop,\n)")
    assert not imported.search("from tests.support.clocks import clock\n\n\ndef test_it() -> None: ...")


def test_a_loop_variable_is_the_noun() -> None:
    found = []
    for path in SOURCES:
        place = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
                targets = [target for target in ast.walk(node.target) if isinstance(target, ast.Name)]
                found += [f"{place}:{target.lineno}" for target in targets if target.id == "one"]
    assert found == []


def test_no_modules_import_each_other_in_a_circle_not_even_inside_functions() -> None:
    graph = grimp.build_graph("jupyter_agent")
    waiting = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    while free := {module for module, imported in waiting.items() if not imported & waiting.keys()}:
        waiting = {module: imported for module, imported in waiting.items() if module not in free}
    # What is left is on a circle, or imports one that is.
    assert sorted(waiting) == []


FRONT_END = ROOT / "labextension" / "src"
SCRIPTS = sorted(path for path in FRONT_END.rglob("*") if path.suffix in {".ts", ".tsx"})
COMMENTS = re.compile(r"/\*.*?\*/|(?<![:\w'\"`/])//[^\n]*", re.DOTALL)
TEXTS = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
IMPORTED = re.compile(r"(?:\bfrom|\bimport\(?|\brequire\()\s*['\"](\.[^'\"]*)['\"]")


def identifiers_of(script: str) -> set[str]:
    """Every identifier of a script; those of other packages are none of ours, and none is forbidden there either."""
    return set(re.findall(r"[A-Za-z_$][\w$]*", TEXTS.sub("''", COMMENTS.sub(" ", script))))


def test_names_in_typescript_are_the_fields_terms_and_no_metaphors() -> None:
    found = []
    for path in SCRIPTS:
        place = path.relative_to(FRONT_END).as_posix()
        names = identifiers_of(path.read_text(encoding="utf-8")) | {path.stem, *path.relative_to(FRONT_END).parts[:-1]}
        found += [f"{place}: {name}" for name in sorted(names) if FORBIDDEN & parts_of(name)]
    assert len(SCRIPTS) > 50
    assert found == []
    assert identifiers_of("const theDoor = 'a desk'; // the zoo\n/* told */ f(x => x.house)") & {"theDoor", "house"}
    assert not FORBIDDEN & identifiers_of("const word = 'desk'; // the zoo\n/* told */")


def test_a_loop_variable_in_typescript_is_the_noun() -> None:
    loop = re.compile(
        r"\b(?:const|let|var)\s+one\s+(?:of|in)\b|(?<![\w$.])one\s*=>|\(\s*one\s*(?:[,:][^()]*)?\)\s*(?::[^=]+)?=>"
    )
    scripts = {path: COMMENTS.sub(" ", path.read_text(encoding="utf-8")) for path in SCRIPTS}
    assert [path.name for path, script in scripts.items() if loop.search(script)] == []
    assert all(map(loop.search, ["for (const one of all)", "all.map(one => one)", "all.map((one, index) => one)"]))


def test_no_scripts_import_each_other_in_a_circle_not_even_for_types() -> None:
    waiting = {
        path: {
            candidate
            for name in IMPORTED.findall(COMMENTS.sub(" ", path.read_text(encoding="utf-8")))
            for base in [(path.parent / name).resolve()]
            for candidate in (base.with_name(f"{base.name}.ts"), base.with_name(f"{base.name}.tsx"), base / "index.ts")
            if candidate in SCRIPTS
        }
        for path in SCRIPTS
    }
    assert sum(map(len, waiting.values())) > 150
    while free := {path for path, imported in waiting.items() if not imported & waiting.keys()}:
        waiting = {path: imported for path, imported in waiting.items() if path not in free}
    assert sorted(path.name for path in waiting) == []


def test_no_text_for_users_or_models_says_beside() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in MODULES
        for tree in [ast.parse(path.read_text(encoding="utf-8"))]
        for docstrings in [{id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}]
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        if re.search(r"\bbeside\b", node.value)
    ]
    assert found == []
    for path in (FRONT_END / "api" / "wire.ts", ROOT / "README.md"):
        assert not re.search(r"\bbeside\b", path.read_text(encoding="utf-8")), path.name


def test_inspectors_import_only_what_they_share() -> None:
    """A new one is to be named in the contract, too."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    members = next(contract["modules"] for contract in contracts if contract["name"].startswith("Inspectors"))
    folder = PACKAGE / "kernelside" / "inspectors"
    registering = [
        path.stem
        for path in folder.glob("*.py")
        if path.stem != "registry" and re.search(r"^\s*@?register", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert sorted(name.rpartition(".")[2] for name in members) == sorted(registering)


def test_every_hazard_has_a_test_or_a_reason_why_not_and_no_test_names_an_unknown_one() -> None:
    text = (ROOT / "tests" / "HAZARDS.md").read_text(encoding="utf-8")
    defined = set(re.findall(r"^\| ([A-Z]\d+) \|", text, re.MULTILINE))
    excused = set(re.findall(r"^- `([A-Z]\d+)`: \S", text, re.MULTILINE))
    used = {
        hazard
        for path in (*(ROOT / "tests").rglob("test_*.py"), *(PACKAGE / "testing").rglob("*.py"))
        for name in re.findall(r"def test_((?:[A-Z]\d+_)+)", path.read_text(encoding="utf-8"))
        for hazard in name.strip("_").split("_")
    }
    assert used - defined == set()
    assert defined - used == excused
