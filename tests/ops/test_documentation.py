"""The operators' documentation agrees with the code: every variable, package and command."""

import importlib.metadata
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from certification.developers.enums import EventType
from ops.cluster import ROOT
from vault import types
from vault.readers.formats import FORMATS

READ = re.compile(
    r'(?:environment\.(?:text|flag|words|number|token)|(?<!")\btext|environ\.get|environ\.setdefault)'
    r'\(\s*"([A-Z0-9_]{3,})"'
    r'|environ\["([A-Z0-9_]{3,})"\]'
)
SHELL = re.compile(r"\$\{([A-Z0-9_]{3,}):-")
# Set for the processes that we start, not read from the operator.
NOT_ASKED = {
    "CELERY_SKIP_CHECKS",
    "SIMULATE",
    "PYTHONPATH",
    "SOURCE_DATE_EPOCH",
    "PORTAL_URL",
    "PAR4CHEMINS_CLIENT",
    "TMPDIR",
}
PACKAGE = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?(?:==|$)", re.MULTILINE)
# Used by name without being imported: the driver that Django loads.
NAMED = {"psycopg"}


@cache
def code() -> dict[Path, str]:
    folders = ("platform", "accounts", "vault", "services", "certification", "campaigns", "ops")
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
        for name in re.findall(r"`([A-Z0-9_]{3,})`", line.split("|")[1])
    }


def test_exactly_the_variables_read_are_documented() -> None:
    assert variables_read() - NOT_ASKED == variables_documented() - NOT_ASKED


@cache
def owners_of_modules() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()


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
        for name, owners in owners_of_modules().items()
        if package in {owner.lower().replace("_", "-") for owner in owners}
    ]
    assert names
    used = re.compile(
        rf"^\s*(?:from|import) (?:{'|'.join(map(re.escape, names))})\b|\"(?:{'|'.join(map(re.escape, names))})[\".]",
        re.MULTILINE,
    )
    assert package in NAMED or any(used.search(text) for text in code().values())


@pytest.mark.parametrize(
    ("names", "lock"),
    [
        ("requirements.in", "requirements.txt"),
        ("requirements-dev.in", "requirements-dev.txt"),
        ("requirements-demo.in", "requirements-demo.txt"),
    ],
)
def test_the_lock_has_every_chosen_package(names: str, lock: str) -> None:
    locked = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\n]+)", (ROOT / lock).read_text(), re.MULTILINE))
    chosen = dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ;\n]+)", (ROOT / names).read_text(), re.MULTILINE))
    assert {name: locked.get(name) for name in chosen} == chosen


def test_help_explains_every_command() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE)) == set(phony.split())


