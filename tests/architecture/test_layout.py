"""The layout of the code: `platform/` is not a package, module names are free, and no file names a machine's paths."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.cluster import ROOT

OURS = {
    "config",
    "core",
    "demo",
    "accounts",
    "vault",
    "services",
    "certification",
    "campaigns",
    "ops",
    "bench",
    "tests",
}
PLACES = re.compile(rb"/(?:work|home|Users)/[a-z]|/tmp/[a-z]+/|/var/folders/")
# Files that may name such a folder.
ABOUT_PLACES = {"tests/architecture/test_layout.py"}
LONGEST = 500
LONGEST_TEST = 1000


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True
    ).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_platform_is_not_a_package() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()
    import platform

    assert platform.__file__ and not platform.__file__.startswith(str(ROOT))


def test_our_modules_shadow_no_other_module() -> None:
    """A single test, because listing the packages' modules takes seconds."""
    here = {path.stem for path in (ROOT / "platform").iterdir() if not path.name.startswith(("__", "."))}
    assert here <= OURS
    # `tests` is imported from the root only, and other packages have a module of that name.
    assert not (OURS - {"tests"}) & (sys.stdlib_module_names | set(importlib.metadata.packages_distributions()))


def test_only_the_tests_root_is_a_package() -> None:
    """A deeper package could be imported under the name of the app that it tests."""
    assert [path for path in (ROOT / "tests").rglob("__init__.py") if path.parent != ROOT / "tests"] == []


def test_no_file_names_a_machines_path() -> None:
    found = [
        f"{file.relative_to(ROOT)}: {match[0].decode()}"
        for file in tracked()
        if "vendor" not in file.parts and str(file.relative_to(ROOT)) not in ABOUT_PLACES
        if (content := file.read_bytes()) and b"\0" not in content[:1000]
        for match in PLACES.finditer(content)
    ]
    assert found == []


@pytest.mark.parametrize(
    "folder", ["platform", "accounts", "vault", "services", "certification", "campaigns", "ops", "tests"]
)
def test_no_file_is_too_long(folder: str) -> None:
    limit = LONGEST_TEST if folder == "tests" else LONGEST
    lengths = {
        str(file.relative_to(ROOT)): file.read_bytes().count(b"\n")
        for file in tracked(f"{folder}/*.py")
        if "migrations" not in file.parts
    }
    assert {name: lines for name, lines in lengths.items() if lines > limit} == {}


def test_each_import_contract_holds() -> None:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
        "--no-cache",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout
