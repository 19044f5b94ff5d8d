"""The page of consent: it always asks, shows what leaves, and believes nothing that comes back changed."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from certification.access.enums import Environment
from certification.access.models import AuthorizationCode
from certification.labels.actions import labels, requests
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.certification.access.program import (
    BACK,
    answer,
    ask,
    ask_plainly,
    body,
    called,
    connected,
    exchange,
    hidden,
    told,
    way_back,
)
from tests.certification.made import INCOME, PARTS, labelled, reviewed, service, version_of
from tests.vault.made import add_signed_notice
from tests.vault.sending import notice_pdf, uploaded
from tests.vault.shown import main
from vault.records import actions as vault_actions
from vault.records import gate
from vault.records.content import paper_kinds
from vault.records.enums import Mode
from vault.records.models import Grant, GrantEvent

pytestmark = pytest.mark.django_db(transaction=True)
AUTHORIZE = "/oauth/authorize"
CARD = "handicap.cmi#/mentions"


def grants_of(person):
    with scope(resident=person.pk):
        return list(Grant.objects.all())


def details(version, **more):
    return json.dumps([{"type": "vault_purpose", "purpose": str(version.pk), **more}])


# What the page shows


def test_the_page_shows_who_asks_todays_values_and_ticks_nothing(session, browser, tenant):
    page = ask(session, browser)
    text = main(page)
    assert "Loyer Juste demande à voir des données" in text and "Un Toit" in text
    assert "12 312" in text and "2,5" in text and "Pour comparer" in text
    assert "Refuser ne change rien à vos droits" in text and "Aucune copie" in text
    assert "Quand le service en a besoin" in text
    html = page.content.decode()
    assert "checked" not in html and html.count('type="radio"') == 4
    assert f'value="{INCOME}"' not in html and f'value="{PARTS}"' in html
    assert grants_of(tenant) == []


def test_the_page_is_in_english_too(session, browser):
    browser.cookies["garant_language"] = "en"
    text = main(ask(session, browser))
    assert "Loyer Juste asks to see data" in text and "Compare my rent" in text and "Refuse" in text


def test_who_agrees_gives_a_grant_with_a_receipt_and_goes_back_with_a_code(session, browser, tenant):
    page = answer(browser, ask(session, browser), items=[PARTS], months="3")
    assert told(page).keys() == {"code", "state", "iss"}
    [grant] = grants_of(tenant)
    with scope(resident=tenant.pk):
        assert {row.field for row in grant.fields.all()} == {INCOME, PARTS}
        assert GrantEvent.objects.get(grant=grant).receipt
    assert grant.ends_at - grant.starts_at > timedelta(days=85)


def test_who_refuses_grants_nothing_and_the_service_is_told(session, browser, tenant):
    page = answer(browser, ask(session, browser), answer="refuse", months="")
    found = told(page)
    assert (found["error"], found["iss"]) == ("access_denied", "http://localhost:8000")
    assert found["state"] and "code" not in found
    assert grants_of(tenant) == []


def test_a_length_is_chosen_by_the_resident(session, browser, tenant):
    page = answer(browser, ask(session, browser), months="")
    assert page.status_code == 400 and "Choisissez une durée" in main(page)
    assert answer(browser, ask(session, browser), months="24").status_code == 400
    assert grants_of(tenant) == []


# It always asks


@pytest.mark.parametrize("trick", [{"approval_prompt": "auto"}, {"approval_prompt": "none"}])
def test_no_parameter_skips_the_page(session, browser, trick):
    connected(session, browser)
    page = ask(session, browser, **trick)
    assert "demande à voir des données" in main(page)
    assert AuthorizationCode.objects.filter(used_at=None).count() == 0


def test_who_is_not_signed_in_signs_in_first_and_comes_back(session):
    page = ask(session, Browser())
    assert page.status_code == 302 and page["Location"].startswith("/connexion/?next=/oauth/authorize")


def test_only_a_resident_is_asked(session, owner):
    for person in (AgentFactory(), owner):
        assert ask(session, signed_in(person)).status_code == 403


# What comes back changed


def test_a_page_that_was_kept_for_sixteen_minutes_says_so(session, browser, tenant):
    page = ask(session, browser)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        late = answer(signed_in(tenant), page)
    assert late.status_code == 400 and "ouverte trop longtemps" in main(late)
    assert grants_of(tenant) == []


def test_another_persons_page_is_refused(session, browser, stranger):
    add_signed_notice(stranger)
    late = answer(signed_in(stranger), ask(session, browser))
    assert late.status_code == 400 and grants_of(stranger) == []


def test_a_changed_state_is_refused(session, browser, tenant):
    page = ask(session, browser)
    changed = hidden(page)["state"][:-3] + "abc"
    assert answer(browser, page, state=changed).status_code == 400
    assert browser.post(AUTHORIZE, {"answer": "accept"}).status_code == 400
    assert grants_of(tenant) == []


def test_a_field_that_was_not_offered_is_refused(session, browser, tenant):
    page = answer(browser, ask(session, browser), items=[PARTS, "logement.domicile#/loyer"])
    assert page.status_code == 400 and grants_of(tenant) == []


def test_parameters_beside_the_signed_state_change_nothing(session, browser, tenant):
    page = ask(session, browser)
    back = way_back(
        answer(browser, page, redirect_uri="https://ailleurs.example/", client_id="autre", state=hidden(page)["state"])
    )
    assert back.startswith(BACK)


def test_a_value_that_changed_meanwhile_is_shown_before_it_leaves(session, browser, tenant):
    page = ask(session, browser)
    add_signed_notice(tenant, annee_revenus=2026, revenu_fiscal_reference=99)
    again = answer(browser, page)
    assert "Une valeur a changé" in main(again) and grants_of(tenant) == []


# What may not be asked


def test_more_than_the_label_stops_the_page(session, browser, label, tenant):
    version = version_of(label)
    for fields in ([INCOME, "logement.domicile#/loyer"], ["nimporte#/quoi"]):
        page = ask(session, browser, authorization_details=details(version, fields=fields))
        assert page.status_code == 403 and "demande plus que son label" in main(page)
        assert "<form" not in main(page)
    assert ask(session, browser, authorization_details=details(version, papers=["rib"])).status_code == 403


def test_less_than_the_label_shows_less(session, browser, label):
    page = ask(session, browser, authorization_details=details(version_of(label), fields=[INCOME]))
    assert page.status_code == 200 and PARTS not in page.content.decode()


def test_another_services_purpose_is_refused(session, browser, owner, house):
    other = version_of(labelled(owner, service(owner, house, "Autre")))
    assert "n’est pas au registre" in main(ask(session, browser, purpose=str(other.pk)))


@pytest.mark.parametrize(
    "text", ["{", "[]", '[{"type": "x"}]', '[{"type": "vault_purpose", "purpose": 1}]', "[" * 9_000, "[" * 20_000]
)
def test_malformed_details_are_told_to_the_service(session, browser, text):
    page = ask_plainly(session, browser, authorization_details=text)
    assert told(page)["error"] == "invalid_authorization_details"


def test_without_a_label_in_force_nothing_is_asked(session, browser, label):
    labels.suspend(label=label, by=AgentFactory(), reasons="Une faille.")
    page = ask(session, browser)
    assert page.status_code == 403 and "n’a pas de label en cours" in main(page)


def test_a_label_that_is_suspended_while_the_page_is_open_stops_it(session, browser, label, tenant):
    page = ask(session, browser)
    labels.suspend(label=label, by=AgentFactory(), reasons="Une faille.")
    assert answer(browser, page).status_code == 403 and grants_of(tenant) == []


def test_a_program_that_is_tried_out_asks_no_resident(program_of, label, browser, tenant):
    page = ask_plainly(program_of(label, Environment.TEST), browser)
    assert page.status_code == 400 and "n’est pas connu ici" in main(page)


def test_an_unknown_program_or_address_sends_nobody_anywhere(session, browser):
    session.redirect_uri = "https://ailleurs.example/"
    page = ask_plainly(session, browser)
    assert page.status_code == 400 and "n’est pas connu ici" in main(page) and "ailleurs" not in main(page)
    assert browser.get(f"{AUTHORIZE}?client_id=inconnu&response_type=code").status_code == 400
    assert browser.get(AUTHORIZE).status_code == 400


@pytest.mark.parametrize(
    "parameters",
    [
        "response_type=code",
        "response_type=code&code_challenge=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv",
        "response_type=code&code_challenge=abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv&code_challenge_method=plain",
        "response_type=token",
        "response_type=id_token",
        "response_type=code&scope=email",
    ],
)
def test_only_a_code_with_s256_is_answered(client_of_service, browser, parameters):
    page = browser.get(f"{AUTHORIZE}?client_id={client_of_service.client_id}&redirect_uri={BACK}&{parameters}")
    assert told(page)["error"] in {
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
    }


# Asked again


def test_who_unticked_too_much_is_asked_again_for_what_is_new(session, browser, tenant):
    connected(session, browser)
    page = ask(session, browser)
    text = main(page)
    assert "Ce que vous avez déjà accordé" in text and "checked" not in page.content.decode()
    assert f'value="{PARTS}"' in page.content.decode()
    token = exchange(session, way_back(answer(browser, page, items=[PARTS])))
    assert token["authorization_details"][0]["fields"] == sorted([INCOME, PARTS])
    assert sum(grant.stands for grant in grants_of(tenant)) == 1


def test_who_keeps_the_agreement_as_it_is_goes_back_with_a_code_under_it(session, browser, tenant):
    connected(session, browser)
    [grant] = grants_of(tenant)
    token = exchange(session, way_back(answer(browser, ask(session, browser), answer="keep", months="")))
    assert token["authorization_details"][0]["fields"] == [INCOME]
    assert [one.pk for one in grants_of(tenant)] == [grant.pk]


def test_only_the_button_that_says_so_accepts(session, browser, tenant):
    for said in ("", "yes", "ACCEPT"):
        assert "state" in hidden(answer(browser, ask(session, browser), answer=said))
    assert grants_of(tenant) == []


def test_a_purpose_that_changes_while_the_page_is_open_is_shown_again(session, browser, label, tenant, owner):
    page = ask(session, browser)
    request = requests.start(service=label.service, by=owner, change=True)
    requests.write_purpose(
        request=request,
        by=owner,
        purpose=request.purposes.get(),
        title="Vendre",
        title_en="Sell",
        text="Il vend votre revenu.",
        text_en="It sells your income.",
        mode=Mode.LOOK,
    )
    requests.submit(request=request, by=owner)
    instructor = AgentFactory()
    requests.take(request=request, by=instructor)
    reviewed(request, instructor)
    requests.propose(request=request, by=instructor, favourable=True, opinion="Oui.", months=12)
    request.refresh_from_db()
    new = requests.accept(request=request, by=AgentFactory(), reasons="Oui.")
    labels.accept_agreement(label=new, by=owner)
    again = answer(browser, page)
    assert grants_of(tenant) == [] and "Vendre" in main(again)
    assert hidden(answer(browser, again)) == {} and [one.purpose for one in grants_of(tenant)] == ["Vendre"]


# Sensitive data, and papers


def test_sensitive_data_is_agreed_on_after_showing_who_one_is(granted_label, program_of, browser, tenant):
    session = program_of(granted_label(CARD))
    assert "parlent de votre santé" in main(ask(session, browser))
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        page = ask(session, browser)
        assert page.status_code == 302 and "confirmer" in page["Location"]
    assert grants_of(tenant) == []


def test_the_resident_picks_the_papers(granted_label, program_of, browser, tenant, db):
    paper_kinds.load()
    paper = uploaded(browser, tenant, notice_pdf())
    vault_actions.confirm_paper(paper=paper, by=tenant.pk)
    paper.refresh_from_db()
    session = program_of(granted_label(papers=[(paper.kind, True)]))
    page = ask(session, browser)
    assert str(paper.pk) in page.content.decode() and "checked" not in page.content.decode()
    assert answer(browser, page).status_code == 400
    token = exchange(session, way_back(answer(browser, ask(session, browser), papers=[str(paper.pk)])))
    [detail] = token["authorization_details"]
    assert detail["documents"] == [str(paper.pk)]
    response = called(token["access_token"], reverse("access:document", args=[paper.pk]))
    assert response.status_code == 200 and b"".join(response.streaming_content).startswith(b"%PDF")
    elsewhere = reverse("access:document", args=[tenant.pk])
    assert body(called(token["access_token"], elsewhere))["code"] == "not_covered"


def test_a_paper_that_was_agreed_to_is_shown_when_the_agreement_is_given_again(
    granted_label, program_of, browser, tenant
):
    paper_kinds.load()
    paper = uploaded(browser, tenant, notice_pdf())
    vault_actions.confirm_paper(paper=paper, by=tenant.pk)
    paper.refresh_from_db()
    label = granted_label(papers=[(paper.kind, False)])
    session = program_of(label)
    exchange(session, way_back(answer(browser, ask(session, browser), papers=[str(paper.pk)])))
    asked = details(version_of(label), fields=[PARTS], papers=[])
    [paper_shown] = gate.own_papers(resident_id=tenant.pk, purpose="", paper_ids=[paper.pk])
    page = ask(session, browser, authorization_details=asked)
    assert paper_shown.title in main(page)
    token = exchange(session, way_back(answer(browser, page, items=[PARTS])))
    assert token["authorization_details"][0]["documents"] == [str(paper.pk)]


def test_another_persons_paper_is_not_offered(granted_label, program_of, browser, tenant):
    paper_kinds.load()
    other = ResidentFactory()
    paper = uploaded(signed_in(other), other, notice_pdf())
    vault_actions.confirm_paper(paper=paper, by=other.pk)
    paper.refresh_from_db()
    session = program_of(granted_label(papers=[(paper.kind, False)]))
    assert answer(browser, ask(session, browser), papers=[str(paper.pk)]).status_code == 400
    assert grants_of(tenant) == []


@pytest.mark.parametrize(
    "change",
    [str.upper, lambda back: f"{back}/", lambda back: f"{back}?x=1", lambda back: back.replace("https", "http")],
)
def test_an_address_is_compared_sign_by_sign(client_of_service, change):
    """RFC 9700, 2.1: a host written otherwise is another address."""
    assert client_of_service.returns_to(BACK)
    assert not client_of_service.returns_to(change(BACK))
    scheme, _slashes, rest = BACK.partition("://")
    host, _slash, path = rest.partition("/")
    assert not client_of_service.returns_to(f"{scheme}://{host.upper()}/{path}")
