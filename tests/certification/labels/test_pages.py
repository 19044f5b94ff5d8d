"""Pages of publishers and agents, from a draft to a label; the register, its files, and the catalogue."""

import csv
import io
import json
import re
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from accounts.models import PublisherRole
from certification.labels import levels, missing
from certification.labels.actions import labels, requests
from certification.labels.enums import Change, Verdict
from certification.labels.models import Label, LabelRequest, PurposeField, Service
from certification.labels.states import State
from certification.labels.views.public import LOOKING
from core import journal
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.made import (
    INCOME,
    PARTS,
    SIRETS,
    asked,
    at,
    charter,
    filled,
    given,
    labelled,
    member,
    proposed,
    publisher,
    reviewed,
    service,
    version_of,
)
from tests.vault.made import add_signed_notice
from vault import types
from vault.records import gate
from vault.records.content import paper_kinds
from vault.records.grants import agreements
from vault.records.models import Grant
from vault.sharing.presenting.household import values_by_item

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def theirs(owner):
    return signed_in(owner)


# Publishers


def test_a_publisher_asks_for_a_label_page_by_page(owner, theirs):
    paper_kinds.load()
    charter()
    home = theirs.get("/", follow=True)
    assert home.redirect_chain[-1][0] == at("publisher")
    sent = {"name": "Loyer Juste", "summary": "Compare.", "url": "loyerjuste.example", "price": "Gratuit"}
    theirs.post(at("new_service"), sent)
    one = Service.objects.get()
    assert one.url == "https://loyerjuste.example"
    theirs.post(at("start_request", one.pk))
    request = LabelRequest.objects.get()
    theirs.post(
        at("describe", request.pk),
        {
            "privacy_url": "https://loyerjuste.example/donnees",
            "hosting": "France",
            "subprocessors": "Aucun",
            "data_contact": "donnees@loyerjuste.example",
            "alert_contact": "astreinte@loyerjuste.example",
        },
    )
    words = {"title": "Comparer", "title_en": "Compare", "text": "Il compare.", "text_en": "It compares."}
    theirs.post(at("new_purpose", request.pk), {**words, "mode": "keep", "keep_days": 30, "every": "30"})
    purpose = request.purposes.get()
    asks = at("ask_data", request.pk, purpose.pk)
    for what, required in ((INCOME, "yes"), (PARTS, "no"), ("paper:rib", "no")):
        theirs.post(asks, {"what": what, "why": "Pour voir.", "why_en": "To see.", "required": required})
    assert list(purpose.fields.values_list("field", "required")) == [(PARTS, False), (INCOME, True)]
    assert purpose.papers.get().kind == "rib"
    theirs.post(at("purpose", request.pk, purpose.pk), {"drop": PARTS})
    assert purpose.fields.count() == 1
    assert "Il manque" in theirs.get(at("request", request.pk)).content.decode()
    for criterion in request.charter.criteria.all():
        theirs.post(at("answer", request.pk, criterion.code), {"verdict": "met", "text": "Oui."})
    assert "Relire et envoyer" in theirs.get(at("request", request.pk)).content.decode()
    assert "Il compare." in theirs.get(at("submit", request.pk)).content.decode()
    theirs.post(at("submit", request.pk))
    request.refresh_from_db()
    assert request.state == State.SUBMITTED
    assert theirs.get(at("describe", request.pk)).status_code == 404


def rows_of(page):
    """Return what may be asked for, with its label, as the list shows it."""
    return re.findall(r'<option value="([^"]+)"[^>]*>\s*([^<]+?)\s*</option>', page.content.decode())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_may_be_asked_for_is_searched_and_no_two_rows_are_alike(owner, house, theirs, language):
    request = filled(owner, service(owner, house))
    asks = at("ask_data", request.pk, request.purposes.get().pk)

    def rows(searched=""):
        page = theirs.get(asks, {"q": searched}, headers={"accept-language": language})
        return re.findall(r'<option value="([^"]+)"[^>]*>\s*([^<]+?)\s*</option>', page.content.decode())

    every = rows()
    assert len({label for _what, label in every}) == len(every) > 300
    found = rows("Revenu fiscal de REFERENCE" if language == "fr" else "reference tax")
    assert INCOME in dict(found) and len(found) < 5
    assert rows("zzz") == every, "nothing has the word: the list is whole"
    sent = {"what": PARTS, "why": "Pour voir.", "why_en": "To see.", "required": "no"}
    assert theirs.post(f"{asks}?q=loyer", sent).status_code == 302, "a search hides rows, and refuses none"


