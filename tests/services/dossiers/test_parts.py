"""A couple's dossier in two parts, each from its own vault, under one number. Neither reads the other's; refusing is
possible.
"""

import io
import json
import re
from typing import Any
from uuid import uuid4

import pikepdf
import pypdfium2
import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from core import journal
from services.aids.actions import simulations as aids
from services.aids.actions import together as actions_together
from services.dossiers import across as parts
from services.dossiers import leaving, recipients
from services.dossiers.actions import building
from services.dossiers.actions import dossiers as actions
from services.dossiers.actions import parts as actions_parts
from services.dossiers.enums import Choice, PartState, State
from services.dossiers.models import Dossier, Part, Seal
from services.dossiers.pdf.build import build as draw
from tests.accounts.factories import signed_in
from tests.services.aids.couple import GROSS, ITEMS, NET, TAXABLE, fill
from tests.services.dossiers.made import add_paper, fresh, pdf_of, start, work
from tests.telling import tells
from tests.vault.couples import agreed, couple
from tests.vault.made import add
from vault.records.actions import grants
from vault.records.enums import HouseholdRole, Mode
from vault.records.gate.copying import Opener
from vault.records.models import Grant, Record
from vault.sharing.actions import household

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
AID = "prime_activite"
FIGURES = [
    NET,
    GROSS,
    TAXABLE,
    *(figure.replace(".", ",") for figure in (NET, GROSS, TAXABLE)),
    "1\u00a0737",
    "2\u00a0229",
    "1\u00a0801",
]


@pytest.fixture
def awa(resident: Any, stranger: Any) -> Any:
    """Awa, who lives with Bruno."""
    fill(resident, stranger, timezone.localdate())
    couple(resident, stranger)
    return resident


@pytest.fixture
def bruno(stranger: Any) -> Any:
    return stranger


@pytest.fixture
def asked(awa: Any) -> Dossier:
    dossier = start(awa, AID, recipient="CAF de Villebrume")
    actions_parts.ask(dossier=dossier, by=awa.pk)
    return dossier


def received(person: Any) -> Any:
    [found] = parts.received(person.pk)
    return found


def agree(person: Any) -> Dossier:
    return actions_parts.agree(found=received(person), by=person.pk)


def state_for(dossier: Dossier) -> Any:
    partner_part = parts.partner_part(dossier)
    return None if partner_part is None else partner_part.state


def build(dossier: Dossier, *, drawn: bool = True) -> Any:
    actions.build(dossier=fresh(dossier), by=dossier.resident_id)
    work(drawn=drawn)
    return fresh(dossier)


def everything(dossier: Dossier) -> str:
    """Return the text of the PDF's pages and of its embedded data."""
    pdf = pdf_of(dossier)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        inside = [file.get_file().read_bytes().decode() for file in opened.attachments.values()]
    pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)]
    return re.sub(r"[ \r\n]+", " ", "\n".join([*inside, *pages]).replace("\u00a0", " "))


def events(person: Any) -> list[str]:
    return [line.event for line in journal.entries(resident_id=person.pk, limit=200)]


def url(name: str, *args: Any) -> str:
    return reverse(f"dossiers:{name}", args=args)


# Asking


def test_partner_reads_the_request_and_no_value_of_the_other_vault(asked, bruno):
    actions.write_letter(dossier=asked, by=asked.resident_id, text="CANARI-LETTRE")
    page = signed_in(bruno).get(url("part", received(bruno).part.pk)).content.decode()
    for shown in ("Awa", "Prime d’activité", "CAF de Villebrume", asked.number):
        assert shown in page
    assert "CANARI" not in page and not tells(page, "820") and "Diallo" not in page
    with scope(resident=bruno.pk):
        part = Part.objects.get()
    assert (part.number, part.aids, recipients.of(part)) == (asked.number, [AID], "CAF de Villebrume")


def test_the_copy_of_each_says_whom_their_dossier_is_for(asked, awa, bruno):
    for person, key in ((awa, "dossiers"), (bruno, "asked_of_me")):
        with scope(resident=person.pk):
            found = {entry.path: b"".join(entry.chunks) for entry in leaving.copy(Opener(person.pk))}
        assert [row["recipient"] for row in json.loads(found["dossiers.json"])[key]] == ["CAF de Villebrume"]


