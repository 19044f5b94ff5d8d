"""At the desk, the agent types what the resident says and keeps a paper that the resident confirms. They read nothing
that was there before.
"""

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django_scopes import scope

from core import journal
from tests.accounts.factories import signed_in
from tests.vault.at_desk import come_back, keeper, opened, owner, sheet_of, visited
from tests.vault.made import HOME, add
from tests.vault.sending import notice_pdf, send, the_paper, work
from vault.records import gate
from vault.records.actions.records import Invalid, content_of
from vault.records.enums import Assurance, Method, PaperState
from vault.records.models import Paper, Record
from vault.sharing.across import desk as rows
from vault.sharing.actions import desk, desk_values
from vault.sharing.agreements.entrusting import AGREEMENT
from vault.sharing.forms import desk_values as forms
from vault.sharing.forms.mandates import EntrustForm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


def at(name, visit, *args):
    return reverse(f"sharing:{name}", args=[visit.pk, *args])


def typed(**more):
    """Return the posted form of a home: its address, its rent, and the resident's yes."""
    return {
        "adresse-voie": "14 rue des Tanneries",
        "adresse-code_postal": "00420",
        "adresse-commune": "Villebrume",
        "loyer-answer": "612",
        "present": "on",
        **more,
    }


def current(visit, code="logement.domicile"):
    with scope(resident=visit.resident_id):
        return list(Record.objects.current().filter(type=code))


def payload(record):
    with scope(resident=record.resident_id):
        return content_of(record)["payload"]


def entries(visit, event):
    return [one for one in journal.entries(resident_id=visit.resident_id, limit=50) if one.event == event]


@pytest.fixture
def visit(agathe, hers):
    return opened(agathe, hers, "Nadia Kervella")


@pytest.fixture
def sent(visit, hers):
    """A tax notice added in the visit and checked."""
    address = send(hers, notice_pdf(), address="sharing:desk_paper", args=[visit.pk])["Location"]
    work(owner(visit))
    return address.rstrip("/").split("/")[-1]


def test_what_the_resident_says_is_declared_and_the_journal_names_the_agent(visit, agathe, hers):
    page = hers.get(at("desk_type", visit, "logement.domicile")).content.decode()
    assert "checked" not in page and "Je lui ai tout relu" in page
    answer = hers.post(at("desk_type", visit, "logement.domicile"), typed())
    assert answer["Location"] == at("desk_visit", visit)
    [record] = current(visit)
    assert (record.assurance, record.method) == (Assurance.DECLARED, Method.TYPED)
    assert payload(record)["loyer"] == "612.00" and record.subject_person == visit.resident_id
    [entry] = entries(visit, "typed_at_desk")
    assert (entry.actor_id, entry.means, entry.details["grant"]) == (agathe.pk, "desk", str(visit.grant_id))
    assert "logement.domicile#/loyer" in entry.fields and "Agathe Roussel" in entry.details["recipient"]
    assert journal.verify(resident_id=visit.resident_id).bad == []


def test_nothing_is_written_without_the_yes_of_the_resident(visit, hers):
    answer = hers.post(at("desk_type", visit, "logement.domicile"), typed(present=""))
    assert answer.status_code == 400 and "cochez si elle dit oui" in answer.content.decode()
    empty = hers.post(at("desk_type", visit, "identite.contact"), {"present": "on"})
    assert empty.status_code == 400 and "Rien n’est écrit" in empty.content.decode()
    assert not current(visit) and not current(visit, "identite.contact")


def test_a_wrong_answer_is_shown_and_nothing_is_written(visit, agathe, hers):
    answer = hers.post(at("desk_type", visit, "logement.domicile"), typed(**{"loyer-answer": "beaucoup"}))
    assert answer.status_code == 400 and "en chiffres" in answer.content.decode()
    with pytest.raises(Invalid):
        desk_values.type_values(
            visit=visit, agent=agathe, type_code="logement.domicile", payload={"loyer": "beaucoup"}
        )
    assert not current(visit) and not entries(visit, "typed_at_desk")


def test_a_form_sent_twice_writes_one_value(visit, hers):
    for _again in range(2):
        hers.post(at("desk_type", visit, "logement.domicile"), typed())
    assert len(current(visit)) == 1 and len(entries(visit, "typed_at_desk")) == 1


