"""The register for programs: signed, in the shape of European wallets, with counts that name nobody."""

import json
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.urls import reverse
from joserfc import jws
from joserfc.jwk import KeySet

from certification.labels import across
from certification.labels.actions import labels
from certification.labels.models import Label
from certification.labels.views import public
from core.residents import more_than
from tests.accounts.factories import AgentFactory, ResidentFactory
from tests.certification.made import INCOME, given, labelled, proposed, service, version_of
from vault.records.grants import receipts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_cache():
    cache.delete("labels_residents")
    yield
    cache.delete("labels_residents")


def of(client, name):
    return json.loads(client.get(reverse(f"labels:{name}")).content)


@pytest.mark.parametrize(
    ("residents", "said"), [(0, None), (10, None), (11, 10), (20, 10), (21, 20), (40, 20), (41, 40), (360, 340)]
)
def test_a_count_is_hidden_up_to_ten_then_rounded_down(residents, said):
    assert more_than(residents) == said


def test_the_register_counts_residents_once_and_never_says_a_small_number(label, client, monkeypatch):
    version = version_of(label)
    first, second = ResidentFactory(), ResidentFactory()
    for resident in (first, second):
        given(resident, version, INCOME)
    assert across.residents_by_service() == {label.service_id: 2}
    page = client.get(reverse("labels:label", args=[label.number])).content.decode()
    assert "Moins de 11 habitants" in page
    assert of(client, "registry_json")["labels"][0]["residents_more_than"] is None
    monkeypatch.setattr(across, "residents_by_service", lambda: {label.service_id: 57})
    assert "Plus de 40 habitants" in client.get(reverse("labels:label", args=[label.number])).content.decode()
    assert of(client, "registry_json")["labels"][0]["residents_more_than"] == 40


def test_a_count_does_not_follow_each_agreement(label):
    assert across.residents_by_service() == {}
    given(ResidentFactory(), version_of(label), INCOME)
    assert across.residents_by_service() == {}


def test_the_signed_register_verifies_with_the_published_keys(label, client):
    receipts.make_key()
    answer = client.get(reverse("labels:registry_jws"))
    assert answer["Content-Type"] == "application/jose"
    keys = KeySet.import_key_set(json.loads(client.get("/.well-known/jwks.json").content))
    found = jws.deserialize_compact(answer.content.decode(), keys, algorithms=["ES256"])
    assert found.protected["typ"] == "label-register+jws"
    content = json.loads(found.payload)
    assert content["labels"] == of(client, "registry_json")["labels"] and content["at"]
    assert content["labels"][0]["history"][0]["event"] == "label_granted"


def test_a_refusal_and_what_absence_means_are_in_the_json(owner, house, label, client):
    from certification.labels.actions import requests

    request = proposed(owner, service(owner, house, "Score Logement"), AgentFactory())
    requests.refuse(request=request, by=AgentFactory(), reasons="Il note (C07).", remedies="Ne notez plus.")
    found = of(client, "registry_json")
    assert "never means removal" in found["note"]
    assert [(one["service"], one["remedies"]) for one in found["refused"]] == [("Score Logement", "Ne notez plus.")]


def test_the_wallets_shape_names_who_asks_what_until_when(label, owner, client):
    [party] = of(client, "registry_wallets")["wrp"]
    assert party["identifier"][0]["identifier"] == "13002526500013" and party["isPSB"] is True
    [one] = party["Services"]
    [use] = one["intendedUse"]
    assert use["credentials"][-1] == {
        "format": "garant-record",
        "meta": {"type": "fiscal.avis_ir"},
        "claims": [{"path": ["revenu_fiscal_reference"]}],
    }
    assert {words["lang"] for words in use["purpose"]} == {"fr", "en"}
    assert use["revokedAt"] == f"{label.valid_until:%Y-%m-%d}"
    labels.renounce(label=label, by=owner)
    [use] = of(client, "registry_wallets")["wrp"][0]["Services"][0]["intendedUse"]
    assert use["revokedAt"] == f"{Label.objects.get().renounced_at:%Y-%m-%d}"


def test_the_json_costs_the_same_queries_for_one_label_as_for_three(
    label, owner, house, client, django_assert_max_num_queries
):
    for name in ("Deux", "Trois"):
        labelled(owner, service(owner, house, name))
    of(client, "registry_json")
    with django_assert_max_num_queries(10):
        of(client, "registry_json")


def test_a_long_register_is_searched_and_filtered_without_changing_its_order(owner, house, client, monkeypatch):
    monkeypatch.setattr(public, "WITHOUT_FILTERS", 1)
    bare = labelled(owner, service(owner, house, "Loyer Juste"))
    url = reverse("labels:registry")
    monkeypatch.setattr(public, "WITHOUT_FILTERS", 2)
    other = labelled(owner, service(owner, house, "Énergie Claire"))
    assert 'role="search"' not in client.get(url).content.decode()
    monkeypatch.setattr(public, "WITHOUT_FILTERS", 1)
    labels.suspend(label=other, by=AgentFactory(), reasons="Une fuite.")

    def shown(**query):
        page = client.get(url, query)
        return [row["label"] for row in page.context["rows"]], [row["label"] for row in page.context["decisions"]]

    assert shown()[0] == ["Énergie Claire", "Loyer Juste"]
    found, decisions = shown(q="energie")
    assert found == ["Énergie Claire"] and len(decisions) == 3
    assert all("Énergie Claire" in one for one in decisions)
    assert shown(state="suspended")[0] == ["Énergie Claire"]
    assert shown(state="active", q=bare.number)[0] == ["Loyer Juste"]
    assert "Une absence ne veut pas dire un retrait" in client.get(url, {"q": "rien"}).content.decode()
    assert shown(state="nonsense")[0] == ["Énergie Claire", "Loyer Juste"]


def test_the_feed_says_each_decision_with_its_reason(label, client):
    labels.suspend(label=label, by=AgentFactory(), reasons="Une fuite <grave>.")
    answer = client.get(reverse("labels:registry_feed"))
    assert answer["Content-Type"].startswith("application/atom+xml")
    name = "{http://www.w3.org/2005/Atom}"
    entries = ElementTree.fromstring(answer.content).findall(f"{name}entry")
    assert [one.findtext(f"{name}title") for one in entries] == [
        "Loyer Juste\u00a0: suspendu. Le service ne lit plus rien.",
        "Loyer Juste\u00a0: l’éditeur a accepté la convention. Le service peut demander des données.",
        "Loyer Juste\u00a0: accordé.",
    ]
    assert "Une fuite <grave>." in entries[0].findtext(f"{name}summary", "")
    assert [str(one.get("href")).rpartition("/registre/")[2] for one in entries[0].iter(f"{name}link")] == [
        f"{label.number}/"
    ]
    assert len({one.findtext(f"{name}id") for one in entries}) == 3
    assert "application/atom+xml" in client.get(reverse("labels:registry")).content.decode()
