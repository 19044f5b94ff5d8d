"""Strings planted in values, papers, file names and answers appear nowhere in plaintext: database, files, broker,
logs.
"""

import logging
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse
from django_scopes import scope

from demo.papers import specimens
from tests.vault.made import IDENTITY, add
from tests.vault.sending import notice_pdf, quotient_pdf, uploaded
from vault.records import actions, gate
from vault.records.models import Paper, PaperFile, Record

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]

CANARIES = ["Zorglubine", "ZORGLUBINE", "98761234", "canari-du-fichier", "rue des Serins", "RUE DES SERINS"]


@pytest.fixture
def lived(browser, resident, caplog, tmp_path, monkeypatch):
    """A resident who uses everything in the vault, with a canary in each thing that they give."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    add(resident, "identite.pivot", {**IDENTITY, "family_name": "Zorglubine"})
    holder = specimens.Holder(family_name="Zorglubine", given_name="Nadia", title="Mme", number="0123456789012")
    notice = uploaded(browser, resident, notice_pdf(holder, income=98761234), name="canari-du-fichier.pdf")
    browser.get(reverse("records:confirm_paper", args=[notice.pk]))
    browser.post(reverse("records:confirm_paper", args=[notice.pk]), {"edit": "0/revenu_fiscal_reference"})
    browser.post(reverse("records:confirm_paper", args=[notice.pk]))
    waiting = uploaded(browser, resident, quotient_pdf(), name="canari-du-fichier.pdf", kind="attestation_qf")
    assert waiting.state == "to_confirm"
    draft = actions.start_draft(resident_id=resident.pk, by=resident.pk, type="logement.domicile")
    answers = {"voie": "1 rue des Serins", "code_postal": "00420", "commune": "Villebrume"}
    browser.post(reverse("records:question", args=[draft.pk, "adresse"]), answers)
    refused = uploaded(browser, resident, b"MZ Zorglubine", name="canari-du-fichier.exe")
    assert refused.state == "refused"
    for page in ("records:home", "journal:journal"):
        assert browser.get(reverse(page)).status_code == 200
    browser.post(reverse("records:home"), {"q": "zorgl"})
    response = browser.get(reverse("records:download", args=[notice.pk]))
    b"".join(response.streaming_content)
    return notice


def whole_database() -> str:
    """Return the text of all that is committed, as the owner of the tables: the portal may not read contributions."""
    with psycopg.connect(os.environ["MIGRATION_DATABASE_URL"]) as owner, owner.cursor() as cursor:
        cursor.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
        )
        tables = [row for row in cursor.fetchall() if row[0] not in ("pg_catalog", "information_schema", "kept")]
        texts = []
        for schema, table in tables:
            cursor.execute(
                f"SELECT t::text, encode(convert_to(t::text, 'UTF8'), 'escape') FROM \"{schema}\".\"{table}\" t"
            )
            texts += ["\n".join(map(str, row)) for row in cursor.fetchall()]
            texts += binaries(cursor, schema, table)
    return "\n".join(texts)


def binaries(cursor, schema, table) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = %s AND table_name = %s AND data_type = 'bytea'",
        [schema, table],
    )
    found = []
    for (column,) in cursor.fetchall():
        cursor.execute(f'SELECT "{column}" FROM "{schema}"."{table}" WHERE "{column}" IS NOT NULL')
        found += [bytes(value).decode("latin-1") for (value,) in cursor.fetchall()]
    return found


def kept_files(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the files with their contents, but the papers that tests/once.py drew.

    A broker of the tests' own processes removes its messages meanwhile.
    """
    for path in (path for folder in folders for path in folder.rglob("*")):
        if path.is_file() and path.parent.name != "drawn":
            with suppress(FileNotFoundError):
                yield path, path.read_bytes()


def canaries_in(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary.lower() in text.lower()]


def test_the_canaries_appear_once_decrypted(lived, resident):
    """Without this, the other tests could pass because nothing was planted."""
    with scope(resident=resident.pk):
        types = dict(Record.objects.values_list("pk", "type"))
        ids = list(Paper.objects.values_list("pk", flat=True))
    decrypted = gate.own_page(
        resident_id=resident.pk,
        purpose="essai",
        record_ids=list(types),
        codes=set(types.values()),
        paper_ids=ids,
    )
    assert {"Zorglubine", "98761234", "canari-du-fichier"} <= set(
        canaries_in(repr([list(part) for part in decrypted]))
    )


def test_the_database_holds_no_canary(lived):
    dump = whole_database()
    assert len(dump) > 10_000
    assert canaries_in(dump) == []


def test_the_scan_of_the_database_finds_plaintext(lived):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE records_paper SET kind = 'Zorglubine'")
    assert canaries_in(whole_database()) == ["Zorglubine", "ZORGLUBINE"]


def test_no_file_holds_a_canary(lived, tmp_path):
    files = list(kept_files(settings.VAR, tmp_path))
    assert any(re.fullmatch(r"[0-9a-f]{32}", path.name) for path, _held in files), "the sealed files are among them"
    for path, held in files:
        assert canaries_in(held.decode("latin-1")) == [], path
        assert canaries_in(str(path)) == [], path


def test_no_log_record_holds_a_canary(lived, caplog):
    records = [*caplog.get_records("setup"), *caplog.records]
    assert any(record.name == "core.web.middleware" for record in records)
    assert canaries_in("\n".join(f"{record.getMessage()} {record.__dict__}" for record in records)) == []


def test_the_sealed_file_is_not_the_pdf(lived, resident):
    with scope(resident=resident.pk):
        assert PaperFile.objects.exists()
    for path, held in kept_files(settings.VAR):
        assert not held.startswith(b"%PDF"), path