def test_asking_twice_makes_one_request_and_each_journal_has_its_own_acts(asked, awa, bruno):
    before = events(bruno)
    actions_parts.ask(dossier=asked, by=awa.pk)
    with scope(resident=bruno.pk):
        assert Part.objects.count() == 1
    assert events(awa).count("part_asked") == 1
    assert events(bruno) == before
    page = signed_in(awa).get(reverse("journal:journal"), {"quoi": "dossiers"}).content.decode()
    assert "Vous avez demandé à «\u00a0Bruno\u00a0» sa part" in page


def test_request_lists_the_needs_in_ones_own_vault(asked, bruno):
    add_paper(bruno, "bulletin_salaire")
    found = received(bruno)
    needs = {need.key: need for need in actions_parts.needs_of_request(found=found, by=bruno.pk)}
    assert needs["values:emploi.revenu"].state == "present"
    assert needs["paper:bulletin_salaire:applicant"].hint == "Il en manque 2."
    assert not {key for key in needs if any(word in key for word in ("rib", "foyer", "domicile", "banque", "contact"))}
    page = signed_in(bruno).get(url("part", found.part.pk)).content.decode()
    assert "Il en manque" in page


def test_request_needs_a_partner(resident, stranger):
    alone = start(resident, AID)
    with pytest.raises(PermissionDenied):
        actions_parts.ask(dossier=alone, by=resident.pk)
    couple(resident, stranger, HouseholdRole.ADULT)
    assert parts.partner_part(alone) is None
    mine = signed_in(resident)
    for method in ("get", "post"):
        assert getattr(mine, method)(url("ask_part", alone.pk)).status_code == 404


def test_a_finished_dossier_may_ask_too(awa, bruno):
    hers: Any = signed_in(awa)
    dossier = build(start(awa, AID), drawn=False)
    assert url("ask_part", dossier.pk) in hers.get(url("dossier", dossier.pk)).content.decode()
    hers.post(url("ask_part", dossier.pk))
    assert received(bruno).part.number == dossier.number
    agree(bruno)
    assert "aurait un autre numéro" in hers.get(url("dossier", dossier.pk)).content.decode().replace("\u00a0", " ")


def test_aids_without_needs_from_a_partner_have_no_part(awa):
    assert parts.partner_part(start(awa, "ville_cantine")) is None
    assert parts.partner_part(start(awa, AID)) is not None


def test_the_question_is_taken_back_until_it_is_answered(asked, awa, bruno):
    mine = signed_in(awa)
    for _ in range(2):
        assert mine.post(url("take_back_part", asked.pk)).status_code == 302
    assert parts.received(bruno.pk) == []
    assert events(awa).count("part_taken_back") == 1
    assert state_for(asked) is None
    actions_parts.ask(dossier=asked, by=awa.pk)
    agree(bruno)
    mine.post(url("take_back_part", asked.pk))
    assert state_for(asked) == PartState.PREPARED


def test_deleting_the_dossier_deletes_its_request(asked, awa, bruno):
    actions.delete(dossier=asked, by=awa.pk)
    assert parts.received(bruno.pk) == []
    with pytest.raises(Dossier.DoesNotExist):
        actions_parts.ask(dossier=asked, by=awa.pk)


# Answering


def test_refusal_blocks_nothing_and_may_become_a_yes(asked, awa, bruno):
    found = received(bruno)
    for _ in range(2):
        actions_parts.refuse(found=found, by=bruno.pk)
    assert events(bruno).count("part_refused") == 1
    assert state_for(asked) == PartState.REFUSED
    assert "ne donnera pas sa part" in signed_in(awa).get(url("dossier", asked.pk)).content.decode()
    assert build(asked, drawn=False).state == State.READY
    agree(bruno)
    assert state_for(asked) == PartState.PREPARED


def test_asking_again_keeps_a_refusal(asked, awa, bruno):
    actions_parts.refuse(found=received(bruno), by=bruno.pk)
    actions_parts.ask(dossier=asked, by=awa.pk)
    actions_parts.take_back(dossier=asked, by=awa.pk)
    assert state_for(asked) == PartState.REFUSED


