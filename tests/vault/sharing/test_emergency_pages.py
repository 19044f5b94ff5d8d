"""Pages of emergency accesses: the agents', the resident's, and the register."""

import re

import pytest
from django.core.cache import cache
from django.urls import reverse

from core import journal
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.vault.made import HOME, add
from tests.vault.urgent import REASON, asked, held, offered, opened
from vault.journal.actions import contests
from vault.records.actions import grants

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("kinds")]
LIST = "admin:sharing_emergencyaccess_changelist"


@pytest.fixture(autouse=True)
def town(db):
    cache.clear()
    offered()


@pytest.fixture
def second(db):
    return AgentFactory(name="Bertrand")


def at(name, *args):
    return reverse(f"sharing:{name}", args=args)


def pages(access):
    return {
        "emergencies": at("emergencies"),
        "ask_emergency": at("ask_emergency"),
        "decide_emergency": at("decide_emergency", access.pk),
        "emergency_opened": at("emergency_opened", access.pk),
        "emergency_values": at("emergency_values", access.pk, "home"),
    }


def found(pattern, page):
    match = re.search(pattern, page.content.decode())
    assert match
    return match[0]


def form(resident, **more):
    return {"written": resident.email, "reason": REASON, "items": ["home"], "minutes": "15", **more}


def test_an_access_is_asked_decided_read_and_shown_to_the_resident(resident, agent, second, browser):
    add(resident, "logement.domicile", HOME)
    hers, theirs = signed_in(agent), signed_in(second)
    page = hers.get(at("ask_emergency")).content.decode()
    assert "checked" not in page
    assert "La demande est partie" in hers.post(at("ask_emergency"), form(resident)).content.decode()
    link = found(r"/agents/urgences/[0-9a-f-]{36}/decider/", theirs.get(at("emergencies")))
    access_id = link.split("/")[3]
    decision = theirs.get(link).content.decode()
    assert REASON in decision and agent.name in decision and resident.name not in decision

    own = browser.get(at("emergency", access_id)).content.decode()
    assert REASON in own and agent.name in own and "Refuser cet accès" in own
    assert "Accès d’urgence à votre coffre" in browser.get("/").content.decode()

    assert theirs.post(link, {"answer": "agree"}).status_code == 302
    banner = f"Accès d’urgence au coffre de {resident.name}"
    assert banner in hers.get(at("emergency_opened", access_id)).content.decode()
    values = hers.get(at("emergency_values", access_id, "home")).content.decode()
    assert banner in values and re.search(r"jusqu’à \d+\u00a0h\u00a0\d\d", values) and "612" in values

    for address in (at("shares"), at("emergency", access_id), "/", reverse("journal:journal")):
        assert agent.name in browser.get(address).content.decode(), address
    assert second.name in browser.get(at("emergency", access_id)).content.decode()
    share = found(r"/partages/[0-9a-f-]{36}/arreter/", browser.get(at("emergency", access_id)))
    page = browser.get(share.replace("arreter/", "")).content.decode()
    assert "en urgence, sans votre accord" in page and "Accord donné" not in page
    browser.post(share)
    assert browser.get(at("shares")).content.decode().count(agent.name) == 1, "an ended access is listed once"
    assert hers.get(at("emergency_values", access_id, "home")).status_code == 404
    read = next(entry for entry in journal.entries(resident_id=resident.pk, limit=20) if entry.event == "granted_read")
    assert contests.contest_line(resident_id=resident.pk, by=resident.pk, entry_id=read.id, message="Pourquoi ?")


def test_months_are_read_in_a_table(resident, agent, second):
    for month in ("2026-09", "2026-10"):
        add(resident, "emploi.revenu", {"mois": month, "net_avant_impot": "1180.00", "net_social": "1200.00"})
    access = opened(agent, second, resident, "wages")
    page = signed_in(agent).get(at("emergency_values", access.pk, "wages"))
    assert [len(table.rows) for table in page.context["tables"]] == [2]
    assert "Rien dans le coffre" not in page.content.decode()


