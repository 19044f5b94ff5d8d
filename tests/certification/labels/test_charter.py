"""The charter: a draft is published once, hashed, and never changes; the page and the JSON say the same."""

import hashlib
import json

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from certification.labels import shipping
from certification.labels.actions import charters
from certification.labels.models import CharterVersion, Signature
from core import canonical
from core.journal import register
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.made import charter, draft_charter

pytestmark = pytest.mark.django_db


def test_the_shipped_charter_is_a_draft_of_26_requirements_in_both_languages():
    draft = draft_charter()
    assert not draft.is_published and draft.criteria.count() == 26
    assert all(
        one.text_en and one.proof_en and bool(one.machine) == bool(one.machine_en) for one in draft.criteria.all()
    )
    assert shipping.load() is None


def test_only_who_manages_agents_publishes(client):
    draft = draft_charter()
    with pytest.raises(PermissionDenied):
        charters.publish(charter=draft, by=AgentFactory())
    assert "pas encore publié" in client.get(reverse("labels:charter")).content.decode()
    assert client.get(reverse("labels:charter_version", args=[1])).status_code == 404


def test_a_version_without_a_requirement_is_not_published():
    empty = CharterVersion.objects.create(number=1, opening="Bonjour.", money="Non.")
    with pytest.raises(charters.Incomplete):
        charters.publish(charter=empty, by=AgentFactory(manages_agents=True))


def test_publishing_hashes_the_text_and_writes_in_the_register_once():
    found = charter()
    charters.publish(charter=found, by=AgentFactory(manages_agents=True))
    [entry] = register.of("charter", found.pk)
    assert entry.content == {"version": 1, "sha256": found.sha256}
    assert found.sha256 == hashlib.sha256(canonical.encode(found.as_json())).hexdigest()


def test_the_next_draft_begins_with_the_same_words_and_the_published_one_stays_in_force():
    found = charter()
    manager = AgentFactory(manages_agents=True)
    draft = charters.draft_after(charter=found, by=manager)
    assert draft.number == 2 and draft.criteria.count() == 26
    assert charters.draft_after(charter=found, by=manager) == draft
    assert CharterVersion.objects.current() == found


def test_the_page_and_the_json_say_the_charter_its_hash_and_who_signed_with_their_reservations(client):
    found = charter()
    Signature.objects.create(
        charter=found, kind="association", name="Un Toit", reservations="Pas C22.", signed_on="2026-11-28"
    )
    page = client.get(reverse("labels:charter")).content.decode()
    assert all(one.code in page for one in found.criteria.all())
    assert "ne vend aucune donnée" in page and "Pas C22." in page and found.sha256[:16] in page
    content = json.loads(client.get(reverse("labels:charter_json", args=[1])).content)
    assert hashlib.sha256(canonical.encode(content["text"])).hexdigest() == content["sha256"] == found.sha256
    assert content["signatures"][0]["reservations"] == "Pas C22."


def test_the_admin_publishes_a_draft_after_a_question():
    draft = draft_charter()
    browser = signed_in(AgentFactory(manages_agents=True))
    url = reverse("admin:labels_charterversion_changelist")
    sent = {"action": "publish", "_selected_action": [str(draft.pk)]}
    assert "Publier cette charte" in browser.post(url, sent).content.decode()
    assert CharterVersion.objects.current() is None
    browser.post(url, {**sent, "confirmed": "1"})
    assert CharterVersion.objects.current() == draft


def test_the_admin_does_not_change_a_published_version():
    found = charter()
    browser = signed_in(AgentFactory(manages_agents=True))
    url = reverse("admin:labels_charterversion_change", args=[found.pk])
    assert browser.post(url, {"number": 1, "opening": "Autre", "money": "Oui"}).status_code == 403
    assert "<textarea" not in browser.get(url).content.decode()
