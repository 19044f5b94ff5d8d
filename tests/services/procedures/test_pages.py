"""Pages of procedures: an agent writes one without JSON, another publishes it, everybody reads it."""

import html
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from services.aids import catalogue
from services.procedures import finding, shipping
from services.procedures.actions import procedures as actions
from services.procedures.enums import Silence
from services.procedures.models import Procedure
from services.procedures.presenting import silence_words
from services.procedures.rules import of_aid
from services.versions.actions import versions
from services.versions.models import State
from tests.accounts.factories import signed_in
from tests.services.procedures.written import CANTEEN, RENTAL, asking, document

pytestmark = pytest.mark.django_db

SHEET = {
    "label": "Carte de la médiathèque",
    **{f"review_on_{part}": value for part, value in (("day", "1"), ("month", "5"), ("year", "2027"))},
    "kind": "city",
    "subject": "other",
    "summary": "Emprunter des livres.",
    "organisation": "Médiathèque de Villebrume",
    "where_to_send": "Accueil de la médiathèque\nMairie",
    "act": "Délibération 2026-77",
    "months": "2",
    "silence": "accepted",
    "appeals": "Directrice de la médiathèque\nTribunal administratif",
    "most_guarantors": "0",
}
PAPER = {"kind": "cni", "who": "applicant", "count": "1", "period": "valid", "condition": "", "required": "on"}


@pytest.fixture
def pages(author) -> Client:
    return signed_in(author)


def at(name: str, *args: Any, **query: Any) -> str:
    return reverse(f"procedures:{name}", args=args, query=query or None)


def text(answer: Any) -> Any:
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def test_a_procedure_is_written_proposed_and_published_by_pages(pages, second):
    assert pages.post(at("new"), SHEET).status_code == 302
    row = Procedure.objects.get()
    assert "Choisissez au moins une information." in text(pages.get(at("version", row.pk)))
    told = {"title": "Vous", "fields_": ["identite.pivot#/given_name", "identite.contact#/email"], "seen": "0"}
    assert pages.post(at("section", row.pk), told).status_code == 302
    assert pages.post(at("paper", row.pk), {**PAPER, "seen": "1"}).status_code == 302
    asked = {
        **PAPER,
        "kind": "certificat_scolarite",
        "period": "year",
        "condition": "value",
        "answers": ["foyer.situation#/activite=etudiant", "foyer.situation#/activite=apprenti"],
        "question": "Étudiez-vous ?",
        "seen": "2",
    }
    del asked["required"]
    assert pages.post(at("paper", row.pk), asked).status_code == 302
    row.refresh_from_db()
    assert row.rules["papers"][1]["condition"] == {
        "type": "value",
        "field": "foyer.situation#/activite",
        "in": ["etudiant", "apprenti"],
        "question": "Étudiez-vous ?",
    }
    assert pages.get(at("publish", row.pk)).status_code == 404
    pages.post(at("try", row.pk))
    other = signed_in(second)
    row.refresh_from_db()
    assert f"?lu={row.mark}" in text(other.get(at("version", row.pk)))
    assert other.post(at("publish", row.pk), {"shown": row.mark}).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.published_by) == (State.PUBLISHED, second)
    assert other.post(at("publish", row.pk), {"shown": row.mark}).status_code == 404, "it is published once"
    public = text(Client().get(at("page", row.code)))
    assert "Délibération 2026-77" in public and "Étudiez-vous ?" in public and "Awa Sorel" not in public
    assert "Sans réponse, la demande est acceptée." in public and "Préparer mon dossier" in public
    assert row.label in text(Client().get(at("listed", q="médiathèque")))
    assert "govuk-details" in Client().get(at("listed")).content.decode(), "those of the State are folded"
    assert "govuk-details" not in Client().get(at("listed", q="activité")).content.decode(), "what was searched is not"


def test_only_what_the_second_person_read_is_published(author, second):
    row = versions.try_out(row=actions.begin(by=author, item=asking()), by=author)
    other = signed_in(second)
    link = re.search(r'href="([^"]*/publier/[^"]*)"', text(other.get(at("version", row.pk))))
    assert link
    actions.change(row=row, by=author, seen=0, label="Autre chose")
    versions.try_out(row=row, by=author)
    assert "Quelqu’un a agi avant vous" in text(other.get(html.unescape(link[1]), follow=True))
    for sent in ({"shown": link[1].partition("lu=")[2]}, {}):
        assert "Quelqu’un a agi avant vous" in text(other.post(at("publish", row.pk), sent, follow=True))
    row.refresh_from_db()
    assert row.state == State.TESTED


def test_what_the_law_denies_is_named_on_the_page_and_stops_the_proposal(pages, author):
    row = actions.begin(by=author, item=asking("identite.pivot#/gender"))
    page = text(pages.get(at("version", row.pk)))
    assert "C-394/23" in page and "Proposer à la publication" not in page
    assert "C-394/23" in text(pages.post(at("try", row.pk), follow=True))
    row.refresh_from_db()
    assert row.state == State.DRAFT
    told = {"title": "Vous", "fields_": ["identite.pivot#/gender"], "basis": "Code du sport, L1", "seen": "0"}
    pages.post(at("section", row.pk, place=0), told)
    assert "Proposer à la publication" in text(pages.get(at("version", row.pk)))
    assert "Code du sport, L1" in text(pages.get(at("preview", row.pk)))


