"""The prefilled declaration beside the payslips: each gap explained, the correction ready, nothing kept."""

import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django_scopes import scopes_disabled

from accounts.models import User
from core import journal
from core.pdf import apart
from services.aids import prefilled
from services.aids.actions import declaration as actions
from services.aids.prefilled import Slip
from services.aids.views import declaration as views
from tests.accounts.factories import signed_in
from tests.services.aids import people
from tests.services.aids.test_pages import text
from vault.readers.files import letters
from vault.records.models import Paper, Record
from vault.records.values.decrypted import Opened

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
NOW = "2025-11-20 10:00:00+01:00"
PAGE = "/aides/declaration/"


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def slip(social: str, payer: str = "Mairie", **others: str) -> Slip:
    return Slip(
        Opened.__new__(Opened), payer, Decimal(social), {name: Decimal(value) for name, value in others.items()}
    )


def reason(filled: str, *slips: Slip, before: str = "", after: str = "") -> str:
    by_month = {"2025-08": list(slips)}
    if before:
        by_month["2025-07"] = [slip(before)]
    if after:
        by_month["2025-09"] = [slip(after)]
    [one] = prefilled.compare({"2025-08": Decimal(filled)}, by_month)
    return one.reason


def test_each_gap_has_its_explanation() -> None:
    paid = slip("1000", net_avant_impot="980", net_imposable="1040")
    assert reason("1000", paid) == reason("1001", paid) == "", "the CAF rounds to the euro"
    assert reason("1002", paid) == "unknown"
    assert reason("0", paid) == "missing"
    assert reason("980", paid) == "net_avant_impot" and reason("1040", paid) == "net_imposable"
    assert reason("700", paid, before="700") == reason("700", paid, after="700") == "shifted"
    assert reason("1000", paid, slip("300", "Crèche")) == "employer"
    assert reason("500") == "no_slip"


def test_the_declaration_reads_the_months_m_4_to_m_2(awa: Client, resident: User) -> None:
    assert actions.read(resident_id=resident.pk).months == ["2025-07", "2025-08", "2025-09"]
    page = text(awa, PAGE)
    assert "lit vos revenus entre juillet 2025 et septembre 2025" in page
    assert "Ce que la CAF ne remplit jamais" in page and "À ajouter vous-même" not in page
    people.put(resident, "revenu.mensuel", {"mois": "2025-08", "nature": "micro_entreprise", "net": "350.00"})
    assert "Revenus d’indépendant 350 € en août 2025" in text(awa, PAGE)


def test_what_is_typed_is_compared_and_kept_nowhere(awa: Client, resident: User) -> None:
    with scopes_disabled():
        before = Record.objects.count()
    entries = len(journal.entries(resident_id=resident.pk, limit=500))
    answer = awa.post(PAGE, {"2025-07": "900", "2025-08": "1 153,84", "2025-09": ""})
    page = answer.content.decode()
    assert answer.status_code == 200 and "À corriger" in page and "Télécharger la correction" in page
    with scopes_disabled():
        assert Record.objects.count() == before
    added = journal.entries(resident_id=resident.pk, limit=500)[:-entries]
    assert [(one.event, one.purpose) for one in added] == [("read", actions.CHECK)]
    assert not any("1153" in str(value) for value in awa.session.values())


def test_the_correction_is_a_letter_with_its_payslip(awa: Client) -> None:
    typed = {"2025-07": "900", "2025-08": "0", "lettre": "1"}
    answer = awa.post(PAGE, typed)
    assert answer.headers["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF")
    same = awa.post(PAGE, typed | {"2025-08": "900"})
    assert same.headers["Content-Type"].startswith("text/html"), "without a gap there is no letter"


@pytest.mark.parametrize("typed", ["-5", "douze", "99999999999999", ""])
def test_bad_amounts_are_refused_in_words(awa: Client, typed: str) -> None:
    answer = awa.post(PAGE, {"2025-07": typed})
    assert answer.status_code == 400 and "Erreur" in answer.content.decode()


