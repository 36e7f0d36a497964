"""The house's own rules, each checked by the tool that knows it best."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import dds_link
from dds_link.errors import WIRE_ERRORS

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dds_link"
MODULES = sorted(
    path.relative_to(PACKAGE)
    for path in PACKAGE.rglob("*.py")
    if path.name not in ("__init__.py", "__main__.py")
)
ARTIQ_HALF = [
    path
    for path in MODULES
    if path.parts[0] == "client"
    or path.name.startswith("driver")
    or str(path) in ("errors.py", "model.py", "tuning.py", "tuning_kernel.py",
                     "kernel_language.py", "host_core.py")
]  # fmt: skip


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=170
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_finds_nothing() -> None:
    run("-m", "ruff", "check", ".")


def test_ruff_would_format_nothing() -> None:
    run("-m", "ruff", "format", "--check", ".")


def test_mypy_strict_finds_nothing() -> None:
    run("-m", "mypy")


def test_import_contracts_are_kept() -> None:
    run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")


def test_the_artiq_half_runs_on_python_3_7() -> None:
    paths = [str(PACKAGE / path) for path in [Path("__init__.py"), *ARTIQ_HALF]]
    vermin = "import sys, vermin; sys.exit(vermin.main())"
    run("-c", vermin, "--no-tips", "--violations", "--eval-annotations", "-t=3.7-", *paths)


def test_the_artiq_half_needs_the_standard_library_only() -> None:
    """In an interpreter without any installed package."""
    names = [f"dds_link.{'.'.join(path.with_suffix('').parts)}" for path in ARTIQ_HALF]
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import " + ", ".join(names)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_module_has_its_test_file(path: Path) -> None:
    expected = ROOT / "tests" / path.with_name(f"test_{path.name}")
    assert expected.is_file(), f"{path} has no {expected.relative_to(ROOT)}"


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_public_name_has_a_docstring(path: Path) -> None:
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path} does not say what it is for"
    bare = []
    scopes: list[ast.AST] = [tree]
    while scopes:
        for node in ast.iter_child_nodes(scopes.pop()):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if node.name.startswith("_"):
                    continue
                if ast.get_docstring(node) is None and not _is_overload(node):
                    bare.append(f"{path}:{node.lineno} {node.name}")
                if isinstance(node, ast.ClassDef):
                    scopes.append(node)
    assert not bare


def _is_overload(node: ast.AST) -> bool:
    return any(
        isinstance(d, ast.Name) and d.id == "overload" for d in getattr(node, "decorator_list", [])
    )


def test_every_module_can_be_imported_by_its_name() -> None:
    names = [m.name for m in pkgutil.walk_packages(dds_link.__path__, "dds_link.")]
    for name in names:
        importlib.import_module(name)


def test_the_readme_lists_every_error_code() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [code for code in WIRE_ERRORS if f"`{code}`" not in text]
    assert not missing


@pytest.mark.parametrize("path", [p for p in MODULES if "test" not in p.parts], ids=str)
def test_files_are_rooms_not_houses(path: Path) -> None:
    assert len((PACKAGE / path).read_text(encoding="utf-8").splitlines()) <= 600
