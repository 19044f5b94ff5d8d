"""The word that the city chose, the search of a long catalogue, and who signed the charter in public."""

import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from accounts.models import PublisherRole
from certification.labels.actions import charters
from certification.labels.enums import Change, Signatory
from certification.labels.models import LabelChange, Signature
from certification.labels.presenting import letters, wording
from certification.labels.states import NotNow
from core.journal import register
from core.models import City
from ops import messages
from tests.accounts.factories import AgentFactory, signed_in
from tests.certification.made import SIRETS, charter, draft_charter, labelled, member, publisher, service

pytestmark = pytest.mark.django_db(transaction=True)


def page(client, name, *parts, **query):
    return client.get(reverse(f"labels:{name}", args=parts), query).content.decode()


@pytest.mark.parametrize(
    ("word", "services", "registry"),
    [
        ("label", "Services labellisés", "Registre des labels"),
        ("habilitation", "Services habilités", "Registre des habilitations"),
        ("referencement", "Services référencés", "Registre des référencements"),
    ],
)
def test_public_pages_use_the_citys_word(word, services, registry, client):
    City(name="Valbrune", of_name="de Valbrune", insee="00042", label_word=word).save()
    assert f"<h1>{services}</h1>" in page(client, "catalogue")
    assert f"<h1>{registry}</h1>" in page(client, "registry")


@pytest.mark.parametrize(
    ("word", "asks", "gives_up", "letter"),
    [
        ("label", "Demander un label", "Rendre le label", "du label"),
        ("habilitation", "Demander une habilitation", "Rendre l’habilitation", "de l’habilitation"),
        ("referencement", "Demander un référencement", "Renoncer au référencement", "du référencement"),
    ],
)
def test_publishers_agents_and_letters_use_it_too(word, asks, gives_up, letter, owner, house, one):
    City(name="Valbrune", of_name="de Valbrune", insee="00042", label_word=word).save()
    charter()
    theirs, agent = signed_in(owner), signed_in(AgentFactory())
    assert asks in page(theirs, "publisher")
    given = labelled(owner, one)
    assert gives_up in page(theirs, "own_label", given.pk)
    change = LabelChange(
        label=given, what=Change.WITHDRAW, reasons="Non.", decided_by=AgentFactory(), decided_at=timezone.now()
    )
    assert f"retrait {letter}" in letters.of_change(change).subject
    seen = page(theirs, "own_label", given.pk) + page(theirs, "publisher") + page(agent, "inbox")
    assert re.search(r"\b[Ll]abels?\b", re.sub(r"<[^>]*>", " ", seen)) is None or word == "label"


def test_no_public_page_says_certified(owner, house, client):
    label = labelled(owner, service(owner, house))
    for name, parts in (("catalogue", ()), ("registry", ()), ("label", (label.number,)), ("charter", ())):
        assert "certifié" not in page(client, name, *parts).lower()


# The catalogue


def test_a_short_catalogue_has_no_search(owner, house, client):
    labelled(owner, service(owner, house))
    assert 'name="q"' not in page(client, "catalogue")


def test_a_long_catalogue_is_searched_and_keeps_the_alphabet(owner, house, client, monkeypatch):
    from certification.labels.views import public

    monkeypatch.setattr(public, "WITHOUT_FILTERS", 2)
    for name in ("Zèbre à vélo", "Assiette Claire", "Loyer Juste"):
        labelled(owner, service(owner, house, name))
    whole = page(client, "catalogue")
    assert 'name="q"' in whole
    assert whole.index("Assiette Claire") < whole.index("Loyer Juste") < whole.index("Zèbre à vélo")
    found = page(client, "catalogue", q="zebre")
    assert "Zèbre à vélo" in found and "Loyer Juste" not in found
    assert "Aucun service ne répond" in page(client, "catalogue", q="introuvable")
    assert "Loyer Juste" in page(client, "catalogue", price="free")


