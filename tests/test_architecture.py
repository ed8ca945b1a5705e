"""The shape of the repository: layers, packages, public names, sizes, the wheel."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns
from typing import Any
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAX_LINES = 300

LAYERS = {
    "maskstream": "program",
    "maskstream.bench": "program",
    "maskstream.configs": "configs",
    "maskstream.models": "models",
    "maskstream.training": "training",
    "maskstream.stages": "stages",
    "maskstream.pipeline": "machine",
    "maskstream.pipeline.errors": "errors",
    "maskstream.pipeline.app": "program",
    "maskstream.pipeline.assemble": "program",
    "maskstream.pipeline.cli": "program",
    "maskstream.pipeline.commands": "program",
    "maskstream.pipeline.console": "program",
    "maskstream.pipeline.lazy_commands": "program",
    "maskstream.pipeline.plan": "program",
    "maskstream.pipeline.settings_file": "configs",
    "maskstream.pipeline.shared_stages": "program",
    "maskstream.pipeline.stream_stages": "machine",
    "maskstream.server": "program",
}
"""The layer of a module is that of its longest prefix."""

MAY_IMPORT = {
    "errors": set[str](),
    "configs": {"errors"},
    "models": {"errors", "configs"},
    "training": {"errors", "configs", "models"},
    "machine": {"errors", "configs"},
    "stages": {"errors", "configs", "models", "machine"},
    "program": {"errors", "configs", "models", "training", "machine", "stages"},
}
"""What each layer may import beside itself."""

COMMANDS = "maskstream.pipeline.commands."
DOORS = {"maskstream", "maskstream.pipeline.cli"}
"""With the commands, those that may import the app."""

PRIVATE_PATH = re.compile(r"(?<![\w.~}])/(?:home|Users|root|work|mnt)/\w")


def setuptools_table() -> dict[str, Any]:
    """Return what pyproject.toml says to setuptools."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    table: dict[str, Any] = pyproject["tool"]["setuptools"]
    return table


def tracked_files() -> list[Path]:
    """Return the files that git keeps and that are still there."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = [ROOT / name for name in listing.split("\0") if name]
    return [path for path in paths if path.is_file()]


def modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for package, folder in setuptools_table()["package-dir"].items():
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            found[".".join([package, *parts]).removesuffix(".__init__")] = path
    return found


def layer(module: str) -> str:
    """Return the layer of ``module``."""
    while module not in LAYERS:
        module = module.rpartition(".")[0]
    return LAYERS[module]


def imports(path: Path, known: set[str]) -> Iterator[str]:
    """Yield the modules of ours that a file imports, wherever and however it does.

    Blocks for type checkers count, and so does a name in a string, for import_module.
    """
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Import(names=names):
                candidates = [name.name for name in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                submodules = [f"{module}.{name.name}" for name in names]
                candidates = [name for name in submodules if name in known]
                if len(candidates) < len(names):
                    candidates.append(module)
            case ast.ImportFrom():
                raise AssertionError(f"{path}: import ours by the whole name")
            case ast.Constant(value=str(text)) if text != "maskstream":
                candidates = [text] if text in known else []
            case _:
                continue
        for name in candidates:
            if name.partition(".")[0] == "maskstream":
                yield name


@pytest.fixture(scope="module")
def imported_by() -> dict[str, set[str]]:
    """Each module of the package, and those of ours that it imports."""
    known = modules()
    return {name: set(imports(path, set(known))) for name, path in known.items()}


def test_imports_point_one_way(imported_by: dict[str, set[str]]) -> None:
    """Configs, models, stages, pipeline: nothing knows what is built upon it."""
    wrong = {
        f"{module} imports {imported}"
        for module, all_imported in imported_by.items()
        for imported in all_imported
        if layer(imported) not in MAY_IMPORT[layer(module)] | {layer(module)}
    }

    assert wrong == set()


def test_only_the_doors_import_the_app(imported_by: dict[str, set[str]]) -> None:
    """The composition root is used from outside; nothing within depends on it."""
    importers = {
        module
        for module, all_imported in imported_by.items()
        if "maskstream.pipeline.app" in all_imported
    }

    assert importers
    assert {name for name in importers if not name.startswith(COMMANDS)} <= DOORS


def test_layers_name_modules_that_exist() -> None:
    """A rule about a module that was renamed would hold nothing."""
    packages = set(setuptools_table()["packages"])

    assert set(LAYERS) - set(modules()) - packages == set()
    assert set(LAYERS.values()) == set(MAY_IMPORT)


def test_packages_are_the_folders_that_hold_code() -> None:
    """A folder that setuptools was not told of would be missing once installed."""
    table = setuptools_table()
    with_code = {
        name if path.name == "__init__.py" else name.rpartition(".")[0]
        for name, path in modules().items()
    }

    assert table["packages"] == sorted(with_code | {"maskstream.configs"})


def test_folders_with_code_are_part_of_the_package() -> None:
    """Only tests and benchmarks hold modules that are not installed."""
    folders = {
        path.relative_to(ROOT).parts[0]
        for path in tracked_files()
        if path.suffix == ".py"
    }

    mapped = set(setuptools_table()["package-dir"].values())
    assert folders - mapped == {"tests", "benchmarks"}


def exports(path: Path) -> set[str]:
    """Return the public names that an ``__init__`` binds or takes from our modules."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.ImportFrom(module=str(module)) if module.startswith("maskstream"):
                names.update(alias.asname or alias.name for alias in node.names)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
    return {name for name in names if not name.startswith("_")}


def declared(path: Path) -> list[str]:
    """Return the ``__all__`` of a module; empty where it has none."""
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                names: list[str] = ast.literal_eval(value)
                return names
    return []


def by_kind(name: str) -> tuple[bool, bool, str]:
    """Sort constants first, then classes, then functions, as ruff does."""
    return (not name.isupper(), not name[0].isupper(), name)


def test_each_package_declares_what_it_exports() -> None:
    """``__all__`` is sorted and names all that the ``__init__`` offers, and no more."""
    for path in modules().values():
        if path.name == "__init__.py":
            names = declared(path)

            assert set(names) - {"__version__"} == exports(path), path
            assert names == sorted(names, key=by_kind), path


def test_files_are_short() -> None:
    """A file is one idea; one of many hundred lines holds several."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in tracked_files()
        if path.suffix == ".py"
    }

    assert {name: n for name, n in lengths.items() if n >= MAX_LINES} == {}


def test_no_file_names_a_private_path() -> None:
    """What is in the repository works on any machine."""
    found = {
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in tracked_files()
        for line in path.read_text(errors="replace").splitlines()
        if PRIVATE_PATH.search(line)
    }

    assert found == set()


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    """Every file of the package's folders, under the one name that is ours.

    Built from a copy: a build leaves its traces beside the sources.
    """
    source = tmp_path / "source"
    expected = set()
    for package, folder in setuptools_table()["package-dir"].items():
        copytree(ROOT / folder, source / folder, ignore=ignore_patterns("__pycache__"))
        for path in (source / folder).rglob("*"):
            if path.is_file():
                inner = path.relative_to(source / folder).as_posix()
                expected.add(f"{package.replace('.', '/')}/{inner}")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (source / name).write_bytes((ROOT / name).read_bytes())

    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
    options = ["--no-build-isolation", "--wheel-dir", str(tmp_path)]
    subprocess.run([*build, *options, str(source)], check=True)

    (wheel,) = tmp_path.glob("*.whl")
    names = set(ZipFile(wheel).namelist())
    metadata = {name for name in names if ".dist-info/" in name}
    assert {name.partition("-")[0] for name in metadata} == {"maskstream"}
    assert names - metadata == expected
    assert {"maskstream/py.typed", "maskstream/configs/live.yaml"} <= names
    assert any(name.endswith("/licenses/LICENSE") for name in metadata)
