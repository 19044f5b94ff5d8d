"""The operators' documentation agrees with the code: every variable, package and command."""

import importlib.metadata
import re
from pathlib import Path

import pytest

from ops.cluster import ROOT
from vault.readers.formats import FORMATS

READ = re.compile(
    r'(?:environment\.(?:text|flag|words|number)|(?<!")\btext|environ\.get|environ\.setdefault)\(\s*"([A-Z_]{3,})"'
    r'|environ\["([A-Z_]{3,})"\]'
)
SHELL = re.compile(r"\$\{([A-Z_]{3,}):-")
# Set for the processes that we start, not read from the operator.
NOT_ASKED = {"SIMULATE", "PYTHONPATH", "SOURCE_DATE_EPOCH"}
PACKAGE = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?(?:==|$)", re.MULTILINE)
# Used by name without being imported: the driver that Django loads, the web server.
NAMED = {"psycopg", "granian"}


def code() -> dict[Path, str]:
    folders = ("platform", "accounts", "vault", "services", "ops")
    return {file: file.read_text() for folder in folders for file in (ROOT / folder).rglob("*.py")} | {
        ROOT / "ops" / "setup": (ROOT / "ops" / "setup").read_text()
    }


def variables_read() -> set[str]:
    found = {name for text in code().values() for match in READ.findall(text) for name in match if name}
    return found | {name for text in code().values() for name in SHELL.findall(text)}


def variables_documented() -> set[str]:
    text = (ROOT / "docs" / "operations.md").read_text()
    table = text[text.index("## Environment variables") : text.index("## Production")]
    return {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([A-Z_]{3,})`", line.split("|")[1])
    }


def test_exactly_the_variables_read_are_documented() -> None:
    assert variables_read() - NOT_ASKED == variables_documented() - NOT_ASKED


def packages(name: str) -> list[str]:
    return PACKAGE.findall((ROOT / name).read_text())


@pytest.mark.parametrize("package", packages("requirements.in") + packages("requirements-dev.in"))
def test_each_package_is_documented(package: str) -> None:
    table = (ROOT / "docs" / "dependencies.md").read_text()
    assert re.search(rf"^\|[^|]*\b{re.escape(package)}\b(?![-\w])", table, re.MULTILINE)


@pytest.mark.parametrize("package", packages("requirements.in"))
def test_each_package_is_used(package: str) -> None:
    names = [
        name
        for name, owners in importlib.metadata.packages_distributions().items()
        if package in {owner.lower().replace("_", "-") for owner in owners}
    ]
    assert names
    used = re.compile(
        rf"^\s*(?:from|import) (?:{'|'.join(map(re.escape, names))})\b|\"(?:{'|'.join(map(re.escape, names))})[\".]",
        re.MULTILINE,
    )
    assert package in NAMED or any(used.search(text) for text in code().values())


@pytest.mark.parametrize(
    ("names", "lock"), [("requirements.in", "requirements.txt"), ("requirements-dev.in", "requirements-dev.txt")]
)
def test_the_lock_has_every_chosen_package(names: str, lock: str) -> None:
    locked = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\n]+)", (ROOT / lock).read_text(), re.MULTILINE))
    chosen = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\n]+)", (ROOT / names).read_text(), re.MULTILINE))
    assert {name: locked.get(name) for name in chosen} == chosen


def test_help_explains_every_command() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)) == set(phony.split())


# Pages name files from the root; files of the source root may use their import path (`core/jobs.py`).
NAMED_FILE = re.compile(
    r"`((?:platform|core|config|demo|accounts|vault|services|templates|static|frontend|ops|tests|bench|docs)"
    r"/[\w./-]*)`"
)
LINK = re.compile(r"\]\(([^):#]+\.md)\)")
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "templates" / "components" / "README.md",
    *(ROOT / "docs").rglob("*.md"),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_file_named_by_a_page_exists(page: Path) -> None:
    text = page.read_text()
    lost = [
        name
        for name in NAMED_FILE.findall(text)
        if not (ROOT / name).exists() and not (ROOT / "platform" / name).exists()
    ]
    lost += [name for name in LINK.findall(text) if not (page.parent / name).exists()]
    assert lost == []


@pytest.mark.parametrize("name", FORMATS)
def test_each_file_format_is_documented(name: str) -> None:
    assert re.search(rf"^\|[^|]*`{name}`", (ROOT / "docs" / "readers.md").read_text(), re.MULTILINE)


def test_each_variable_of_a_connector_is_documented() -> None:
    from vault.holders import connectors

    text = (ROOT / "docs" / "operations.md").read_text()
    section = text[text.index("## Connectors") : text.index("## The dossiers' seal")]
    for connector in connectors.all_connectors().values():
        (row,) = [line for line in section.splitlines() if line.startswith(f"| `{connector.code.upper()}`")]
        assert {name.upper() for name in connector.settings} <= set(re.findall(r"`([A-Z_]+)`", row))
