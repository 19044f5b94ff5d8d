"""The commands that the operators' pages give: each is taken by its parser.

Those of a new server are run by tests/ops/installed.py.
"""

import re
import shlex
import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from core.keyrings import keeper
from ops.cluster import ROOT

GIVEN = re.compile(r"manage\.py ([a-z_]+(?: [^`#\n|]*)?)")
SERVER = re.compile(r"python -m (config\.(?:serve|work))((?: --[a-z]+ \S+)+)`")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
#: A page may name a command without the arguments that it needs.
IN_PROSE = {"backup", "forget_keystores", "restore", "keys", "rows", "simulate", "read", "make_seal"}


def given(text: str) -> list[list[str]]:
    """Return the words of each command, its optional ones (`[--stock]`) included."""
    found = [shlex.split(re.sub(r"[\[\]…]", "", words)) for words in GIVEN.findall(text)]
    return [words for words in found if len(words) > 1 or words[0] not in IN_PROSE]


COMMANDS = {tuple(words) for page in PAGES for words in given(page.read_text())}


@pytest.mark.parametrize("words", sorted(COMMANDS), ids=" ".join)
def test_each_command_of_a_page_is_taken_by_its_parser(words: tuple[str, ...]) -> None:
    name, *arguments = [str(UUID(int=0)) if word == "ID" else word for word in words]
    command: Any = load_command_class(get_commands()[name], name)
    if "--database" in arguments:  # Django's `check` takes it as its own option of a list
        arguments[arguments.index("--database") :] = ["--database", "default"]
    try:
        command.create_parser("manage.py", name).parse_args(arguments)
    except CommandError as problem:
        pytest.fail(f"manage.py {' '.join(words)}: {problem}")


def test_the_keeper_s_commands_are_whole_and_run_by_the_installed_python() -> None:
    page = (ROOT / "docs" / "keys.md").read_text()
    commands = re.findall(r"(?:^|`)keeper ((?:serve|add|use|verify)[^`#\n]*)", page, re.MULTILINE)
    assert {words.split()[0] for words in commands} == {"serve", "add", "use", "verify"} and len(commands) >= 5
    for words in commands:
        assert keeper.parser_of_words().parse_args(shlex.split(words))
    assert re.findall(r"(\S*python) -m core", page) == ["/opt/garant/.venv/bin/python"]


@pytest.mark.parametrize(("module", "options"), SERVER.findall((ROOT / "docs/operations.md").read_text()))
def test_the_server_processes_take_the_options_that_are_given(module: str, options: str) -> None:
    helps = subprocess.run(
        [sys.executable, "-m", module, "--help"], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True
    ).stdout
    assert set(re.findall(r"--[a-z]+", options)) <= set(re.findall(r"--[a-z]+", helps))
