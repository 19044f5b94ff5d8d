"""How the project presents itself to catalogues and forges: each file says what is so."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from ops.cluster import ROOT

PUBLICCODE: dict[str, Any] = yaml.safe_load((ROOT / "publiccode.yml").read_text())
SCHEMA = json.loads((ROOT / "tests" / "ops" / "publiccode.schema.json").read_text())
WORKFLOWS = (".github/workflows/ci.yml", ".gitlab-ci.yml")


def test_publiccode_is_what_catalogues_read() -> None:
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(PUBLICCODE)] == []


def test_publiccode_tells_the_version_and_the_languages_of_the_portal() -> None:
    assert PUBLICCODE["softwareVersion"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert set(PUBLICCODE["localisation"]["availableLanguages"]) == set(PUBLICCODE["description"]) == {"fr", "en"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_forge_runs_the_two_commands_of_the_readme(name: str) -> None:
    promised = set(re.findall(r"^(make \w+) +#", (ROOT / "README.md").read_text(), re.MULTILINE))
    run = re.findall(r"\b(make \w+)(?: ONCE=yes)?$", (ROOT / name).read_text(), re.MULTILINE)
    assert yaml.safe_load((ROOT / name).read_text())
    assert set(run) == promised == {"make demo", "make test"}
