"""Requests that begin with a use case, or with the sheet of a label of another city; holders told of what is asked."""

import json

import pytest
from django.urls import reverse

from certification.labels.actions import labels, notices, requests, templates
from certification.labels.models import HolderContact, LabelRequest, Purpose
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.made import INCOME, SIRETS, charter, filled, labelled, member, publisher, service
from vault import types
from vault.records.content import holder_catalogue
from vault.records.models import Holder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def one(owner, house):
    charter()
    return service(owner, house)


def begin(browser, one, **sent):
    return browser.post(reverse("labels:begin_request", args=[one.pk]), sent)


@pytest.mark.parametrize("case", templates.use_cases(), ids=lambda case: case.code)
def test_each_shipped_use_case_begins_a_request(case, owner, one):
    asked = [one["field"] for purpose in case.content["purposes"] for one in purpose["fields"]]
    assert asked and all(types.field_exists(field) for field in asked)
    request = templates.start(service=one, by=owner, content=case.content)
    [purpose] = request.purposes.all()
    assert list(purpose.fields.order_by("field").values_list("field", flat=True)) == sorted(asked)
    assert purpose.title_en and all(field.why and field.why_en for field in purpose.fields.all())


def test_a_request_begins_with_the_sheet_of_another_citys_label(owner, one, client):
    other = publisher("Ailleurs", SIRETS[1])
    labelled(member(other), service(member(other, email="dev@ailleurs.example"), other, "Même logiciel"))
    register = json.loads(client.get(reverse("labels:registry_json")).content)
    begin(signed_in(owner), one, template="sheet", sheet=json.dumps(register["labels"][0]))
    request = LabelRequest.objects.open().get(service=one)
    assert (request.hosting, request.subprocessors) == ("France, Serveurs du Lac", "Aucun")
    assert request.data_contact == request.alert_contact == request.privacy_url == ""
    assert request.purposes.get().fields.filter(field=INCOME, required=True).exists()
    assert request.answers.count() == 26


@pytest.mark.parametrize(
    "sheet",
    [
        "",
        "[]",
        "{}",
        "not json",
        "[" * 100_000,
        '{"purposes": [{"title": {"fr": "x", "en": "x"}, "text": {"fr": "x", "en": "x"}, "mode": "look",'
        ' "at_most_every": 1e300}]}',
        '{"purposes": "many"}',
        '{"purposes": [{"title": "x"}]}',
        '{"purposes": [], "hosting": 12, "subprocessors": {"a": 1}}',
        '{"purposes": [], "answers": [{"code": "C01", "verdict": "perfect", "text": "x"}]}',
        '{"purposes": [{"title": {"fr": "x", "en": "x"}, "text": {"fr": "%s", "en": "x"}, "mode": "look"}]}'
        % ("x" * 201),
        '{"purposes": [{"title": {"fr": "x", "en": "x"}, "text": {"fr": "x", "en": "x"}, "mode": "sell"}]}',
    ],
)
def test_a_sheet_that_is_none_begins_nothing(sheet, owner, one):
    answer = begin(signed_in(owner), one, template="sheet", sheet=sheet)
    assert answer.status_code == 400 and "Erreur" in answer.content.decode()
    assert not LabelRequest.objects.exists() and not Purpose.objects.exists()


def test_data_that_this_city_does_not_know_is_left_out(owner, one):
    content = json.loads(json.dumps(templates.use_cases()[0].content))
    content["purposes"][0]["fields"].append(
        {"field": "lune.marees#/hauteur", "required": True, "why": {"fr": "x", "en": "x"}}
    )
    request = templates.start(service=one, by=owner, content=content)
    assert not request.purposes.get().fields.filter(field__startswith="lune").exists()


def test_a_blank_page_is_offered_and_another_publisher_begins_nothing(owner, one):
    browser = signed_in(owner)
    page = browser.get(reverse("labels:begin_request", args=[one.pk])).content.decode()
    assert "Comparer un loyer" in page and "checked" not in page
    outsider = signed_in(member(publisher("Autre", SIRETS[1])))
    assert begin(outsider, one, template="blank").status_code == 404
    begin(browser, one, template="blank")
    assert not LabelRequest.objects.get().purposes.exists()
    assert "déjà en cours" in begin(browser, one, template="blank").content.decode()


def test_a_holder_is_told_once_that_its_data_is_asked_for(owner, one, mailoutbox):
    holder_catalogue.load()
    holder = Holder.objects.filter(holds__contains=["fiscal.avis_ir"]).earliest("pk")
    other = Holder.objects.exclude(holds__contains=["fiscal.avis_ir"]).earliest("pk")
    HolderContact.objects.create(holder=holder, email="donnees@impots.example")
    HolderContact.objects.create(holder=other, email="autre@example.org")
    request = filled(owner, one)
    notices.send_due()
    assert "donnees@impots.example" not in str([mail.to for mail in mailoutbox])
    requests.submit(request=request, by=owner)
    notices.send_due()
    notices.send_due()
    told = [mail for mail in mailoutbox if mail.to == ["donnees@impots.example"]]
    assert len(told) == 1 and "Revenu fiscal" in told[0].body and "Un Toit" in told[0].body
    assert not [mail for mail in mailoutbox if mail.to == ["autre@example.org"]]
    for person, name in ((owner, "request"), (AgentFactory(), "examine")):
        page = signed_in(person).get(reverse(f"labels:{name}", args=[request.pk])).content.decode()
        assert "Détenteurs prévenus" in page and str(holder) in page and "prévenu le" in page


def test_an_empty_address_tells_nobody(owner, one, mailoutbox):
    holder_catalogue.load()
    holder = Holder.objects.filter(holds__contains=["fiscal.avis_ir"]).earliest("pk")
    HolderContact.objects.create(holder=holder, email="")
    request = filled(owner, one)
    requests.submit(request=request, by=owner)
    notices.send_due()
    assert not [mail for mail in mailoutbox if "viennent de vous" in mail.subject]


def test_a_publisher_with_a_label_renews_and_does_not_begin_blank(owner, one):
    label = labelled(owner, one)
    page = signed_in(owner).get(reverse("labels:publisher")).content.decode()
    assert "Demander le renouvellement" in page and reverse("labels:begin_request", args=[one.pk]) not in page
    labels.renounce(label=label, by=owner)
    assert "Demander un changement" not in signed_in(owner).get(reverse("labels:publisher")).content.decode()