def words(page: str) -> str:
    """Return what a page shows and its fields hold, without ids and tokens, whose digits are chance."""
    return re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Za-z0-9]{40,}", "", page)


def test_what_was_there_is_neither_shown_nor_lost(visit, agathe, hers):
    add(owner(visit), "logement.domicile", HOME)
    address = at("desk_type", visit, "logement.domicile")
    assert "612" not in words(hers.get(address).content.decode())
    changed = {name: value for name, value in HOME.items() if name == "adresse"} | {"loyer": "650.00"}
    desk_values.type_values(visit=visit, agent=agathe, type_code="logement.domicile", payload=changed)
    [record] = current(visit)
    after = payload(record)
    assert after["loyer"] == "650.00" and set(HOME) <= set(after), "what was not said again stays"


def test_only_types_of_one_page_are_offered(visit, hers):
    page = hers.get(at("desk_types", visit)).content.decode()
    assert at("desk_type", visit, "logement.domicile") in page
    assert at("desk_type", visit, "banque.operation") not in page
    for code in ("banque.operation", "personne.inconnue"):
        assert hers.get(at("desk_type", visit, code)).status_code == 404


def test_every_type_that_is_offered_has_a_page(visit, hers):
    for one in forms.typed_here():
        page = forms.ValuesForm(one.code)
        assert page.questions, one.code
        assert hers.get(at("desk_type", visit, one.code)).status_code == 200, one.code


def test_a_paper_is_kept_when_its_resident_confirms_it_there(visit, agathe, hers, sent):
    state = hers.get(at("desk_sent", visit, sent)).content.decode()
    assert at("desk_confirm", visit, sent) in state
    page = hers.get(at("desk_confirm", visit, sent)).content.decode()
    assert "12\u202f312" in page or "12\u00a0312" in page
    assert "checked" not in page
    assert hers.post(at("desk_confirm", visit, sent), {}).status_code == 400
    with scope(resident=visit.resident_id):
        assert Paper.objects.get().state == PaperState.TO_CONFIRM
    answer = hers.post(at("desk_confirm", visit, sent), {"present": "on"})
    assert answer["Location"] == at("desk_visit", visit)
    with scope(resident=visit.resident_id):
        assert Paper.objects.get().state == PaperState.KEPT
    [record] = current(visit, "fiscal.avis_ir")
    assert record.assurance == Assurance.DECLARED, "the vault knows no name yet: on the resident's word"
    [entry] = entries(visit, "paper_confirmed_at_desk")
    assert entry.actor_id == agathe.pk and "fiscal.avis_ir#/revenu_fiscal_reference" in entry.fields
    assert entries(visit, "brought_paper_read")
    desk_values.confirm_paper(visit=visit, agent=agathe, paper_id=record.paper_id)
    assert len(entries(visit, "paper_confirmed_at_desk")) == 1


def test_a_paper_of_another_visit_is_neither_shown_nor_kept(visit, agathe, hers, sent):
    with scope(resident=visit.resident_id):
        paper = Paper.objects.get()
    code = sheet_of(visit, agathe)
    later = come_back(agathe, hers, code)
    assert hers.get(at("desk_confirm", later, sent)).status_code == 404
    with pytest.raises(gate.Refused):
        desk_values.look_at_paper(visit=later, agent=agathe, paper_id=paper.pk)
    with pytest.raises(PermissionDenied):
        desk_values.confirm_paper(visit=later, agent=agathe, paper_id=paper.pk)
    with scope(resident=visit.resident_id):
        assert Paper.objects.get().state == PaperState.TO_CONFIRM


def test_a_paper_that_its_resident_added_alone_is_not_shown(visit, agathe):
    person = owner(visit)
    alone = signed_in(person)
    send(alone, notice_pdf())
    work(person)
    paper = the_paper(person)
    assert desk_values.look_at_paper(visit=visit, agent=agathe, paper_id=paper.pk) is None
    with pytest.raises(PermissionDenied):
        desk_values.confirm_paper(visit=visit, agent=agathe, paper_id=paper.pk)