@pytest.mark.parametrize("command", ["quality", "format", "messages", "lock", "shell", "manage", "reset"])
def test_a_command_before_the_first_setup_says_what_to_run(command: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = subprocess.run(["make", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode and "run “make setup” first" in done.stderr


def test_the_chosen_python_reaches_the_setup(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "setup").write_text("#!/bin/sh\necho $PYTHON\n")
    (tmp_path / "ops" / "setup").chmod(0o755)
    # The suite itself may run under make, which tells those it starts about itself.
    variables = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    variables["PYTHON"] = "python3.13"
    done = subprocess.run(["make", "setup"], cwd=tmp_path, env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == "python3.13\n"


# Pages name files from the root; files of the source root may use their import path (`core/jobs.py`). `<code>` stands
# for any name.
FOLDERS = (
    "platform|core|config|demo|accounts|vault|services|certification|campaigns|templates|static|frontend|ops|tests"
    "|bench|docs"
)
NAMED_FILE = re.compile(rf"`((?:{FOLDERS})/[\w./<>-]*)")
#: A file named without all of its folders, in a section about them.
SHORT_FILE = re.compile(r"`([a-z_/]+\.py)\b")
MODULE = re.compile(
    r"`(?:python -m )?((?:config|core|demo|accounts|vault|services|certification|campaigns|ops)(?:\.\w+)+)\b"
)
#: A function of a module, or an attribute of a class, by the last part of its path: `gate.read`, `City.country`.
MEMBER = re.compile(r"`(\w{3,}\.\w+)(?:\(\))?`")
COMMAND = re.compile(r"`(?:python )?manage\.py (\w+)")
TARGET = re.compile(r"`make ([a-z]+)")
LINK = re.compile(r"\]\(([^):#]+\.\w+)\)")
ENDINGS = {*"css csv der html in js json jsonl log md pem py sh toml txt yaml yml zip".split()}  # noqa: SIM905
#: Names of Django and of the standard library; events that programs are told of.
OTHERS = {"AppConfig.ready", "json.load", "sys.path", "data.challenge", *EventType.values}
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *(ROOT / "templates").rglob("*.md"),
    *(ROOT / "platform").rglob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
]


def prose(page: Path) -> str:
    """Return the text of a page without its blocks of code, whose words are the shell's."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def sources() -> dict[str, list[str]]:
    """Return the texts of the modules of each name; a package's name stands for all of its modules."""
    found: dict[str, list[str]] = {}
    for file, text in code().items():
        for name in {file.stem, *file.parent.relative_to(ROOT).parts[-2:]}:
            found.setdefault(name, []).append(text)
    return found


def is_file(name: str, page: Path) -> bool:
    pattern = re.sub(r"<\w+>", "*", name.rstrip("/"))
    return any(any(folder.glob(pattern)) for folder in (ROOT, ROOT / "platform", page.parent))


def is_module(name: str) -> bool:
    """Return whether a dotted name is a module, or a name that a module defines. Importing it could need settings."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = "/".join(parts[:count])
        for folder in (ROOT, ROOT / "platform"):
            for file in (folder / f"{path}.py", folder / path / "__init__.py"):
                if file.exists():
                    return count == len(parts) or defines(file.read_text(), parts[count])
    return False


def defines(text: str, name: str) -> bool:
    return bool(re.search(rf"^(?:def|class) {name}\b|^{name}\b|^from .* import .*\b{name}\b", text, re.MULTILINE))


def is_member(owner: str, name: str, sources: dict[str, list[str]]) -> bool:
    """Return whether a module of this name defines the name, or a class has it: `link.reached` is one of `Link`."""
    if any(defines(text, name) for text in sources.get(owner, [])):
        return True
    owner = owner[0].upper() + owner[1:]
    classes = [text for text in code().values() if re.search(rf"^class {owner}\b", text, re.MULTILINE)]
    return any(re.search(rf"^    (?:def )?{name}\b", text, re.MULTILINE) for text in classes)


def is_named(name: str, sources: dict[str, list[str]]) -> bool:
    owner, _, last = name.partition(".")
    return (
        last in ENDINGS or name in OTHERS or types.is_known(name) or is_module(name) or is_member(owner, last, sources)
    )


@cache
def files() -> list[str]:
    found = [*code(), *ROOT.glob("*.py"), *ROOT.glob("bench/**/*.py"), *ROOT.glob("tests/**/*.py")]
    return [file.as_posix() for file in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_file_named_by_a_page_exists(page: Path) -> None:
    text = prose(page)
    lost = [name for name in NAMED_FILE.findall(text) if not is_file(name, page)]
    lost += [name for name in SHORT_FILE.findall(text) if not any(file.endswith(f"/{name}") for file in files())]
    lost += [name for name in LINK.findall(text) if "//" not in name and not (page.parent / name).exists()]
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_each_module_function_and_command_named_by_a_page_exists(page: Path, sources: dict[str, list[str]]) -> None:
    text = prose(page)
    commands = {file.stem for file in code() if file.parent.name == "commands"} | {"check", "migrate", "collectstatic"}
    lost = [name for name in MODULE.findall(text) if not is_module(name)]
    lost += [name for name in MEMBER.findall(text) if not is_named(name, sources)]
    lost += [f"manage.py {name}" for name in COMMAND.findall(text) if name not in commands]
    lost += [f"make {name}" for name in TARGET.findall(text) if f"\n{name}:" not in (ROOT / "Makefile").read_text()]
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