def test_agreeing_makes_one_dossier_of_ones_own_under_the_same_number(asked, bruno):
    found = received(bruno)
    made = actions_parts.agree(found=found, by=bruno.pk)
    assert actions_parts.agree(found=found, by=bruno.pk) == made
    with scope(resident=bruno.pk):
        assert Dossier.objects.count() == 1
    assert (made.resident_id, made.number, made.part_of, made.aids, recipients.of(made)) == (
        bruno.pk,
        asked.number,
        "Awa",
        asked.aids,
        "CAF de Villebrume",
    )
    assert events(bruno).count("part_agreed") == 1
    page = signed_in(bruno).get(reverse("journal:journal"), {"quoi": "dossiers"}).content.decode()
    assert "préparer votre part du dossier de «\u00a0Awa\u00a0»" in page


def test_refusal_from_a_page_left_open_does_not_undo_an_agreement(asked, bruno):
    found, his = received(bruno), signed_in(bruno)
    made = agree(bruno)
    with pytest.raises(actions_parts.AlreadyAgreed):
        actions_parts.refuse(found=found, by=bruno.pk)
    answered = his.post(url("part", found.part.pk), {"answer": "no"}, follow=True)
    assert "retirez votre part" in answered.content.decode()
    assert fresh(made).state == State.DRAFT


def test_answer_to_a_request_taken_back_answers_404(asked, awa, bruno):
    found, his = received(bruno), signed_in(bruno)
    actions_parts.take_back(dossier=asked, by=awa.pk)
    for act in (actions_parts.agree, actions_parts.refuse):
        with pytest.raises(Part.DoesNotExist):
            act(found=found, by=bruno.pk)
    assert his.post(url("part", found.part.pk), {"answer": "yes"}).status_code == 404


def test_form_without_an_answer_shows_an_error(asked, bruno):
    answered = signed_in(bruno).post(url("part", received(bruno).part.pk), {"answer": "peut-être"})
    assert answered.status_code == 400
    assert "Choisissez une réponse" in answered.content.decode()
    assert state_for(asked) == PartState.ASKED


def test_the_whole_path_by_forms(awa, bruno):
    dossier = start(awa, AID)
    hers: Any = signed_in(awa)
    his: Any = signed_in(bruno)
    assert url("ask_part", dossier.pk) in hers.get(url("dossier", dossier.pk)).content.decode()
    assert "Ce que Bruno lira" in hers.get(url("ask_part", dossier.pk)).content.decode()
    assert hers.post(url("ask_part", dossier.pk)).url == url("dossier", dossier.pk)
    assert hers.get(url("ask_part", dossier.pk)).url == url("dossier", dossier.pk)
    address = url("part", received(bruno).part.pk)
    assert address in his.get(reverse("home")).content.decode()
    assert address in his.get(url("home")).content.decode()
    made = his.post(address, {"answer": "yes"}).url
    assert his.get(address).url == made
    assert address not in his.get(url("home")).content.decode()
    page = his.get(made).content.decode().replace("\u00a0", " ")
    assert f"Votre part du dossier n° {dossier.number} de Awa" in page
    assert "prépare sa part" in hers.get(url("dossier", dossier.pk)).content.decode()


def test_asker_can_neither_open_nor_answer_the_request(asked, awa, bruno):
    found = received(bruno)
    for method in ("get", "post"):
        assert getattr(signed_in(awa), method)(url("part", found.part.pk), {"answer": "yes"}).status_code == 404
    for name in ("ask_part", "take_back_part"):
        assert signed_in(bruno).post(url(name, asked.pk)).status_code == 404
    for act in (actions_parts.agree, actions_parts.refuse, actions_parts.needs_of_request):
        with pytest.raises(PermissionDenied):
            act(found=found, by=awa.pk)
    for of_hers in (actions_parts.ask, actions_parts.take_back):
        with pytest.raises(PermissionDenied):
            of_hers(dossier=asked, by=bruno.pk)
    assert state_for(asked) == PartState.ASKED


# The two files


def test_the_two_files_carry_one_number_and_each_names_the_other_part(asked, awa, bruno):
    hers, his = build(asked), build(agree(bruno))
    # Built before he agreed, so without a sentence about a part. A new version has another number.
    assert "seconde partie" not in everything(hers)
    assert f"C’est la part de Bruno Martin dans le dossier n° {asked.number} de Awa" in everything(his)
    assert f"Dossier n° {asked.number}, partie 2 sur 2" in everything(his)
    assert '"part":{"number":2,' in everything(his)
    assert his.file_name == f"dossier-{asked.number}-partie-2.pdf"
    assert Seal.objects.count() == 2


