"""No module needs, at its top, a module that needs it back."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ops.cluster import ROOT
from tests.architecture.test_layout import tracked

ROOTS = ("platform", "accounts", "vault", "services", "certification", "campaigns")


def named(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part not in {"platform", "__init__"})


def imports(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when the module is imported: none of a function's, none for types only."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)


def imported(tree: ast.Module, modules: set[str]) -> set[str]:
    """Return which of `modules` a module imports: of `from a import b`, `a.b` if it is one, else `a`."""
    found = set()
    for node in imports(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names & modules
            if not names <= modules:
                found.add(str(node.module))
    return found & modules


def cycle(trees: dict[str, ast.Module]) -> list[str]:
    """Return a chain of modules that import one another, or an empty list."""
    graph = {name: imported(tree, set(trees)) - {name} for name, tree in trees.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_modules_import_one_another() -> None:
    files = [file for root in ROOTS for file in tracked(f"{root}/*.py")]
    assert cycle({named(file): ast.parse(file.read_bytes()) for file in files}) == []


def test_a_cycle_is_seen() -> None:
    texts = {
        "a": "from a import b",
        "a.b": "import a.c",
        "a.c": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import d\ndef f():\n    from a import b",
        "d": "try:\n    from a.b import name\nexcept ImportError:\n    pass",
    }
    trees = {name: ast.parse(text) for name, text in texts.items()}
    assert cycle(trees) == []
    trees["a.c"] = ast.parse("import d")
    assert set(cycle(trees)) == {"a.b", "a.c", "d"}