def test_another_publishers_objects_are_not_found(owner, house, theirs):
    request = filled(owner, service(owner, house))
    label = labelled(owner, service(owner, house, "Autre"))
    others = signed_in(member(publisher("Ailleurs", SIRETS[1])))
    purpose = request.purposes.get()
    for url in (
        at("request", request.pk),
        at("describe", request.pk),
        at("purpose", request.pk, purpose.pk),
        at("answer", request.pk, "C01"),
        at("submit", request.pk),
        at("drop_request", request.pk),
        at("renounce", label.pk),
    ):
        assert others.get(url).status_code == 404, url
        assert others.post(url).status_code == 404, url
    assert others.post(at("start_request", label.service_id)).status_code == 404
    assert "Loyer Juste" not in others.get(at("publisher")).content.decode()


def test_a_developer_prepares_and_does_not_send(house, owner):
    request = filled(owner, service(owner, house))
    developer = signed_in(member(house, PublisherRole.DEVELOPER))
    assert developer.get(at("describe", request.pk)).status_code == 200
    assert developer.post(at("submit", request.pk)).status_code == 403
    assert developer.post(at("drop_request", request.pk)).status_code == 403


def test_members_of_a_publisher_that_the_city_closed_see_nothing(house, theirs):
    house.is_active = False
    house.save()
    assert theirs.get(at("publisher")).status_code == 403


def test_a_kept_copy_has_a_length_and_an_address_is_https(owner, house, theirs):
    request = filled(owner, service(owner, house))
    words = {"title": "Autre but", "title_en": "x", "text": "x", "text_en": "x", "mode": "keep", "every": "0"}
    assert "un temps borné" in theirs.post(at("new_purpose", request.pk), words).content.decode()
    sent = {"name": "X", "summary": "x", "url": "http://x.example", "price": "x"}
    assert "commence par https" in theirs.post(at("new_service"), sent).content.decode()


# Agents


def test_two_agents_take_a_request_to_a_label(owner, house, theirs):
    request = filled(owner, service(owner, house))
    requests.submit(request=request, by=owner)
    first, second = AgentFactory(), AgentFactory()
    hers, his = signed_in(first), signed_in(second)
    assert request.number in hers.get(at("inbox")).content.decode()
    hers.post(at("take", request.pk))
    hers.post(at("ask", request.pk), {"text": "Où sont les sauvegardes ?"})
    assert "Où sont les sauvegardes" in theirs.get(at("request", request.pk)).content.decode()
    assert first.name not in theirs.get(at("request", request.pk)).content.decode()
    theirs.post(at("submit", request.pk))
    for criterion in request.charter.criteria.all():
        hers.post(at("review", request.pk, criterion.code), {"verdict": "met"})
    hers.post(at("propose", request.pk), {"favourable": "yes", "months": 12, "opinion": "Tout est rempli."})
    assert hers.get(at("decide", request.pk)).status_code == 404
    assert "Tout est rempli." in his.get(at("decide", request.pk)).content.decode()
    read = LabelRequest.objects.get().mark
    his.post(at("decide", request.pk), {"answer": "accept", "text": "Tout est rempli.", "shown": read})
    assert Label.objects.get().request == request


def test_only_the_agent_who_examines_reviews(owner, house):
    request = filled(owner, service(owner, house))
    requests.submit(request=request, by=owner)
    first, second = AgentFactory(), AgentFactory()
    requests.take(request=request, by=first)
    assert signed_in(second).get(at("review", request.pk, "C01")).status_code == 404
    assert signed_in(second).post(at("propose", request.pk)).status_code == 404
    answer = signed_in(first).post(at("review", request.pk, "C01"), {"verdict": Verdict.NOT_MET})
    assert "Écrivez ce qui manque" in answer.content.decode()


def test_two_agents_who_take_a_request_at_once_do_not_replace_each_other(owner, house):
    request = filled(owner, service(owner, house))
    requests.submit(request=request, by=owner)
    first, second = AgentFactory(), AgentFactory()
    signed_in(first).post(at("take", request.pk))
    late = signed_in(second)
    assert "Quelqu’un a agi avant vous" in late.post(at("take", request.pk), follow=True).content.decode()
    request.refresh_from_db()
    assert request.instructor == first
    assert "Reprendre l’instruction" in late.get(at("examine", request.pk)).content.decode()
    late.post(at("take", request.pk), {"over": "1"})
    request.refresh_from_db()
    assert request.instructor == second


def test_a_draft_is_the_publishers_own(owner, house):
    request = filled(owner, service(owner, house))
    browser = signed_in(AgentFactory())
    assert browser.get(at("examine", request.pk)).status_code == 404
    assert request.number not in browser.get(at("inbox")).content.decode()


def test_an_agent_who_is_not_established_reads_why(owner, house):
    request = filled(owner, service(owner, house))
    requests.submit(request=request, by=owner)
    answer = signed_in(AgentFactory(new=True)).post(at("take", request.pk))
    assert answer.status_code == 403 and "décider à deux" in answer.content.decode()


def test_a_decision_that_somebody_took_before_changes_nothing(owner, house):
    request = proposed(owner, service(owner, house), AgentFactory())
    late = signed_in(AgentFactory())
    requests.refuse(request=request, by=AgentFactory(), reasons="Elle revend.", remedies="Corrigez, puis redemandez.")
    assert late.post(at("decide", request.pk), {"answer": "accept", "text": "Oui."}).status_code == 404
    assert not Label.objects.exists()


def test_suspending_lifting_and_withdrawing_have_their_pages(owner, house):
    label = labelled(owner, service(owner, house))
    first, second = signed_in(AgentFactory()), signed_in(AgentFactory())
    first.post(at("suspend", label.pk), {"text": "Une faille."})
    assert first.get(at("suspend", label.pk)).status_code == 404
    first.post(at("propose_change", label.pk), {"what": "lift", "text": "Corrigée."})
    change = label.changes.get(decided_at=None)
    assert first.get(at("decide_change", change.pk)).status_code == 404
    second.post(at("decide_change", change.pk), {"answer": "agree", "shown": change.mark})
    assert Label.objects.in_force().filter(pk=label.pk).exists()
    assert "suspension levée" in second.get(at("follow", label.pk)).content.decode()


def test_a_publisher_gives_a_label_up(owner, house, theirs):
    label = labelled(owner, service(owner, house))
    assert "tout de suite" in theirs.get(at("renounce", label.pk)).content.decode()
    theirs.post(at("renounce", label.pk))
    assert not Label.objects.in_force().exists()


# The register and the catalogue


def test_the_register_says_the_same_in_html_json_and_csv(owner, house, client):
    label = labelled(owner, service(owner, house))
    page = client.get(at("label", label.number)).content.decode()
    [found] = json.loads(client.get(at("registry_json")).content)["labels"]
    assert found["snapshot"] == label.snapshot and found["sha256"] == label.sha256
    assert [step["event"] for step in found["history"]] == ["label_granted", "label_accepted"]
    [row] = csv.DictReader(io.StringIO(client.get(at("registry_csv")).content.decode()))
    assert (row["number"], row["service"], row["state"], row["asks"]) == (
        label.number,
        "Loyer Juste",
        "active",
        f"{PARTS} {INCOME}",
    )
    for text in ("Loyer Juste", "Un Toit", "donnees@loyerjuste.example", "Pour comparer.", "Nécessaire"):
        assert text in page
    assert "astreinte" not in page + json.dumps(found)
    whole = client.get(at("registry")).content.decode()
    assert label.number in whole and "En cours\u00a0: 1" in whole


