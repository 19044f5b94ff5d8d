"""Words of one person: a proposal that puts an old value back, a telephone in a logo or a name, a colleague's name."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.actions import city_decisions, office_details
from accounts.actions.city_decisions import What
from accounts.models import CityDecision, Membership, Organisation
from campaigns.debates import forms as debates
from campaigns.panel import forms as panel
from campaigns.plans import forms as plans
from certification.labels import forms as labels
from core.models import City
from core.pages import logo
from services.places import details
from services.places.models import Place
from tests.accounts.factories import AgentFactory, CompanionFactory, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def city(db):
    return City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042", phone="01 23 45 67 89")


@pytest.fixture
def three():
    return [AgentFactory(name=name, manages_agents=True) for name in ("Agathe", "Camille", "Diane")]


def proposed(what, value, by, subject="") -> CityDecision:
    made = city_decisions.change(what=what, value=value, by=by, subject=subject)
    assert made is not None
    return made


def agreed(decision, by):
    return signed_in(by).post(reverse("city_decision", args=[decision.pk]), {"answer": "agree"}, follow=True)


def test_a_proposal_read_before_neither_reopens_an_office_nor_puts_its_telephone_back(three):
    agathe, camille, diane = three
    office = Organisation.objects.create(name="CCAS", address="3 place du Lavoir", phone="06 12 34 56 78")
    key, now = str(office.pk), office_details.of(office)
    asked = proposed(office_details.CODE, now | {"helps_with": "Cantine"}, agathe, key)
    alone = now | {"is_active": False, "phone": ""}
    assert city_decisions.change(what=office_details.CODE, subject=key, value=alone, by=camille) is None
    agreed(asked, diane)
    found = Organisation.objects.get()
    assert (found.is_active, found.phone, found.helps_with) == (False, "", "Cantine")


def test_a_place_whose_column_changed_since_is_left_and_the_page_says_so(three):
    agathe, camille, diane = three
    place = Place.objects.create(code="mairie", name="La mairie", town="Villebrume", phone="+33612345678")
    key, now = str(place.pk), details.of(place)
    asked = proposed(details.CODE, now | {"phone": "+33123456789"}, agathe, key)
    city_decisions.change(what=details.CODE, subject=key, value=now | {"phone": ""}, by=camille)
    assert "a changé depuis cette proposition" in agreed(asked, diane).content.decode()
    assert Place.objects.get().phone == ""


def test_a_telephone_of_the_city_taken_away_since_is_not_replaced(three):
    agathe, camille, diane = three
    asked = proposed(What.PHONE, "06 12 34 56 78", agathe)
    city_decisions.change(what=What.PHONE, value="", by=camille)
    agreed(asked, diane)
    assert City.current().phone == ""
    assert CityDecision.objects.get(pk=asked.pk).decided_at is None


def test_the_page_names_each_column_that_changes_and_who_proposes_with_their_address(three):
    agathe, _camille, diane = three
    office = Organisation.objects.create(name="CCAS", address="3 place du Lavoir")
    value = office_details.of(office) | {"phone": "01 99 00 00 01", "address": "4 rue Basse"}
    asked = proposed(office_details.CODE, value, agathe, str(office.pk))
    rows = signed_in(diane).get(reverse("city_decision", args=[asked.pk])).context["rows"]
    assert agathe.email in rows[1]["value"]
    assert [(row["key"], row["value"]) for row in rows[2:]] == [
        ("Adresse, aujourd’hui", "3 place du Lavoir"),
        ("Adresse, ensuite", "4 rue Basse"),
        ("Téléphone, aujourd’hui", "–"),
        ("Téléphone, ensuite", "01 99 00 00 01"),
    ]


def test_an_office_is_opened_by_who_read_its_telephone(three):
    """One manager adds it closed, with all columns: the second person reads each, and none changes meanwhile."""
    agathe, camille, diane = three
    office = Organisation.objects.create(name="Sports", phone="06 12 34 56 78", is_active=False)
    key, now = str(office.pk), office_details.of(office)
    asked = proposed(office_details.CODE, now | {"is_active": True}, agathe, key)
    assert "06 12 34 56 78" in signed_in(diane).get(reverse("city_decision", args=[asked.pk])).content.decode()
    city_decisions.change(what=office_details.CODE, subject=key, value=now | {"phone": ""}, by=camille)
    agreed(asked, diane)
    assert not Organisation.objects.get().is_active


@pytest.mark.parametrize("body", ["<text>06 12 34 56 78</text>", "<g><a><path d='M0 0h4'/></a></g>", "<image/>"])
def test_a_logo_with_words_is_refused(body):
    content = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40">{body}</svg>'
    with pytest.raises(logo.Unusable):
        logo.clean(content.encode())


def renamed(user, name):
    signed_in(user).post(reverse("change_name"), {"name": name})
    user.refresh_from_db()
    return user.name == name


@pytest.mark.parametrize(
    "name", ["Mairie 06 12 34 56 78", "mairie@villebrume.example", "zéro six douze trente-quatre cinquante"]
)
def test_a_name_has_neither_digits_nor_an_address(three, name):
    assert not renamed(three[0], name)


def test_who_works_for_the_city_takes_no_colleagues_name(three):
    agathe = three[0]
    clerk = CompanionFactory(name="Élodie Roux")
    assert Membership.objects.filter(person=clerk).exists()
    for name in ("Camille", "  camille ", "CAMÏLLE", "elodie  roux"):
        assert not renamed(agathe, name)
    assert not renamed(clerk, "Diane")
    assert renamed(agathe, "Agathe Petit") and renamed(agathe, "Agathe")


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (debates.SetAsideForm, "reasons"),
        (debates.DecideAppealForm, "words"),
        (debates.DecideVoteForm, "words"),
        (plans.OpinionForm, "words"),
        (plans.DecideForm, "words"),
        (labels.ReviewForm, "text"),
        (labels.ReasonsForm, "text"),
        (labels.OpinionForm, "opinion"),
        (labels.DecideForm, "text"),
        (labels.DecideForm, "remedies"),
        (labels.ChangeForm, "text"),
        (labels.AnswerComplaintForm, "upheld"),
        (panel.AnswerForm, "words"),
    ],
)
def test_what_one_agent_publishes_has_no_telephone_and_no_address(form, name):
    field = form.base_fields[name]
    assert field.clean("L’article 6 n’est pas respecté depuis le 3 mars 2026.")
    for words in ("Appelez le 06 12 34 56 78.", "Écrivez à aide@mairie.example", "Voyez www.aide-ville.fr"):
        with pytest.raises(ValidationError):
            field.clean(words)