def test_nothing_is_written_after_the_visit(visit, agathe, hers, sent):
    with scope(resident=visit.resident_id):
        paper = Paper.objects.get()
    desk.finish(visit=visit, agent=agathe)
    for name, more in (
        ("desk_types", ()),
        ("desk_type", ("logement.domicile",)),
        ("desk_confirm", (sent,)),
        ("desk_added", ()),
    ):
        assert hers.get(at(name, visit, *more)).status_code == 404
    for act in (
        lambda: desk_values.type_values(
            visit=visit, agent=agathe, type_code="logement.domicile", payload={"loyer": "612.00"}
        ),
        lambda: desk_values.look_at_paper(visit=visit, agent=agathe, paper_id=paper.pk),
        lambda: desk_values.confirm_paper(visit=visit, agent=agathe, paper_id=paper.pk),
    ):
        with pytest.raises(gate.Refused):
            act()
    assert not current(visit) and not current(visit, "fiscal.avis_ir")


def test_a_visit_that_ends_while_the_page_is_open_says_so(visit, agathe, hers, monkeypatch):
    desk.finish(visit=visit, agent=agathe)
    monkeypatch.setattr(rows, "find", lambda by, session, key: visit)
    answer = hers.post(at("desk_type", visit, "logement.domicile"), typed())
    assert answer.status_code == 403 and "est terminée" in answer.content.decode()
    assert not current(visit)


def test_another_agent_writes_nothing(visit):
    other = keeper("Bertrand Colas")
    with pytest.raises(PermissionDenied):
        desk_values.type_values(visit=visit, agent=other, type_code="logement.domicile", payload={"loyer": "612.00"})


def test_who_signs_in_alone_writes_from_their_vault(signing_in):
    agent, client, visit = visited(signing_in, "home")
    for name, more in (("desk_types", ()), ("desk_type", ("logement.domicile",))):
        answer = client.get(at(name, visit, *more))
        assert answer.status_code == 403 and "depuis son coffre" in answer.content.decode()
    assert at("desk_types", visit) not in client.get(at("desk_visit", visit)).content.decode()
    with pytest.raises(PermissionDenied):
        desk_values.type_values(visit=visit, agent=agent, type_code="logement.domicile", payload={"loyer": "612.00"})


def test_the_sheet_says_what_was_added_without_its_value(visit, hers, sent):
    empty = hers.get(at("desk_added", visit)).content.decode()
    assert "Rien n’a été ajouté" not in empty and "a ajouté un papier" in empty
    hers.post(at("desk_type", visit, "logement.domicile"), typed())
    hers.post(at("desk_confirm", visit, sent), {"present": "on"})
    page = hers.get(at("desk_added", visit)).content.decode()
    assert "a écrit ce que vous avez dit" in page and "vous avez confirmé un papier" in page
    assert "Loyer" in page and "Agathe Roussel" in page and not {"612", "312"} & {*re.findall(r"\d+", words(page))}


def test_the_sheet_leaves_out_other_visits(visit, agathe, hers):
    hers.post(at("desk_type", visit, "logement.domicile"), typed())
    later = come_back(agathe, hers, sheet_of(visit, agathe))
    assert "Rien n’a été ajouté" in hers.get(at("desk_added", later)).content.decode()


def test_a_mandate_never_offers_to_write():
    form = EntrustForm(AGREEMENT, {}, {"items": ["home"], "acts": ["type"], "length": "m1"})
    assert not form.is_valid() and "acts" in form.errors


def test_an_odd_birth_is_asked_again_at_the_desk_without_a_word_of_the_vault(visit, hers):
    from tests.vault.made import HOUSEHOLD

    with scope(resident=visit.resident_id):
        add(owner(visit), "foyer.composition", HOUSEHOLD)
    given = {"family_name-answer": "Kervella", "given_name-answer": "Nadia", "present": "on"}
    born = {"birthdate-answer_day": "1", "birthdate-answer_month": "1", "birthdate-answer_year": "2018"}
    page = hers.post(at("desk_type", visit, "identite.pivot"), given | born).content.decode()
    assert "Un adulte du foyer aurait" in page and "enfant" not in page
    sure = {"birthdate-answer_sure": "2018-01-01"}
    confirmed = hers.post(at("desk_type", visit, "identite.pivot"), given | born | sure)
    assert not [one for one in confirmed.context["errors"] if "birthdate" in one["href"]]
