"""Letters and pages of the city that one dishonest person fills with a telephone number, or with another statement."""

from io import BytesIO

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.models import model_to_dict
from django.urls import reverse
from django.utils import translation
from django_scopes import scope
from jwcrypto.jwk import JWK
from PIL import Image, ImageDraw

from accounts.models import CityDecision, Organisation, Publisher
from core.models import City
from services.places.enums import PlaceKind
from services.places.models import Place
from services.requests.models import Correction
from tests.accounts.factories import AgentFactory, ResidentFactory, signed_in
from tests.certification import made
from tests.certification.made import SIRETS
from tests.services.requests.made import fresh, member, opened_office, sent
from tests.vault.holders.test_holders import posted
from vault.records.content import holder_catalogue
from vault.records.models import Holder

pytestmark = pytest.mark.django_db
MINE = "08 99 99 99 99"


@pytest.fixture(autouse=True)
def city(db):
    cache.clear()
    with translation.override("fr"):
        yield City.objects.create(name="Villebrume", of_name="de Villebrume", insee="00042", phone="01 99 00 12 34")


@pytest.mark.parametrize("kind", ["organisation", "publisher"])
def test_nobody_alone_has_the_city_write_to_residents_with_a_telephone_of_theirs(kind, mailoutbox):
    """The organisation is closed until two persons open it; its name is in the letter at once."""
    browser, alma = signed_in(AgentFactory(manages_agents=True)), ResidentFactory()
    name = f"Aide municipale, appelez le {MINE}"
    if kind == "organisation":
        browser.post(reverse("admin:accounts_organisation_add"), {"name": name, "accompanies": "on"})
        there = Organisation.objects.filter(name=name).first()
        page, form = reverse("admin:accounts_membership_add"), {"organisation": there.pk if there else ""}
    else:
        browser.post(reverse("admin:accounts_publisher_add"), {"name": name, "siret": SIRETS[1], "is_active": "on"})
        house = Publisher.objects.filter(name=name).first()
        page = reverse("admin:accounts_publishermember_add")
        form = {"publisher": house.pk if house else "", "role": "owner"}
    browser.post(page, form | {"name": "Conseil", "email": alma.email})
    assert not any(MINE in letter.body for letter in mailoutbox if alma.email in letter.to)


def test_nobody_alone_states_that_the_portal_is_accessible(city, client):
    """A statement that the law asks for, on a legal page, after an audit."""
    values = {key: one for key, one in model_to_dict(city).items() if key not in {"logo", "id"}}
    stranger = signed_in(AgentFactory(new=True))
    stranger.post(reverse("admin:core_city_change", args=[1]), values | {"accessibility": "full"})
    assert "totalement conforme" not in client.get(reverse("accessibility")).content.decode()


def test_nobody_alone_says_that_a_place_helps_victims(client):
    """Urgent situations and aids show the places of a kind as those where to go."""
    place = Place.objects.create(code="boutique", name="Boutique", kind=PlaceKind.OTHER, town="Villebrume")
    Place.objects.create(code="ecoute", name="Écoute 42", kind=PlaceKind.VICTIMS, town="Villebrume")
    browser, page = signed_in(AgentFactory(new=True)), reverse("admin:places_place_change", args=[place.pk])
    browser.post(page, posted(browser.get(page).context["adminform"].form) | {"kind": PlaceKind.VICTIMS})
    assert place.name not in client.get(reverse("places:home"), {"nature": PlaceKind.VICTIMS}).content.decode()


def test_nobody_alone_draws_a_telephone_in_the_logo_of_each_page(city):
    image, upload = Image.new("RGB", (256, 256), "white"), BytesIO()
    ImageDraw.Draw(image).text((10, 110), f"Appelez le {MINE}", fill="black")
    image.save(upload, "PNG")
    values = {key: one for key, one in model_to_dict(city).items() if key not in {"logo", "id"}}
    file = SimpleUploadedFile("logo.png", upload.getvalue(), "image/png")
    stranger = signed_in(AgentFactory(new=True))
    stranger.post(reverse("admin:core_city_change", args=[1]), values | {"logo_file": file})
    assert not City.current().logo


def test_who_examines_alone_sends_a_resident_to_no_telephone_of_theirs(resident):
    """One manager placed them there; the resident reads the message on the city's page, as the office's."""
    office = opened_office()
    place = member(office, "Zacharie")
    request = sent(resident, office)
    browser = signed_in(place.person)
    browser.post(reverse("requests:take", args=[request.pk]))
    form = {"fault": "incorrect", "message": f"Réglez d’abord vos frais de dossier au {MINE}."}
    line = fresh(request).codes[0]
    browser.post(reverse("requests:ask", args=[request.pk, line]), form)
    with scope(resident=resident.pk):
        asked = Correction.objects.count()
    page = signed_in(resident).get(reverse("requests:request", args=[request.pk]))
    assert page.status_code == 200 and (asked == 0 or MINE not in page.content.decode())


def test_who_agrees_that_a_holder_sends_reads_whose_key_signs_its_lots():
    """Lots signed by this key are believed as the holder's, whoever proposed it."""
    holder_catalogue.load()
    manager, camille = (AgentFactory(manages_agents=True) for _ in range(2))
    house = made.publisher()
    one = made.service(made.member(house), house)
    key = JWK.generate(kty="EC", crv="P-256")
    form = {"holder": Holder.objects.get(code="dgfip").pk, "service": one.pk, "types": ["fiscal.avis_ir"]}
    form |= {"rhythm": "daily", "public_key": key.export_public(), "stays": "on"}
    signed_in(manager).post(reverse("admin:holders_sender_add"), form)
    [asked] = CityDecision.objects.all()
    page = signed_in(camille).get(reverse("city_decision", args=[asked.pk])).content.decode()
    assert key.thumbprint() in page or key.export_public(as_dict=True)["x"] in page