def test_only_ones_own_incomes_count(awa: Client, resident: User) -> None:
    child = people.put(
        resident,
        "emploi.revenu",
        {"mois": "2025-08", "net_avant_impot": "50.00", "net_social": "50.00"},
        person=uuid4(),
        role="child",
    )
    found = actions.read(resident_id=resident.pk)
    assert [person for person, _name in found.adults] == [resident.pk]
    assert all(one.record.record_id != child for one in prefilled.slips(found.values, resident.pk)["2025-08"])
    assert Client().get(PAGE).status_code == 302


def test_a_partner_has_months_of_their_own(villebrume: object, resident: User) -> None:
    people.identity(resident)
    adults = [
        {"id": str(resident.pk), "nom_naissance": "TRAORÉ", "prenoms": "Awa", "date_naissance": "1993-04-12"},
        {"id": str(people.CHILD), "nom_naissance": "LE GALL", "prenoms": "Yann", "date_naissance": "1990-01-01"},
    ]
    people.put(resident, "foyer.composition", {"allocataires": adults, "enfants": []}, role="household")
    slip = {"mois": "2025-08", "net_avant_impot": "700.00", "net_social": "710.00"}
    people.put(resident, "emploi.revenu", slip, person=people.CHILD, role="spouse")
    answer = signed_in(resident).post(PAGE, {"2025-08-1": "700"}).content.decode()
    assert "Août 2025, Yann" in answer and "net avant impôt du bulletin" in answer


PHOTO = "/aides/declaration/photo/"


def send(client: Client, content: bytes, name: str = "page.pdf") -> Any:
    return client.post(PHOTO, {"file": SimpleUploadedFile(name, content)})


def body(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def declared() -> bytes:
    """Return a PDF of the declaration, as caf.fr gives one."""
    lines = ("Juillet 2025 : 1 200,00 €", "Août 2025 : 1 180,00 €", "Septembre 2025 : 0,00 €")
    return apart.draw("".join(f"<p>{line}</p>" for line in lines), style="")


def test_a_pdf_of_the_declaration_fills_the_form_and_is_not_kept(awa: Client) -> None:
    with scopes_disabled():
        before = Record.objects.count(), Paper.objects.count()
    page = send(awa, declared())
    assert page.status_code == 200 and "3 montants lus." in body(page)
    assert "corrigez-les" in body(page) and "Recopiez les montants" not in body(page)
    values = {name: page.context["typed"][name].value() for name in page.context["typed"].fields}
    assert values == {"2025-07": "1200", "2025-08": "1180", "2025-09": "0"}
    assert "Écart" not in body(page), "nothing is compared before the resident has checked"
    with scopes_disabled():
        assert (Record.objects.count(), Paper.objects.count()) == before


def test_a_file_without_an_amount_a_broken_one_and_none_get_a_sentence(awa: Client) -> None:
    nothing = apart.draw("<p>Bonjour</p>", style="")
    refused = send(awa, nothing)
    assert refused.status_code == 400 and "aucun montant" in body(refused)
    assert "abîmé" in body(send(awa, b"%PDF-1.7 cut"))
    empty = awa.post(PHOTO, {})
    assert empty.status_code == 400 and "Choisissez un fichier" in body(empty)
    assert awa.get(PHOTO).status_code == 405


def test_one_photo_is_read_at_a_time(awa: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_turns", threading.BoundedSemaphore(1))
    with views._turns:
        page = send(awa, declared())
    assert page.status_code == 503 and "dans une minute" in body(page)
    assert send(awa, declared()).status_code == 200


def test_where_photos_cannot_be_read_the_page_says_so(awa: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ("ne sait pas lire une photo" in text(awa, PAGE)) is not letters.can_read()
    monkeypatch.setattr(letters, "PROGRAM", Path("/nonexistent"))
    assert "ne sait pas lire une photo" in text(awa, PAGE)
