"""Every folder of code is known: the linters read it, and an import contract says what it may import."""

import re
import subprocess
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ops.cluster import ROOT

LAYERS = "Apps depend downwards"
#: What runs Garant, tests it or measures it, and is never imported by it.
TOOLS = {"manage.py", "bench", "ops", "tests"}
#: Folders that hold apps and no code of their own.
OF_APPS = {"vault", "services", "certification", "campaigns"}


def python_files() -> list[str]:
    """Return the paths of the Python files, those that are not committed yet included."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def roots(files: Iterable[str]) -> set[str]:
    """Return the names that an import of these files starts with; `platform/` is a path, not a package."""
    return {file.removeprefix("platform/").split("/")[0] for file in files} - TOOLS


def apps(files: Iterable[str]) -> set[str]:
    """Return the packages that need a contract on their inside."""
    found = set()
    for file in files:
        root, *rest = file.removeprefix("platform/").split("/")
        if root not in TOOLS:
            found.add(f"{root}.{rest[0]}" if root in OF_APPS and len(rest) > 1 else root)
    return found


def settings() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def contained(contracts: Iterable[dict[str, Any]]) -> set[str]:
    return {name for one in contracts if one.get("exhaustive") for name in one["containers"]}


def test_the_import_contracts_know_every_root() -> None:
    found, known = roots(python_files()), settings()
    layers = next(one["layers"] for one in known["contracts"] if one["name"] == LAYERS)
    assert found == set(known["root_packages"])
    assert found == {name for layer in layers for name in layer.split(" | ")}


def test_a_contract_lists_all_that_each_app_holds() -> None:
    assert apps(python_files()) == contained(settings()["contracts"])


def test_the_linters_read_every_root() -> None:
    linted = re.search(r"^LINTED := (.+)$", (ROOT / "Makefile").read_text(), re.M)
    assert linted and {file.split("/")[0] for file in python_files()} == set(linted[1].split())


@pytest.mark.parametrize("file", ["letters/models.py", "platform/letters/models.py", "stray.py"])
def test_an_unknown_root_is_seen(file: str) -> None:
    assert roots([file, "core/models.py", "ops/stray.py"]) - {"core"} == {
        Path(file.removeprefix("platform/")).parts[0]
    }


def test_an_app_without_contract_is_seen() -> None:
    files = ["vault/__init__.py", "vault/letters/models.py", "services/aids/models.py", "platform/core/models.py"]
    assert apps(files) - contained(settings()["contracts"]) == {"vault.letters"}
