"""`manage.py read`: one JSON document per file, one sentence per refusal, no database."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from demo.papers import specimens
from tests.fixtures import hostile
from tests.fixtures.notices import FACTS
from vault.readers import sandbox
from vault.types import envelope

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = "postgresql://web@127.0.0.1:1/nowhere"


@pytest.fixture
def notice(tmp_path: Path) -> Path:
    path = tmp_path / "photo de vacances.png"
    path.write_bytes(specimens.tax_notice(**FACTS))
    return path


def run(
    *arguments: str, settings: str = "config.settings.demo", **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if "DATABASE" not in name and not name.startswith("GARANT")
    }
    return subprocess.run(
        [sys.executable, "manage.py", "read", *arguments],
        cwd=ROOT,
        env=kept | {"DJANGO_SETTINGS_MODULE": settings} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("database", [{}, {"DATABASE_URL": NOWHERE}], ids=["no database set", "database down"])
def test_each_file_is_one_document_even_without_a_database(notice: Path, database: dict[str, str]) -> None:
    done = run(str(notice), str(notice), "--trust-test-authority", **database)
    assert done.returncode == 0, done.stderr
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(one) for one in documents] == [["file", "format", "records", "checks", "warnings", "facts"]] * 2
    assert documents[0]["file"] == str(notice)
    for record in documents[0]["records"]:
        envelope.validate(record)
        assert record["payload"]["date_mise_en_recouvrement"] == "2026-07-31"


def test_a_refused_file_is_one_sentence_and_the_others_are_still_read(notice: Path, tmp_path: Path) -> None:
    bad, absent = tmp_path / "bad.pdf", tmp_path / "absent.pdf"
    bad.write_bytes(hostile.encrypted_pdf())
    done = run(str(bad), str(notice), str(absent))
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    first, second = done.stderr.splitlines()
    assert first.endswith("Ce PDF est protégé par un mot de passe. Enregistrez-le sans mot de passe, puis envoyez-le.")
    assert second == f"{absent}\u00a0: Ce fichier ne s’ouvre pas."


def test_without_the_flag_a_test_signature_proves_nothing(notice: Path) -> None:
    (line,) = run(str(notice)).stdout.splitlines()
    assert json.loads(line)["records"] == []


def test_production_settings_refuse_the_flag(notice: Path, tmp_path: Path) -> None:
    environment = {
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
        "DATABASE_URL": NOWHERE,
        "KEYRING": str(tmp_path / "keyring.json"),
        "ALLOWED_HOSTS": "a.example",
        "SITE_URL": "https://a.example",
        "TRUSTED_PROXIES": "1",
    }
    refused = run("--trust-test-authority", str(notice), settings="config.settings.prod", **environment)
    assert refused.returncode == 1
    assert "TRUST_TEST_AUTHORITY" in refused.stderr
    assert refused.stdout == ""


def test_the_sandbox_refuses_it_too(notice: Path, settings: pytest.FixtureRequest) -> None:
    settings.TRUST_TEST_AUTHORITY = False  # type: ignore[attr-defined]
    with notice.open("rb") as stream, pytest.raises(sandbox.TestAuthorityRefused):
        sandbox.read(stream, trust_test_authority=True)
    with pytest.raises(CommandError):
        call_command("read", str(notice), "--trust-test-authority")


TABLE = "Jour,Quoi,Combien\n05/01/2026,PAIN,-1.50\n06/01/2026,SALAIRE,1500.00\n"


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    call_command("read", *arguments)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_table_is_printed_with_its_columns_and_read_once_they_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "compte.csv"
    path.write_text(TABLE)
    asked = printed(capsys, str(path))
    assert (asked["records"], asked["table"]["headers"]) == ([], ["Jour", "Quoi", "Combien"])
    assert asked["table"]["guess"]["Jour"] == "date_operation"
    named = printed(capsys, "--columns", "date=Jour,label=Quoi,amount=Combien", str(path))
    assert [one["payload"]["montant"] for one in named["records"]] == ["-1.50", "1500.00"]
    assert "table" not in named


def test_the_direction_of_energy_is_an_option_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "maison.csv"
    path.write_text("debut;kW\n2026-06-01 00:00:00;0.5\n")
    assert printed(capsys, str(path))["asks_direction"] is True
    (record,) = printed(capsys, "--direction", "production", str(path))["records"]
    assert record["payload"]["flux"] == "production"


@pytest.mark.parametrize("columns", ["Jour", "montant:Combien", "prix=Combien"])
def test_columns_that_are_no_fields_are_refused(columns: str) -> None:
    with pytest.raises(CommandError, match="FIELD=HEADER"):
        call_command("read", "--columns", columns, "compte.csv")
