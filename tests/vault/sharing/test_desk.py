"""Desk visits: a vault for a resident without e-mail. The agent's access ends with the visit and is journalled."""

import io
import re
from datetime import timedelta
from uuid import uuid4

import pypdfium2
import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.actions import accounts, closing, sheets
from accounts.models import Session, Sheet, User
from core import journal
from core.models import City
from core.pdf import apart
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in
from tests.at_once import at_once
from tests.vault.at_desk import come_back, keeper, opened, owner, session_of, sheet_of, visited
from tests.vault.entrusted import said
from tests.vault.made import HOME, add
from tests.vault.sending import notice_pdf, send
from vault.records import gate
from vault.records.actions import grants
from vault.records.models import Grant, Paper
from vault.sharing import tasks
from vault.sharing.actions import desk
from vault.sharing.models import DeskVisit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]


@pytest.fixture(autouse=True)
def town(db):
    cache.clear()
    city = City.current()
    city.name, city.of_name = "Villebrume", "de Villebrume"
    city.save()


def at(name, *args):
    return reverse(f"sharing:{name}", args=args)


def pages(visit):
    return {
        "desk": at("desk"),
        "open_at_desk": at("open_at_desk"),
        "come_back_at_desk": at("come_back_at_desk"),
        "desk_appointment": at("desk_appointment"),
        **of_one(visit),
    }


def of_one(visit):
    about = {name: at(name, visit.pk) for name in ("desk_visit", "desk_paper", "desk_sheet", "finish_desk")}
    return about | {"desk_values": at("desk_values", visit.pk, "who")}


def reached(client, visit):
    """Return the status of each page about one visit. The sheet is requested by POST."""
    return {
        name: (client.post if name == "desk_sheet" else client.get)(address).status_code
        for name, address in of_one(visit).items()
    }


def events(person):
    return [entry.event for entry in journal.entries(resident_id=person.pk, limit=50)]


def form(name="Rosa Delmas", **more):
    return {"name": name, "asked": "on", "token": str(uuid4()), **more}


def later(time_machine, **length):
    time_machine.move_to(timezone.now() + timedelta(**length), tick=False)


def nothing_left(client, visit):
    assert set(reached(client, visit).values()) == {404}


def test_a_vault_is_opened_at_the_desk_and_claimed_with_its_sheet(agathe, hers):
    page = hers.get(at("open_at_desk")).content.decode()
    assert "checked" not in page
    address = hers.post(at("open_at_desk"), form())["Location"]
    visit = address.split("/")[-2]
    page = hers.get(address).content.decode()
    assert "Vous agissez pour Rosa Delmas" in page and "n’a pas encore de feuille" in page
    rosa = User.objects.get(name="Rosa Delmas")
    assert rosa.is_resident and not rosa.email and not rosa.has_usable_password()

    pdf = hers.post(at("desk_sheet", visit))
    assert pdf["Content-Type"] == "application/pdf" and "no-store" in pdf["Cache-Control"]
    text = pypdfium2.PdfDocument(io.BytesIO(b"".join(pdf))).get_page(0).get_textpage().get_text_range()
    text = " ".join(text.split())
    [code] = re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b", text)
    assert "Agathe Roussel, Ville de Villebrume" in text and "/connexion/feuille/" in text and "Rosa Delmas" in text
    assert Sheet.objects.get(code_hash=sheets.hashed(code)).person == rosa
    assert code not in hers.get(address).content.decode(), "the code is only on paper"
    assert hers.post(at("finish_desk", visit))["Location"] == at("desk")
    assert hers.get(address).status_code == 404

    sheets.claim(code_hash=sheets.hashed(code), email="rosa@courriel.example")
    rosa.refresh_from_db()
    page = signed_in(rosa).get(reverse("journal:journal") + "?qui=tous").content.decode()
    assert "Agathe Roussel" in page and "à l’accueil" in page
    assert events(rosa)[::-1][:4] == ["vault_opened_at_desk", "granted_at_desk", "sheet_printed", "grant_given_back"]
    assert journal.verify(resident_id=rosa.pk).bad == []


