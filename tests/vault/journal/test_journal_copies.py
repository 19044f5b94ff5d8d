"""Verification and copies of the journal. The JSON copy can be verified without the portal."""

import base64
import csv
import hashlib
import io
import json

import pytest
from django.db import transaction
from django.urls import reverse

from core import journal
from core.journal import checkpoints, merkle, signed_notes
from core.journal.checkpoints import seal
from tests.core.test_checkpoints import outside  # noqa: F401 - fixtures
from vault.journal.actions.journal import copy_journal
from vault.journal.enums import CopyFormat

pytestmark = pytest.mark.django_db(transaction=True)


def write(resident, event="read", **more):
    with transaction.atomic():
        return journal.write(resident_id=resident.pk, actor_id=resident.pk, event=event, purpose="Essayer", **more)


def newest(resident):
    return journal.entries(resident_id=resident.pk, limit=1)[0]


def copied(browser, form):
    answer = browser.post(reverse("journal:copy_journal"), {"format": form})
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content)


def test_the_page_shows_that_the_journal_is_complete(browser, resident):
    write(resident)
    shown = browser.get(reverse("journal:check_journal")).content.decode()
    assert "Votre journal est entier" in shown
    assert "2 lignes vérifiées" in shown
    assert "n’y figure pas encore" in shown
    seal()
    write(resident)
    shown = browser.get(reverse("journal:check_journal")).content.decode()
    assert "le point 1" in shown
    assert "1 ligne plus récente attend" in shown


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE core_journalleaf SET leaf = sha256('x') WHERE number = 2 AND {own}", "La ligne 2 ne correspond pas"),
        (
            "DELETE FROM core_journalentry; DELETE FROM core_journalleaf WHERE number = 3 AND {own}",
            "La ligne 3 a disparu",
        ),
        ("UPDATE core_checkpoint SET note = 'x'", "n’est pas signé par la ville"),
    ],
)
def test_the_page_shows_each_mismatch(browser, resident, tamper, statement, says):
    write(resident)
    write(resident)
    seal()
    with tamper() as admin:
        admin.execute(statement.format(own=f"resident_id = '{resident.pk}'"))
    shown = browser.get(reverse("journal:check_journal")).content.decode()
    assert "Quelque chose ne correspond pas" in shown
    assert says in shown


def test_the_csv_copy_has_every_entry_and_no_formula(browser, resident):
    write(resident, "granted_read", details={"recipient": "=1+1"})
    write(resident, "household_joined", details={"recipient": "x"}, fields=["logement.domicile#/loyer"])
    table = list(csv.reader(io.StringIO(copied(browser, "csv").decode("utf-8-sig")), delimiter=";"))
    assert [row[0] for row in table] == ["Ligne", "1", "2", "3", "4"]
    assert "Loyer" in table[3][8]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in table for cell in row)


def test_a_cell_that_looks_like_a_formula_is_prefixed(resident, monkeypatch):
    monkeypatch.setattr("vault.journal.sentences.sentence", lambda entry, kinds: "=HYPERLINK(1)")
    table = copy_journal(resident_id=resident.pk, by=resident.pk, form=CopyFormat.CSV).decode("utf-8-sig")
    assert ";'=HYPERLINK(1);" in table


def test_the_json_copy_can_be_verified_alone(browser, resident):
    write(resident)
    seal()
    copy = json.loads(copied(browser, "json"))
    chain = bytes(32)
    for row in copy["lines"]:
        salted = base64.b64decode(row["bytes"])
        leaf = hashlib.sha256(b"\x00" + salted).digest()
        chain = hashlib.sha256(b"\x01" + chain + leaf).digest()
        assert (leaf.hex(), chain.hex()) == (row["leaf"], row["chain"])
        assert json.loads(salted[32:]) == row["content"]
    (point,) = copy["checkpoints"]
    entry = bytes.fromhex(copy["lines"][point["line"] - 1]["chain"])
    path = [bytes.fromhex(node) for node in point["path"]]
    root = signed_notes.read(point["note"]).root
    assert merkle.leads_to(entry, position=point["position"], size=point["size"], path=path, root=root)
    assert copy["public_keys"] == signed_notes.public_keys()


def test_the_pdf_copy_is_drawn(browser, resident):
    write(resident, fields=["logement.domicile#/loyer"])
    assert copied(browser, "pdf").startswith(b"%PDF")


def test_a_copy_is_journalled_and_contains_its_own_entry(browser, resident):
    copy = json.loads(copied(browser, "json"))
    assert newest(resident).event == "journal_copied"
    assert copy["lines"][-1]["content"]["event"] == "journal_copied"


def test_a_copy_without_a_valid_format_is_refused(browser, resident):
    before = newest(resident).number
    assert browser.post(reverse("journal:copy_journal"), {}).status_code == 200
    assert browser.post(reverse("journal:copy_journal"), {"format": "exe"}).context["form"].errors
    assert newest(resident).number == before


def test_checkpoints_are_public_and_name_no_resident(client, resident):
    write(resident)
    made = seal()
    assert made is not None
    shown = client.get(reverse("checkpoints")).content.decode()
    assert "Point 1" in shown
    assert signed_notes.public_keys()[0] in shown
    note = client.get(reverse("checkpoint_note", args=[1]))
    assert note.content.decode() == made.note
    assert str(resident.pk) not in shown + made.note
    assert client.get(reverse("checkpoint_note", args=[99])).status_code == 404


@pytest.mark.parametrize("before", ["", "abc", "0", "9" * 30])
def test_an_invalid_checkpoint_query_still_shows_the_page(client, before):
    assert client.get(reverse("checkpoints"), {"avant": before}).status_code == 200
    assert checkpoints.unanchored() == 0