def test_a_withdrawn_label_stays_in_the_register_and_leaves_the_catalogue(owner, house, client):
    label = labelled(owner, service(owner, house))
    assert "Loyer Juste" in client.get(at("catalogue")).content.decode()
    labels.suspend(label=label, by=AgentFactory(), reasons="Sa politique a disparu.")
    assert "Plus rien pendant la suspension" in client.get(at("catalogue")).content.decode()
    labels.renounce(label=Label.objects.get(), by=owner)
    assert "Loyer Juste" not in client.get(at("catalogue")).content.decode()
    page = client.get(at("registry")).content.decode()
    assert "Sa politique a disparu." in page and "rendu par l’éditeur" in page


def test_a_refusal_is_in_the_register_with_its_reason(owner, house, client):
    request = proposed(owner, service(owner, house), AgentFactory())
    requests.refuse(request=request, by=AgentFactory(), reasons="Elle revend (C07).", remedies="Cessez la revente.")
    page = client.get(at("registry")).content.decode()
    assert "Elle revend (C07)." in page and "Cessez la revente." in page


def test_a_cell_of_the_csv_is_no_formula(owner, house, client):
    one = service(owner, house, "=HYPERLINK(1)")
    labelled(owner, one)
    assert "'=HYPERLINK(1)" in client.get(at("registry_csv")).content.decode()


def test_the_check_answers_what_a_label_allows_and_stops_with_it(owner, house, client):
    label = labelled(owner, service(owner, house))
    asked = {"label": label.number, "purpose": str(version_of(label).pk), "ask": INCOME}

    def answer(**changed):
        return json.loads(client.get(at("check"), {**asked, **changed}).content)

    assert answer()["allowed"] is True
    assert answer(ask="logement.domicile#/loyer") == {"allowed": False, "why": "not_in_the_label"}
    assert answer(purpose=str(uuid4())) == {"allowed": False, "why": "no_such_purpose"}
    assert answer(label="L-0") == {"allowed": False, "why": "no_such_label"}
    labels.suspend(label=label, by=AgentFactory(), reasons="Une faille.")
    assert answer() == {"allowed": False, "why": "suspended"}


def test_the_pages_cost_the_same_queries_for_one_label_as_for_three(
    owner, house, client, django_assert_max_num_queries
):
    labelled(owner, service(owner, house))
    for name in ("Deux", "Trois"):
        labelled(owner, service(owner, house, name))
    with django_assert_max_num_queries(8):
        client.get(at("catalogue"))
    with django_assert_max_num_queries(8):
        client.get(at("registry"))


def test_a_request_shows_the_legal_deadline_apart(owner, house, theirs):
    request = filled(owner, service(owner, house))
    requests.submit(request=request, by=owner)
    request.refresh_from_db()
    assert request.legal_deadline is not None and request.legal_deadline > timezone.now()
    page = theirs.get(at("request", request.pk)).content.decode()
    assert "Délai légal" in page and "Délai de la ville" in page


def test_reviews_are_shown_to_both_agents(owner, house):
    request = filled(owner, service(owner, house))
    requests.submit(request=request, by=owner)
    first = AgentFactory()
    requests.take(request=request, by=first)
    reviewed(request, first)
    assert "À\u00a0examiner" not in signed_in(AgentFactory()).get(at("examine", request.pk)).content.decode()


# Residents


def test_a_resident_sees_their_values_of_today_beside_what_a_service_may_ask(label, resident, client):
    add_signed_notice(resident)
    url = at("label", label.number)
    assert "Chez vous aujourd’hui" not in client.get(url).content.decode()
    page = signed_in(resident).get(url).content.decode()
    assert "Chez vous aujourd’hui" in page and "Aller sur Loyer Juste" in page
    [line] = [one for one in journal.entries(resident_id=resident.pk, limit=9) if one.purpose == LOOKING]
    assert sorted(line.fields) == sorted([INCOME, PARTS])
    with scope(resident=resident.pk):
        held = values_by_item(
            agreements.get(version_of(label).agreement),
            gate.read_own(resident_id=resident.pk, purpose=LOOKING, fields=[INCOME, PARTS]),
        )
    assert held[PARTS] and f"<span>{held[PARTS]}</span>" in page
    labels.suspend(label=label, by=AgentFactory(), reasons="Une fuite.")
    assert "Chez vous aujourd’hui" not in signed_in(resident).get(url).content.decode()


