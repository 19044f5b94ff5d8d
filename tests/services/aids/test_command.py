"""`manage.py simulate`: one JSON document per file, without a database, or a vault by email address."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.services.aids import people

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.slow


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a process whose database is unreachable."""
    environment = {name: value for name, value in os.environ.items() if name != "GARANT_TEST"}
    environment |= {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
    }
    return subprocess.run(
        [sys.executable, "manage.py", "simulate", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def written(tmp_path):
    def write(name: str, content: object) -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


def test_files_need_no_database_and_a_wrong_one_names_its_field(written):
    good, other = written("one.json", people.single()), written("two.json", {"case": people.family()})
    wrong = written("wrong.json", people.person(people.single(), birth_date="1850-01-01"))
    done = run(good, wrong, other)
    assert done.returncode == 1
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [document["file"] for document in documents] == [good, other]
    assert "people[0].birth_date" in done.stderr and "130 ans" in done.stderr
    assert set(documents[0]) == {"file", "period", "amounts", "steady", "reasons", "missing"}


def simulate(capsys, *words: str, **options) -> Any:
    call_command("simulate", *words, **options)
    return json.loads(capsys.readouterr().out)


def test_stock_leaves_our_corrections_out(written, capsys):
    household = people.family()
    household["people"][1] |= {"birth_date": "2015-03-10"}
    file = written("family.json", household)
    stock, ours = simulate(capsys, file, "--stock"), simulate(capsys, file)
    assert stock["steady"]["k1.pass_sport"] == 50 and ours["steady"]["k1.pass_sport"] == 0


def test_document_has_reasons_and_missing_values(written, capsys):
    document = simulate(capsys, written("one.json", people.without(people.single(), "tax_notices")))
    assert [line["key"] for line in document["missing"]] == ["avis"]
    rsa = document["reasons"]["rsa"]
    assert rsa["status"] == "not_eligible" and any(condition["ok"] is False for condition in rsa["conditions"])
    assert document["reasons"]["cheque_energie"]["status"] == "unknown"


@pytest.mark.parametrize("content", ["", "{", "[1]", "\x00", "[" * 100_000, "1" * 5001])
def test_other_content_than_a_json_object_is_refused_in_one_sentence(written, capsys, content):
    with pytest.raises(SystemExit):
        call_command("simulate", written("bad.json", content))
    printed = capsys.readouterr()
    assert printed.out == "" and len(printed.err.strip().splitlines()) == 1


def test_missing_file_is_refused(capsys):
    with pytest.raises(SystemExit):
        call_command("simulate", "/nowhere.json")


def test_files_or_a_resident_but_not_both(written):
    for words in ([], [written("one.json", people.single()), "--resident", "a@b.example"]):
        with pytest.raises(CommandError):
            call_command("simulate", *words)


@pytest.mark.django_db(transaction=True)
def test_a_vault_is_simulated_by_e_mail_address(resident, capsys):
    people.full_vault(resident)
    call_command("simulate", "--resident", resident.email.upper())
    assert json.loads(capsys.readouterr().out)["reasons"]["asf"]["status"] in {"eligible", "unknown"}


@pytest.mark.django_db(transaction=True)
def test_unknown_email_and_empty_vault_are_reported(resident):
    with pytest.raises(CommandError, match="No resident"):
        call_command("simulate", "--resident", "nobody@courriel.example")
    with pytest.raises(CommandError, match="no value"):
        call_command("simulate", "--resident", resident.email)
