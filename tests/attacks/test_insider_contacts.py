"""Where residents call, write and go, in words that one dishonest agent writes alone, past what refuses contacts."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from campaigns.panel.models import Referral
from certification.labels.actions import charters
from certification.labels.models import CharterVersion, Criterion
from core.models import HelpPage
from core.pages import contacts
from services.places.models import Place
from tests.accounts.factories import AgentFactory, signed_in
from tests.attacks.insider import town  # noqa: F401 - a fixture
from tests.campaigns.panel import seated
from tests.vault.holders.test_holders import posted
from vault.records.content import holder_catalogue, paper_kinds
from vault.records.models import Holder

pytestmark = pytest.mark.django_db
MINE = "08 99 99 99 99"


@pytest.fixture
def stranger(db):
    return AgentFactory(name="Zacharie", new=True)


def test_a_telephone_noted_as_a_source_is_not_known_to_residents_afterwards(stranger, client):
    """The source of a download is on no page, and nothing is refused in it."""
    paper_kinds.load()
    holder_catalogue.load()
    holder = next(one for one in Holder.objects.all() if one.downloads)
    browser, page = signed_in(stranger), reverse("admin:records_holder_change", args=[holder.pk])
    for name in ("source", "steps"):
        filled = posted(browser.get(page).context["adminform"].form)
        for key in [key for key in filled if key.endswith(f"-{name}") and filled.get(key.replace(name, "label_fr"))]:
            filled[key] = f"Appelez le {MINE}"
        browser.post(page, filled)
    assert not any(MINE in step for one in Holder.objects.get(pk=holder.pk).downloads for step in one["steps"])


@pytest.mark.parametrize("name", ["source", "languages"])
def test_the_source_and_languages_of_a_place_have_no_telephone(stranger, client, name):
    place = Place.objects.create(code="mairie", name="La mairie", town="Villebrume", source="OpenStreetMap")
    browser, page = signed_in(stranger), reverse("admin:places_place_change", args=[place.pk])
    browser.post(page, posted(browser.get(page).context["adminform"].form) | {name: f"appelez le {MINE}"})
    assert MINE not in client.get(reverse("places:place", args=[place.pk])).content.decode()


def test_the_title_of_a_draft_that_one_agent_begins_has_no_telephone(stranger, client):
    form = {"template": "travel", "title": f"Aides : appelez le {MINE}", "title_en": f"Aid: call {MINE}"}
    signed_in(stranger).post(reverse("plans:begin"), form)
    assert MINE not in client.get(reverse("plans:register")).content.decode()


def test_a_signature_of_the_charter_that_one_manager_writes_has_no_telephone(client):
    manager = AgentFactory(manages_agents=True)
    charter = CharterVersion.objects.create(number=1, opening="Nous promettons.", money="Rien n’est vendu.")
    Criterion.objects.create(charter=charter, code="A1", group="data", text="Dire à quoi servent les données.")
    charters.publish(charter=charter, by=AgentFactory(manages_agents=True))
    form = {
        "charter": charter.pk,
        "kind": "association",
        "name": "Les Usagers de Villebrume",
        "reservations": f"Pour toute question, appelez le {MINE}.",
        "signed_on": timezone.localdate().isoformat(),
    }
    answer = signed_in(manager).post(reverse("admin:labels_signature_add"), form)
    assert answer.status_code in {200, 302}
    assert MINE not in client.get(reverse("labels:charter")).content.decode()


@pytest.mark.parametrize(
    "words",
    [
        "Appelez le zéro huit cents vingt, dix, vingt, trente.",
        "Appelez le trente-six trente-neuf.",
        "Composez le 08 puis 99 puis 99 puis 99 puis 99.",
        "Écrivez à moi chez ailleurs point info.",
        "Allez sur aides-villebrume point online.",
        "Allez sur aides-villebrume•fr.",
        "Allez sur aides-villebrume . info.",
    ],
)
def test_a_contact_is_found_however_it_is_spelled(words):
    with pytest.raises(ValidationError):
        contacts.refuse_new([words], ())


def test_a_help_page_has_no_telephone_in_two_halves(stranger):
    form = {"slug": "nous-joindre", "theme": "compte", "question": "Des frais ? Faites le 08 99 99", "shown": "on"}
    signed_in(stranger).post(reverse("admin:core_helppage_add"), form | {"text": "99 99, du lundi au vendredi."})
    assert not HelpPage.objects.exists()


def test_a_draft_of_the_charter_that_an_agent_refers_to_the_panel_has_no_telephone(resident, client):
    """Its text is public at once on the panel's page; nobody has published the version."""
    manager = AgentFactory(manages_agents=True)
    seated.seated(resident)
    draft = CharterVersion.objects.create(number=1, opening=f"Appelez le {MINE}.", money="Rien n’est vendu.")
    day = timezone.localdate() + timedelta(days=30)
    form = {"subject": f"charter:{draft.pk}", "question": "Faut-il l’adopter ?"}
    form |= {f"last_day_{name}": getattr(day, name) for name in ("day", "month", "year")}
    signed_in(manager).post(reverse("panel:refer"), form)
    found = Referral.objects.first()
    assert found is None or MINE not in client.get(reverse("panel:referral", args=[found.number])).content.decode()