# Signatures


def test_a_publisher_signs_in_public_with_its_reservations(owner, house, client):
    version = charter()
    browser = signed_in(owner)
    assert reverse("labels:sign") in page(browser, "publisher")
    browser.post(reverse("labels:sign"), {"reservations": "C22 : notre page reste lourde jusqu’en mai."})
    shown = page(client, "charter")
    assert "Un Toit" in shown and "notre page reste lourde" in shown
    [_published, entry] = register.of("charter", version.pk)
    assert (entry.event, entry.content["name"]) == ("charter_signed", "Un Toit")
    assert browser.get(reverse("labels:sign")).status_code == 404


def test_only_the_owner_signs_for_a_publisher_and_managers_for_others(owner, house, resident):
    version = charter()
    developer = member(house, PublisherRole.DEVELOPER)
    assert signed_in(developer).get(reverse("labels:sign")).status_code == 403
    said: Any = {"charter": version, "reservations": "", "on": timezone.localdate()}
    for person in (developer, AgentFactory(), resident, member(publisher("Autre", SIRETS[1]))):
        with pytest.raises(PermissionDenied):
            charters.sign(by=person, kind=Signatory.PUBLISHER, name="Un Toit", **said)
    with pytest.raises(PermissionDenied):
        charters.sign(by=owner, kind=Signatory.HOLDER, name="Un Toit", **said)
    manager = AgentFactory(manages_agents=True)
    charters.sign(by=manager, kind=Signatory.HOLDER, name="Régie des eaux", **said)
    with pytest.raises(NotNow):
        charters.sign(by=manager, kind=Signatory.HOLDER, name="Régie des eaux", **said)


def test_a_draft_is_not_signed(owner):
    draft = draft_charter()
    with pytest.raises(NotNow):
        charters.sign(
            charter=draft,
            by=owner,
            kind=Signatory.PUBLISHER,
            name="Un Toit",
            reservations="",
            on=timezone.localdate(),
        )


def test_a_signature_written_in_the_admin_is_in_the_register():
    version = charter()
    browser = signed_in(AgentFactory(manages_agents=True))
    sent = {
        "charter": version.pk,
        "kind": "association",
        "name": "Ligue",
        "reservations": "",
        "signed_on": "2026-11-28",
    }
    browser.post(reverse("admin:labels_signature_add"), sent)
    assert Signature.objects.get().name == "Ligue"
    assert register.of("charter", version.pk)[-1].content["name"] == "Ligue"


# The words of texts

#: Names of models and of the city's choice itself.
AT_WORK = re.compile(r"platform/core/models/city|certification/labels/models/\w+")
#: Other labels than ours: that of altruism (EU 2022/868), and a word of a file's format.
OTHERS = {
    "Label d’altruisme des données",
    "Chaque téléchargement dit label (fr, en), steps, formats, reads et verified.",
}


def test_no_text_names_the_label_but_by_the_citys_word():
    chosen = {str(text) for one in wording.WORDINGS.values() for text in vars(one).values()}
    found = {
        message.singular
        for message in messages.read(messages.catalogue("en")).values()
        if re.search(r"(?<!\()\blabel", message.singular, re.IGNORECASE)
        and not all(AT_WORK.match(place) for place in message.places)
    }
    assert found - OTHERS <= chosen
    assert len(found & chosen) >= 8


@pytest.mark.parametrize("word", City.LabelWord.values)
def test_each_word_has_each_sentence_in_both_languages(word):
    said = wording.WORDINGS[City.LabelWord(word)]
    root = {"label": "label", "habilitation": "habilit", "referencement": "référenc"}[word]
    with override("fr"):
        assert all(root in str(text).lower() for text in vars(said).values())
    with override("en"):
        english = {str(text) for text in vars(said).values()}
    assert len(english) == len(vars(said)) and not any(root == "référenc" and root in text for text in english)