def test_a_file_made_once_the_other_agreed_announces_the_second_part(asked, bruno):
    agree(bruno)
    text = everything(build(asked))
    assert "seconde partie, faite par Bruno" in text
    assert f"Dossier n° {asked.number}, partie 1 sur 2" in text


def test_part_has_its_makers_values_and_papers_without_computation(asked, awa, bruno):
    for _ in range(3):
        add_paper(bruno, "bulletin_salaire")
    add(
        bruno,
        "emploi.revenu",
        {"mois": "2026-10", "net_social": "4444.00", "net_avant_impot": "4444.00"},
        person=uuid4(),
        role="spouse",
    )
    aids.simulate(resident_id=bruno.pk)
    text = everything(build(agree(bruno)))
    assert NET.replace(".", ",") in text.replace("1 737", "1737")
    assert '"kind":"bulletin_salaire"' in text
    assert '"computations":[]' in text
    assert not tells(text, "4444") and "Lou" not in text and "Diallo" not in text


def test_her_file_holds_nothing_of_his(asked, bruno):
    for _ in range(3):
        add_paper(bruno, "bulletin_salaire")
    build(agree(bruno), drawn=False)
    text = everything(build(asked))
    assert [figure for figure in FIGURES if figure in text] == []
    assert '"papers":[]' in text


@pytest.mark.parametrize("answer", ["none", "no", "withdrawn"])
def test_a_refusal_is_never_printed(asked, awa, bruno, answer):
    if answer == "no":
        actions_parts.refuse(found=received(bruno), by=bruno.pk)
    elif answer == "withdrawn":
        actions.delete(dossier=agree(bruno), by=bruno.pk)
    text = everything(build(asked))
    assert "Bruno" not in text.replace("Conjoint : Bruno", "").replace("Prénom Bruno", "").replace(
        '"Prénom":"Bruno"', ""
    )
    assert "seconde partie" not in text


@pytest.mark.parametrize("answer", ["none", "no"])
def test_missing_part_is_mentioned_on_demand_in_the_same_words(asked, awa, bruno, answer):
    if answer == "no":
        actions_parts.refuse(found=received(bruno), by=bruno.pk)
    mine = signed_in(awa)
    mine.post(url("choose", asked.pk), {"key": actions.PART, "choice": Choice.LEFT_OUT})
    assert "Ne pas l’écrire" in mine.get(url("dossier", asked.pk)).content.decode()
    assert "Dossier constitué sans la part de Bruno." in everything(build(asked))


def test_a_part_that_comes_or_goes_while_the_pages_are_drawn_stops_the_file(asked, bruno, monkeypatch):
    made = agree(bruno)
    actions.build(dossier=asked, by=asked.resident_id)

    def withdraw_while_drawing(*args, **kwargs):
        actions.delete(dossier=made, by=bruno.pk)
        return draw(*args, **kwargs)

    monkeypatch.setattr(building, "draw", withdraw_while_drawing)
    work()
    assert fresh(asked).job.problem == "changed"


def test_a_new_version_of_a_part_keeps_its_number_and_of_a_dossier_does_not(asked, awa, bruno):
    his = build(agree(bruno), drawn=False)
    copy = actions.again(dossier=his, by=bruno.pk, token=uuid4())
    assert (copy.number, copy.part_of) == (asked.number, "Awa")
    assert state_for(asked) == PartState.READY
    assert actions.again(dossier=asked, by=awa.pk, token=uuid4()).number != asked.number


# Withdrawing


def test_withdrawn_part_is_shown_its_file_deleted_and_its_seal_revoked(asked, awa, bruno):
    his, browser = build(agree(bruno), drawn=False), signed_in(bruno)
    hers = signed_in(awa)
    assert "Prête depuis le" in hers.get(url("dossier", asked.pk)).content.decode()
    assert "Awa verra qu’elle est retirée" in browser.get(url("delete", his.pk)).content.decode()
    browser.post(url("delete", his.pk))
    assert state_for(asked) == PartState.WITHDRAWN
    build(asked, drawn=False)
    assert "Si votre PDF annonce une seconde partie" in hers.get(url("dossier", asked.pk)).content.decode()
    assert "Retirée" in hers.get(url("dossier", asked.pk)).content.decode()
    assert Seal.objects.get(code=his.seal.code).revoked_at is not None
    assert events(bruno).count("part_withdrawn") == 1
    assert agree(bruno).pk != his.pk