def test_each_reading_is_journalled_with_its_fields(resident):
    add(resident, "logement.domicile", HOME)
    agent, client, visit = visited(resident, "home")
    assert "612" in client.get(at("desk_values", visit.pk, "home")).content.decode()
    [entry] = [entry for entry in journal.entries(resident_id=resident.pk, limit=50) if entry.event == "granted_read"]
    assert (
        "logement.domicile#/loyer" in entry.fields
        and entry.means == "desk"
        and agent.name in entry.details["recipient"]
    )
    share = signed_in(resident).get(at("share", visit.grant_id)).content.decode()
    assert agent.name in share and "un agent de la ville, au guichet" in share and "Ajouter un papier" in share


def test_an_agent_reads_months_in_a_table_with_their_average(resident):
    for month in ("2026-09", "2026-10"):
        add(resident, "emploi.revenu", {"mois": month, "net_avant_impot": "1180.00", "net_social": "1200.00"})
    _agent, client, visit = visited(resident, "wages")
    page = client.get(at("desk_values", visit.pk, "wages"))
    assert [len(table.rows) for table in page.context["tables"]] == [2]
    content = page.content.decode()
    assert "1\u00a0200\u00a0€ en moyenne, sur 2 mois." in content and "Rien dans le coffre" not in content


def test_only_named_items_can_be_read(resident):
    _agent, client, visit = visited(resident, "home")
    assert client.get(at("desk_values", visit.pk, "wages")).status_code == 404
    with pytest.raises(PermissionDenied):
        desk.look(visit=visit, agent=_agent, item_code="wages")


def test_an_added_paper_belongs_to_the_resident_and_names_the_agent(agathe, hers):
    visit = opened(agathe, hers)
    assert "Un fichier de données" not in hers.get(at("desk_paper", visit.pk)).content.decode()
    sent = send(hers, notice_pdf(), address="sharing:desk_paper", args=[visit.pk])["Location"]
    assert "en cours de contrôle" in hers.get(sent).content.decode()
    with scope(resident=visit.resident_id):
        assert Paper.objects.get().resident_id == visit.resident_id
    entry = next(
        entry
        for entry in journal.entries(resident_id=visit.resident_id, limit=9)
        if entry.event == "mandate_paper_added"
    )
    assert (entry.means, entry.actor_id) == ("desk", agathe.pk)


def test_a_paper_is_refused_without_that_act(resident, agathe, hers):
    made = desk.begin_appointment(agent=agathe, session=session_of(hers), code=said(resident, "home"))
    answer = hers.get(at("desk_paper", made.pk))
    assert answer.status_code == 403 and "par un autre code" in answer.content.decode()
    assert send(hers, notice_pdf(), token=uuid4(), address="sharing:desk_paper", args=[made.pk]).status_code == 403
    with scope(resident=resident.pk):
        assert not Paper.objects.exists()


def test_a_form_sent_twice_opens_one_vault(hers):
    sent = form()
    first, second = (hers.post(at("open_at_desk"), sent)["Location"] for _ in range(2))
    assert first == second and User.objects.filter(is_resident=True, name="Rosa Delmas").count() == 1


def test_a_form_sent_twice_at_the_same_time_opens_one_vault(agathe, hers):
    token, session = uuid4(), session_of(hers)
    at_once(lambda: desk.open_vault(agent=agathe, session=session, name="Rosa Delmas", token=token))
    assert User.objects.filter(name="Rosa Delmas").count() == 1 and Session.objects.filter(pk=session.pk).exists()


def test_a_new_visit_ends_the_former_one(agathe, hers):
    first = opened(agathe, hers, "Rosa Delmas")
    second = opened(agathe, hers, "Ernest Vial")
    nothing_left(hers, first)
    assert reached(hers, second)["desk_visit"] == 200
    assert events(owner(first))[0] == "grant_given_back"


def test_an_old_form_sent_again_ends_no_visit(hers):
    old, new = form("Rosa Delmas"), form("Ernest Vial")
    hers.post(at("open_at_desk"), old)
    current = hers.post(at("open_at_desk"), new)["Location"]
    hers.post(at("open_at_desk"), old)
    assert hers.get(current).status_code == 200