def test_an_old_page_of_a_draft_changes_nothing(pages, author):
    row = actions.begin(by=author, item=document())
    first, second_one = row.rules["papers"]
    assert "seen" in text(pages.get(at("paper", row.pk, place=1)))
    pages.post(at("remove", row.pk), {"what": "papers:0", "seen": "0"})
    answer = pages.post(at("remove", row.pk), {"what": "papers:0", "seen": "0"}, follow=True)
    assert "Quelqu’un a agi avant vous" in text(answer)
    row.refresh_from_db()
    assert row.rules["papers"] == [second_one]
    for told in ({**PAPER}, {**PAPER, "seen": "x"}, {**PAPER, "seen": "9" * 12}):
        assert "Quelqu’un a agi avant vous" in text(pages.post(at("paper", row.pk, place=0), told, follow=True))
    assert first["kind"] == "attestation_qf"


def test_a_wrong_form_says_what_is_wrong(pages, author):
    row = actions.begin(by=author, item=document())
    for told, words in (
        ({**PAPER, "period": "last"}, "Écrivez un nombre de mois."),
        ({**PAPER, "condition": "ask"}, "Écrivez la question à poser."),
        ({**PAPER, "condition": "value", "question": "Et ?"}, "Choisissez des réponses à une seule question."),
    ):
        answer = pages.post(at("paper", row.pk), {**told, "seen": "0"})
        assert words in text(answer)
    late = {
        **SHEET,
        **{f"closes_on_{part}": value for part, value in (("day", "1"), ("month", "1"), ("year", "2026"))},
    }
    late |= {f"opens_on_{part}": value for part, value in (("day", "1"), ("month", "2"), ("year", "2026"))}
    assert "Cette date est avant l’ouverture." in text(pages.post(at("new"), late))
    for address in (at("paper", row.pk, place=7), at("section", row.pk, place="x"), at("differences", row.pk)):
        assert pages.get(address).status_code == 404
    for what in ("papers:9", "papers:x", "title:0", ""):
        assert pages.post(at("remove", row.pk), {"what": what, "seen": "0"}).status_code == 404


def bomb() -> bytes:
    lines = ["a: &a ['x','x']"] + [f"{b}: &{b} [*{a},*{a}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    return "\n".join(lines).encode()


def test_a_file_goes_out_and_comes_back_and_a_bomb_is_refused(pages, author):
    shipping.load()
    row = Procedure.objects.get(code=RENTAL)
    file = Client().get(at("rules", row.code))
    assert file["Content-Type"].startswith("application/yaml")
    answer = pages.post(at("import"), {"file": SimpleUploadedFile("logement.yaml", file.content)})
    back = Procedure.objects.latest("pk")
    assert answer.status_code == 302 and (back.version, back.state) == (2, State.DRAFT)
    assert back.rules == row.rules
    count = Procedure.objects.count()
    for content, words in (
        (bomb(), "alias"),
        (b"x" * 300_000, "trop gros"),
        (b"- 1\n- 2", "n’a pas la forme attendue"),
        (b"code: rien", "la racine"),
        (b"\xff\xfe", "pas du texte"),
    ):
        refused = pages.post(at("import"), {"file": SimpleUploadedFile("x.yaml", content)})
        assert words in text(refused), words
    national = file.content.replace(b"code: logement-ville", b"code: rsa")
    assert pages.post(at("import"), {"file": SimpleUploadedFile("rsa.yaml", national)}).status_code == 403
    assert Procedure.objects.count() == count


def test_a_version_that_was_public_stays_and_says_that_it_is_over(author, second):
    shipping.load()
    row = Procedure.objects.get(code=CANTEEN)
    newer = versions.renew(row=row, by=author, begin=actions.begin)
    versions.publish(row=versions.try_out(row=newer, by=author), by=second)
    assert "n’est plus en vigueur" in text(Client().get(at("page", CANTEEN, version=1)))
    assert "Préparer mon dossier" in text(Client().get(at("page", CANTEEN)))
    versions.close(row=newer)
    over = text(Client().get(at("page", CANTEEN)))
    assert "n’est plus en vigueur" in over and "Préparer mon dossier" not in over
    for address in (
        at("page", "rien"),
        at("page", CANTEEN, version=9),
        at("page", "rsa", version=1),
        at("rules", "rsa"),
    ):
        assert Client().get(address).status_code == 404
    assert "Revenu de solidarité active" in text(Client().get(at("page", "rsa")))


def test_pages_ask_for_few_queries(pages, author, django_assert_max_num_queries):
    shipping.load()
    row = Procedure.objects.get(code=RENTAL)
    for browser, address in (
        (pages, at("agents")),
        (pages, at("version", row.pk)),
        (Client(), at("listed")),
        (Client(), at("page", RENTAL)),
    ):
        with django_assert_max_num_queries(16):
            assert browser.get(address).status_code == 200


@pytest.mark.parametrize("aid", [one.code for one in catalogue.all_aids() if one.code.startswith("ville_")])
def test_without_a_delay_of_its_own_an_office_has_that_of_the_law_on_every_page(aid):
    words = silence_words(of_aid(catalogue.get(aid)))
    assert "la loi lui donne deux mois" in words
    terms = finding.terms([aid], timezone.now())
    assert (terms.months, terms.silence) == (2, Silence.REFUSED) and "refusée" in words
