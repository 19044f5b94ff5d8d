"""Count the data type codes written in `vault`, outside the types themselves and the readers that make records.

    python -m ops.type_codes    print the number per file, then the sum

A code is a string equal to it (`"fiscal.avis_ir"`) or a field's id (`"fiscal.avis_ir#/nombre_parts"`). Rules of a type
belong in its folder; other code reads them from `types.get(code).rules`.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VAULT = ROOT / "vault"
LEFT_OUT = {"types", "readers", "migrations"}


def counts() -> dict[str, int]:
    """Return the number of codes in each file that has any, most first."""
    codes = {path.parent.name for path in VAULT.glob("types/*/labels.json")}
    files = [path for path in VAULT.rglob("*.py") if not LEFT_OUT & set(path.relative_to(VAULT).parts)]
    found = {str(path.relative_to(ROOT)): len(list(_codes(path, codes))) for path in sorted(files)}
    return dict(sorted(((name, count) for name, count in found.items() if count), key=lambda one: -one[1]))


def _codes(path: Path, codes: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.partition("#/")[0] in codes:
            yield node.value


def main() -> None:
    found = counts()
    for name, count in found.items():
        print(f"{count:4} {name}")
    print(f"{sum(found.values()):4} in all")


if __name__ == "__main__":
    main()