def test_an_access_that_ends_while_its_page_is_open_is_refused(resident, agent, second, monkeypatch):
    access = opened(agent, second, resident)
    grants.stop(grant=held(access), by=resident.pk)
    monkeypatch.setattr("vault.sharing.across.emergencies.find_open", lambda by, key: access)
    page = signed_in(agent).get(at("emergency_values", access.pk, "home"))
    assert page.status_code == 403 and "est terminé" in page.content.decode()


def test_only_the_agent_who_asked_sees_the_ticked_items(resident, agent, second):
    access = opened(agent, second, resident)
    assert signed_in(agent).get(at("emergency_values", access.pk, "wages")).status_code == 404
    for other in (second, AgentFactory()):
        for name in ("emergency_opened", "emergency_values"):
            assert signed_in(other).get(pages(access)[name]).status_code == 404


def test_the_agent_who_asked_cannot_decide(resident, agent):
    access = asked(agent, resident)
    client = signed_in(agent)
    assert client.get(at("decide_emergency", access.pk)).status_code == 404
    assert client.post(at("decide_emergency", access.pk), {"answer": "agree"}).status_code == 404


def test_an_agent_without_a_second_factor_sets_one_up_first(agent):
    assert signed_in(agent, second_factor=False).get(at("emergencies")).status_code == 302


def test_only_the_resident_sees_the_page_of_an_access(resident, agent, browser, other_browser):
    address = at("emergency", asked(agent, resident).pk)
    assert browser.get(address).status_code == 200
    assert other_browser.get(address).status_code == 404 and other_browser.post(address).status_code == 404
    assert signed_in(agent).get(address).status_code == 403 and signed_in(agent).post(address).status_code == 403
    assert (
        browser.post(address).status_code == 302 and "Refusé par l’habitant" in browser.get(address).content.decode()
    )


def test_a_city_without_emergency_accesses_keeps_the_register(resident, agent, second, browser):
    access = opened(agent, second, resident)
    offered(offered=False)
    for client in (signed_in(agent), signed_in(second)):
        for name, address in pages(access).items():
            for method in ("get", "post"):
                assert getattr(client, method)(address).status_code == 404, name
    assert browser.get(at("emergency", access.pk)).status_code == 200
    assert signed_in(AgentFactory(manages_agents=True)).get(reverse(LIST)).status_code == 200


def test_the_answer_is_the_same_for_any_address(resident, agent):
    client = signed_in(agent)

    def answer(written):
        page = client.post(at("ask_emergency"), form(resident, written=written)).content.decode()
        return re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}|\d+\u00a0h\u00a0\d\d|value=\"[^\"]+\"", "", page)

    assert (
        answer(resident.email)
        == answer("personne@courriel.example")
        == answer("FFFFFFFF")
        == answer(resident.reference)
    )


@pytest.mark.parametrize("left", ["written", "reason", "items", "minutes"])
def test_each_field_is_required(resident, agent, left):
    page = signed_in(agent).post(at("ask_emergency"), {**form(resident), left: ""})
    assert "govuk-error-summary" in page.content.decode() and "La demande est partie" not in page.content.decode()


def test_only_the_officer_and_managers_read_the_register_which_names_no_resident(resident, agent, second):
    add(resident, "logement.domicile", HOME)
    access = opened(agent, second, resident)
    signed_in(agent).get(at("emergency_values", access.pk, "home"))
    officer, boss = AgentFactory(), AgentFactory(manages_agents=True)
    officer.is_dpo = True
    officer.save()
    change = reverse("admin:sharing_emergencyaccess_change", args=[access.pk])
    for who in (officer, boss):
        page = signed_in(who).get(reverse(LIST)).content.decode()
        assert agent.name in page and second.name in page and resident.reference in page and access.reference in page
        assert resident.name not in page and resident.email not in page and "bailleur" not in page
        assert re.search(r'field-readings">1<', page)
        assert signed_in(who).get(change).status_code == 200
        assert signed_in(who).post(change, {"minutes": 15}).status_code == 403
        assert signed_in(who).get(reverse("admin:sharing_emergencyaccess_delete", args=[access.pk])).status_code == 403
        assert signed_in(who).get(reverse("admin:sharing_emergencyaccess_add")).status_code == 403
    for who in (agent, ResidentFactory()):
        assert signed_in(who).get(reverse(LIST)).status_code in {302, 403}