def test_her_page_shows_states_only(asked, awa, bruno):
    add_paper(bruno, "bulletin_salaire", name="CANARI.pdf")
    build(agree(bruno), drawn=False)
    build(asked, drawn=False)
    page = signed_in(awa).get(url("dossier", asked.pk)).content.decode()
    assert "Prête depuis le" in page
    assert not any(figure in page for figure in FIGURES) and "CANARI" not in page and str(bruno.pk) not in page


# Parting


@pytest.mark.parametrize("leaver", ["awa", "bruno"])
def test_after_parting_each_keeps_their_own_part_only(asked, awa, bruno, leaver):
    found = received(bruno)
    his = build(agree(bruno))
    household.leave(resident_id={"awa": awa, "bruno": bruno}[leaver].pk, by={"awa": awa, "bruno": bruno}[leaver].pk)
    assert parts.received(bruno.pk) == [] and parts.partner_part(asked) is None
    page = signed_in(awa).get(url("dossier", asked.pk)).content.decode()
    assert "other-part" not in page and "Bruno" not in page
    assert signed_in(awa).get(url("ask_part", asked.pk)).status_code == 404
    assert signed_in(bruno).get(url("part", found.part.pk)).status_code == 404
    assert "verra" not in signed_in(bruno).get(url("delete", his.pk)).content.decode()
    assert pdf_of(fresh(his)).startswith(b"%PDF")
    assert "seconde partie" not in everything(build(asked))


def test_together_again_an_old_request_stays_closed_and_another_may_be_made(asked, awa, bruno):
    household.leave(resident_id=bruno.pk, by=bruno.pk)
    couple(awa, bruno)
    assert parts.received(bruno.pk) == [] and state_for(asked) is None
    actions_parts.ask(dossier=asked, by=awa.pk)
    assert received(bruno).state == PartState.ASKED


def test_requests_between_people_who_parted_are_swept(asked, bruno):
    household.leave(resident_id=bruno.pk, by=bruno.pk)
    actions.purge()
    with scopes_disabled():
        assert not Part.objects.exists()


# The couple's result


@pytest.fixture
def counted(awa: Any, bruno: Any) -> Grant:
    return agreed(bruno, awa, "joint_simulation", *ITEMS, mode=Mode.COUNT)


def amounts(person: Any, text: str) -> list[str]:
    return re.findall(r'"result":"([^"]*)"', text)


def test_couples_result_is_in_her_dossier_without_his_amounts(awa, bruno, counted):
    aids.simulate(resident_id=awa.pk)
    both: Any = actions_together.simulate(resident_id=awa.pk)
    text = everything(build(start(awa, AID)))
    assert "Les revenus du partenaire ont été pris en compte." in text
    assert [figure for figure in FIGURES if figure in text] == []
    assert '"reasons":[]' in text
    low = both.results.get(AID).low
    assert (f"{low:.2f}".replace(".", ",") in text) or not low


def test_newer_result_computed_alone_replaces_it(awa, counted):
    actions_together.simulate(resident_id=awa.pk)
    aids.simulate(resident_id=awa.pk)
    assert "pris en compte" not in everything(build(start(awa, AID)))


@pytest.mark.parametrize("ended", ["stopped", "over", "older text", "left"])
def test_couples_result_needs_an_agreement_to_the_current_text(awa, bruno, counted, ended):
    actions_together.simulate(resident_id=awa.pk)
    if ended == "stopped":
        grants.stop(grant=counted, by=bruno.pk)
    elif ended == "left":
        household.leave(resident_id=bruno.pk, by=bruno.pk)
    else:
        late = {"ends_at": timezone.now()} if ended == "over" else {"notice_version": "1"}
        with scope(resident=bruno.pk):
            Grant.objects.update(**late)
    assert "pris en compte" not in everything(build(start(awa, AID)))


def test_an_agreement_stopped_while_the_pages_are_drawn_stops_the_file(awa, bruno, counted, monkeypatch):
    actions_together.simulate(resident_id=awa.pk)
    dossier = start(awa, AID)
    actions.build(dossier=dossier, by=awa.pk)

    def stop_while_drawing(*args, **kwargs):
        grants.stop(grant=counted, by=bruno.pk)
        return draw(*args, **kwargs)

    monkeypatch.setattr(building, "draw", stop_while_drawing)
    work()
    assert fresh(dossier).job.problem == "changed"
    with scope(resident=awa.pk):
        assert not Record.objects.filter(type="calcul.resultat", subject_person=bruno.pk).exists()