def test_the_agent_ends_the_visit_and_ending_is_idempotent(agathe, hers):
    visit = opened(agathe, hers)
    assert "n’a pas de feuille" in hers.get(at("finish_desk", visit.pk)).content.decode()
    hers.post(at("finish_desk", visit.pk))
    nothing_left(hers, visit)
    before = events(owner(visit))
    desk.finish(visit=visit, agent=agathe)
    assert events(owner(visit)) == before
    for act in (
        lambda: desk.look(visit=visit, agent=agathe, item_code="who"),
        lambda: desk.print_sheet(visit=visit, agent=agathe),
    ):
        with pytest.raises(gate.Refused):
            act()


def test_a_visit_ends_when_the_agent_signs_out(agathe, hers):
    visit = opened(agathe, hers)
    hers.post(reverse("account_logout"))
    again = signed_in(agathe)
    nothing_left(again, visit)
    for act in (
        lambda: desk.look(visit=visit, agent=agathe, item_code="who"),
        lambda: desk.print_sheet(visit=visit, agent=agathe),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert "Visite en cours" not in again.get(at("desk")).content.decode()


def test_a_visit_ends_with_an_idle_session(agathe, hers, time_machine):
    visit = opened(agathe, hers)
    later(time_machine, minutes=16)
    with pytest.raises(PermissionDenied):
        desk.look(visit=visit, agent=agathe, item_code="who")
    tasks.notify_requests()
    assert events(owner(visit))[0] == "grant_given_back"


def test_the_scheduler_does_not_end_an_active_visit(agathe, hers):
    visit = opened(agathe, hers)
    tasks.notify_requests()
    assert reached(hers, visit)["desk_visit"] == 200


def test_a_visit_lasts_two_hours_at_most(agathe, hers, time_machine):
    visit = opened(agathe, hers)
    for _ in range(9):
        later(time_machine, minutes=13)
        assert hers.get(at("desk_visit", visit.pk)).status_code == 200
    later(time_machine, minutes=4)
    nothing_left(hers, visit)


def test_a_visit_is_not_found_in_another_browser(agathe, hers):
    nothing_left(signed_in(agathe), opened(agathe, hers))


def test_a_visit_ends_when_the_agent_no_longer_keeps_the_desk(agathe, hers):
    visit = opened(agathe, hers)
    accounts.place_at_desk(agent=agathe, at_desk=False, by=AgentFactory(manages_agents=True))
    assert set(reached(hers, visit).values()) == {403}
    with pytest.raises(PermissionDenied):
        desk.look(visit=visit, agent=agathe, item_code="who")


def test_the_resident_can_stop_a_visit_at_once(resident):
    _agent, client, visit = visited(resident, "home")
    grants.stop(grant=visit.grant, by=resident.pk)
    nothing_left(client, visit)


def test_a_stop_while_the_page_is_open_is_shown(resident, monkeypatch):
    agent, client, visit = visited(resident, "home")
    grants.stop(grant=visit.grant, by=resident.pk)
    monkeypatch.setattr("vault.sharing.across.desk.find", lambda by, session, key: visit)
    for answer in (
        client.get(at("desk_values", visit.pk, "home")),
        send(client, notice_pdf(), token=uuid4(), address="sharing:desk_paper", args=[visit.pk]),
    ):
        assert answer.status_code == 403 and "est terminée" in answer.content.decode()
    assert events(resident)[:2] == ["act_refused", "read_refused"]


def test_others_cannot_open_a_visit(agathe, hers, resident, stranger):
    visit = opened(agathe, hers)
    nothing_left(signed_in(keeper("Bertrand Colas")), visit)
    simple = signed_in(AgentFactory())
    for address in pages(visit).values():
        answer = simple.get(address)
        assert answer.status_code == 403 and "Qui gère les agents" in answer.content.decode()
    for who in (resident, stranger, CompanionFactory()):
        for name, address in pages(visit).items():
            for method in ("get", "post"):
                assert getattr(signed_in(who), method)(address).status_code == 403, name
    for address in pages(visit).values():
        assert Client().get(address)["Location"].startswith("/connexion/")
    assert signed_in(agathe, second_factor=False).get(at("desk")).status_code == 302


def test_actions_refuse_users_who_do_not_keep_the_desk(agathe, hers, resident):
    visit, session = opened(agathe, hers), session_of(hers)
    code = sheet_of(visit, agathe)
    for other in (AgentFactory(), CompanionFactory(), resident):
        with pytest.raises(PermissionDenied):
            desk.open_vault(agent=other, session=session, name="X", token=uuid4())
        with pytest.raises(PermissionDenied):
            desk.come_back(agent=other, session=session, code=code, items=[], token=uuid4())
        with pytest.raises(PermissionDenied):
            desk.begin_appointment(agent=other, session=session, code=said(resident, "home"))
        with pytest.raises(PermissionDenied):
            desk.look(visit=visit, agent=other, item_code="who")
        with pytest.raises(PermissionDenied):
            desk.finish(visit=visit, agent=other)
        with pytest.raises(PermissionDenied):
            sheets.print_sheet(person=owner(visit), by=other)
    assert not User.objects.filter(name="X").exists()


def test_a_resident_comes_back_with_their_sheet(agathe, hers):
    visit = opened(agathe, hers)
    rosa, code = owner(visit), sheet_of(visit, agathe)
    add(rosa, "logement.domicile", HOME)
    desk.finish(visit=visit, agent=agathe)
    other = keeper("Bertrand Colas")
    theirs = signed_in(other)
    address = theirs.post(at("come_back_at_desk"), {"code": code.lower(), "items": ["home"], "token": str(uuid4())})[
        "Location"
    ]
    assert "612" in theirs.get(address + "home/").content.decode()
    assert theirs.get(address + "wages/").status_code == 404
    nothing_left(hers, visit)
    assert sheets.find(sheets.hashed(code)) is not None, "the sheet stays valid"


def test_a_new_sheet_replaces_the_one_before(agathe, hers):
    visit = opened(agathe, hers)
    first, second = sheet_of(visit, agathe), sheet_of(visit, agathe)
    assert Sheet.objects.get().number == 2
    with pytest.raises(sheets.NoSheet):
        come_back(agathe, hers, first)
    assert come_back(agathe, hers, second).resident_id == visit.resident_id


@pytest.mark.parametrize("wrong", ["mistyped", "claimed", "over"])
def test_an_invalid_sheet_code_does_not_say_why(agathe, hers, wrong, time_machine):
    visit = opened(agathe, hers)
    code = sheet_of(visit, agathe)
    if wrong == "mistyped":
        code = code[:-1] + ("A" if code[-1] != "A" else "B")
    if wrong == "claimed":
        sheets.claim(code_hash=sheets.hashed(code), email="rosa@courriel.example")
    if wrong == "over":
        later(time_machine, days=366, seconds=1)
        hers = signed_in(agathe)
    answer = hers.post(at("come_back_at_desk"), {"code": code, "token": str(uuid4())})
    assert answer.status_code == 400 and "Ce code n’ouvre rien" in answer.content.decode()


def test_wrong_codes_are_limited(hers):
    tries = [
        hers.post(at("come_back_at_desk"), {"code": "AAAA-BBBB-CCCC", "token": str(uuid4())}).status_code
        for _ in range(31)
    ]
    assert set(tries[:30]) == {400} and tries[30] == 429
    assert hers.post(at("desk_appointment"), {"code": "AAAA-BBBB-CCCC"}).status_code == 429, "counted together"


def test_a_resident_who_signs_in_gets_no_sheet(signing_in):
    agent, client, visit = visited(signing_in, "home")
    page = client.get(at("desk_visit", visit.pk)).content.decode()
    assert "Imprimer sa feuille" not in page
    assert client.post(at("desk_sheet", visit.pk)).status_code == 403
    with pytest.raises(PermissionDenied):
        desk.print_sheet(visit=visit, agent=agent)
    assert not Sheet.objects.exists()


def test_an_appointment_code_works_once_for_the_ticked_items(resident, agathe, hers):
    code = said(resident, "home")
    address = hers.post(at("desk_appointment"), {"code": code})["Location"]
    assert hers.get(address + "home/").status_code == 200
    assert "Ce code n’ouvre rien" in hers.post(at("desk_appointment"), {"code": code}).content.decode()


def test_a_sheet_that_cannot_be_drawn_shows_a_message(agathe, hers, monkeypatch):
    visit = opened(agathe, hers)

    def fails(html, *, style):
        raise apart.NotDrawn

    monkeypatch.setattr(apart, "draw", fails)
    answer = hers.post(at("desk_sheet", visit.pk), follow=True)
    assert "n’a pas pu être dessinée" in answer.content.decode()


def test_a_vault_without_a_valid_sheet_is_erased(agathe, hers, time_machine):
    without, kept = opened(agathe, hers, "Sans Feuille"), None
    kept = opened(agathe, hers, "Rosa Delmas")
    sheet_of(kept, agathe)
    desk.finish(visit=kept, agent=agathe)
    later(time_machine, days=31)
    assert closing.close_due() == 1
    assert not owner(without).is_active and owner(kept).is_active
    later(time_machine, days=336)
    assert closing.close_due() == 1
    assert not owner(kept).is_active and not Sheet.objects.exists()


def test_a_claimed_vault_stays(agathe, hers, time_machine):
    visit = opened(agathe, hers)
    sheets.claim(code_hash=sheets.hashed(sheet_of(visit, agathe)), email="rosa@courriel.example")
    later(time_machine, days=400)
    assert closing.close_due() == 0 and owner(visit).is_active


def test_claiming_the_vault_ends_the_visit(agathe, hers):
    """The resident agreed to the visit at the desk: claiming the vault from home ends it."""
    visit = opened(agathe, hers)
    rosa = owner(visit)
    code = sheet_of(visit, agathe)
    add(rosa, "logement.domicile", HOME)
    visit = come_back(agathe, hers, code, "home")
    assert hers.get(at("desk_values", visit.pk, "home")).status_code == 200
    sheets.claim(code_hash=sheets.hashed(code), email="rosa@courriel.example")
    assert hers.get(at("desk_values", visit.pk, "home")).status_code == 404
    with pytest.raises(PermissionDenied):
        desk.look(visit=visit, agent=agathe, item_code="home")
    with pytest.raises(PermissionDenied):
        desk.print_sheet(visit=visit, agent=agathe)
    assert desk.end_left() == 1 and desk.end_left() == 0
    with scope(resident=rosa.pk):
        assert not Grant.objects.standing().exists()


def test_an_earlier_claim_does_not_end_a_later_visit(resident):
    """An appointment with a resident whose vault was opened at the desk long ago."""
    Sheet.objects.create(
        person=resident, number=1, code_hash="0" * 64, expires_at=timezone.now(), claimed_at=timezone.now()
    )
    add(resident, "logement.domicile", HOME)
    _agent, client, visit = visited(resident, "home")
    assert client.get(at("desk_values", visit.pk, "home")).status_code == 200


def test_an_agent_who_manages_agents_gives_the_desk(db):
    agent = AgentFactory()
    assert not agent.at_desk
    boss = signed_in(AgentFactory(manages_agents=True))
    address = reverse("admin:accounts_user_change", args=[agent.pk])
    boss.post(address, {"name": agent.name, "email": agent.email, "at_desk": "on", "is_active": "on"})
    agent.refresh_from_db()
    assert agent.at_desk
    assert at("desk") in signed_in(agent).get(reverse("admin:index")).content.decode()
    assert at("desk") not in signed_in(AgentFactory()).get(reverse("admin:index")).content.decode()


def test_visits_are_erased_with_the_vault(agathe, hers):
    visit = opened(agathe, hers)
    rosa = owner(visit)
    sheet_of(visit, agathe)
    closing.close(user=rosa, by=rosa.pk)
    with scope(resident=rosa.pk):
        assert not DeskVisit.objects.exists()
    assert not Sheet.objects.filter(person=rosa).exists()