def test_a_residents_share_says_that_the_city_suspended_the_service(label, resident):
    given(resident, version_of(label), PARTS, INCOME)
    mine = signed_in(resident)
    assert "Suspendu par la ville" not in mine.get("/partages/").content.decode()
    labels.suspend(label=label, by=AgentFactory(), reasons="Une fuite est signalée.")
    with scope(resident=resident.pk):
        url = reverse("sharing:share", args=[Grant.objects.get().pk])
    assert "Suspendu par la ville" in mine.get("/partages/").content.decode()
    page = mine.get(url).content.decode()
    assert "Une fuite est signalée." in page and at("label", label.number) in page
    change = labels.propose_change(label=label, by=AgentFactory(), what=Change.LIFT, reasons="Fermée.")
    labels.decide_change(change=change, by=AgentFactory(), agree=True)
    assert "Suspendu par la ville" not in mine.get(url).content.decode()
    labels.renounce(label=label, by=label.accepted_by)
    assert "Plus vérifié" in mine.get(url).content.decode()


# Limits


def test_a_publisher_has_so_many_services_and_messages(owner, house, theirs, monkeypatch):
    monkeypatch.setattr(requests, "MOST_SERVICES", 1)
    monkeypatch.setattr(requests, "MOST_MESSAGES", 1)
    request = filled(owner, service(owner, house))
    sent = {"name": "Autre", "summary": "Compare.", "url": "https://autre.example", "price": "Gratuit"}
    assert "a déjà 1 services, le maximum" in theirs.post(at("new_service"), sent).content.decode()
    assert Service.objects.count() == 1
    theirs.post(at("request", request.pk), {"text": "Un."})
    assert "réessayez demain" in theirs.post(at("request", request.pk), {"text": "Deux."}).content.decode()
    assert request.messages.count() == 1
    # The city's own messages are not counted.
    requests.submit(request=request, by=owner)
    for _ in range(2):
        requests.write_message(request=request, by=AgentFactory(), text="Vu.")


def test_answers_and_reviews_lead_to_the_next_one(owner, house, theirs):
    request = filled(owner, service(owner, house), answers=False)
    for criterion in request.charter.criteria.exclude(code__in=["C02", "C07"]):
        requests.answer(request=request, by=owner, criterion=criterion, verdict=Verdict.MET, text="Oui.", url="")
    page = theirs.post(at("answer", request.pk, "C02"), {"verdict": "met", "text": "Oui."})
    assert page.url == at("answer", request.pk, "C07")
    page = theirs.post(at("answer", request.pk, "C07"), {"verdict": "met", "text": "Oui."})
    assert page.url == at("request", request.pk)


def test_agents_read_what_a_service_would_write_back(owner, house):
    request = filled(owner, service(owner, house), writes=["loisirs.adhesion"])
    requests.submit(request=request, by=owner)
    page = signed_in(AgentFactory()).get(at("examine", request.pk)).content.decode()
    assert "Le service l’écrirait dans le coffre" in page and str(types.get("loisirs.adhesion").title) in page


def test_a_request_for_nothing_delicate_answers_blocking_requirements_only(owner, house):
    request = filled(owner, service(owner, house), answers=False)
    assert not levels.is_light(request)
    everything = {one.code for one in missing.missing(request)}
    PurposeField.objects.filter(purpose__request=request).delete()
    asked(request.purposes.get(), owner, "loisirs.adhesion#/activite")
    assert levels.is_light(request)
    light = {one.code for one in missing.missing(request)}
    optional = {one.code for one in request.charter.criteria.filter(blocking=False)}
    assert optional and everything - light >= optional and not light & optional
