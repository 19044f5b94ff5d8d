"""The pages of places: for everybody, without an account, and nothing of a search is kept."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django.utils.translation import override

from accounts.models import Session
from services.places import dataset, presenting
from services.places.models import Place
from tests.accounts.factories import AgentFactory, signed_in
from tests.services.places.conftest import CCAS, FAR, HALL, as_file

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("town")]
FRIDAY_AT_TEN, AT_NIGHT = "2026-11-27T10:00:00+01:00", "2026-11-27T22:00:00+01:00"


def names(page: str) -> list[str]:
    return [one["nom"] for one in sorted((HALL, CCAS, FAR), key=lambda one: page.find(f">{one['nom']}<"))]


def test_without_a_point_the_open_ones_come_first(client: Client, time_machine) -> None:
    time_machine.move_to(AT_NIGHT, tick=False)
    page = client.get("/lieux/").content.decode()
    found = presenting.search(presenting.standing())
    assert [one.place.name for one in found] == ["CCAS", "CAF", "Mairie"]
    assert "ouvert jour et nuit" in page and "ouvre lundi à 9" in page


def test_around_a_postal_code_the_nearest_come_first(time_machine) -> None:
    time_machine.move_to(FRIDAY_AT_TEN, tick=False)
    found = presenting.search(presenting.standing(), around="00421")
    assert [one.place.name for one in found] == ["CAF", "CCAS", "Mairie"]
    assert found[1].kilometres == pytest.approx(8.9, abs=0.1)
    assert "8,9" in found[1].line()["text"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"opened": True}, {"CCAS"}),
        ({"kind": "caf"}, {"CAF"}),
        ({"text": "brume mairie"}, {"Mairie"}),
        ({"text": "x"}, set()),
    ],
)
def test_a_search_keeps_what_matches(asked: dict[str, object], expected: set[str], time_machine) -> None:
    time_machine.move_to(AT_NIGHT, tick=False)
    assert {one.place.name for one in presenting.search(presenting.standing(), **asked)} == expected  # type: ignore[arg-type]


def test_a_wrong_choice_is_as_none(client: Client) -> None:
    for number in range(10):
        dataset.load(as_file(HALL | {"id": f"x{number}", "nom": f"Lieu {number}"}))
    page = client.get("/lieux/?nature=nothing&autour=99999&page=77&q=" + "x" * 60)
    assert page.status_code == 200 and "Aucun lieu ne répond" in page.content.decode()
    assert not Session.objects.exists()


def test_a_place_has_its_week_its_languages_and_its_map(client: Client, time_machine) -> None:
    time_machine.move_to(FRIDAY_AT_TEN, tick=False)
    place = Place.objects.get(code=HALL["id"])
    page = client.get(f"/lieux/{place.pk}/").content.decode()
    assert "ouvert jusqu’à 12" in page and "vendredi 27 novembre" in page and "Tramway B." in page
    assert "Anglais" in page and "openstreetmap.org" in page and "tel:+33536490001" in page
    english = client.get(f"/lieux/{place.pk}/", headers={"Accept-Language": "en"}).content.decode()
    assert "Tram B." in english and "Tramway" not in english


def test_hours_that_only_say_something_are_shown_as_they_are(client: Client) -> None:
    page = client.get(f"/lieux/{Place.objects.get(code=FAR['id']).pk}/").content.decode()
    assert "sur rendez-vous" in page and "Les sept prochains jours" not in page


def test_a_withdrawn_place_is_nowhere(client: Client) -> None:
    place = Place.objects.get(code=CCAS["id"])
    Place.objects.filter(pk=place.pk).update(withdrawn_at=timezone.now())
    assert client.get(f"/lieux/{place.pk}/").status_code == 404
    assert "CCAS" not in client.get("/lieux/lieux.json").content.decode()
    assert presenting.named(["CCAS"]) == []


def test_anybody_takes_the_list(client: Client) -> None:
    assert {row["id"] for row in client.get("/lieux/lieux.json").json()} == {HALL["id"], CCAS["id"], FAR["id"]}
    assert client.get("/lieux/lieux.csv").content.decode().count("\n") == 4
    assert client.post("/lieux/lieux.csv").status_code == 405


def test_the_texts_of_an_aid_name_places_in_their_order() -> None:
    found = presenting.named(["CAF ou MSA", "CCAS (aide)"])
    assert [one.place.name for one in found] == ["CAF", "CCAS"]
    assert presenting.named(["Notaire"]) == []


def test_an_urgent_situation_shows_where_to_go(client: Client) -> None:
    for language in ("fr", "en"):
        page = client.get("/aides/urgence/pas_a_manger/", headers={"Accept-Language": language}).content.decode()
        assert f"/lieux/{Place.objects.get(code=CCAS['id']).pk}/" in page


def test_an_agent_loads_a_file_in_the_admin_and_reads_what_was_refused() -> None:
    agent = signed_in(AgentFactory(manages_agents=True))
    sent = SimpleUploadedFile("lieux.json", as_file(HALL | {"nom": "Hôtel de ville"}, CCAS | {"nom": ""}))
    page = agent.post("/admin/places/place/fichier/", {"file": sent})
    assert page.status_code == 200 and "2 (" in page.content.decode()
    assert Place.objects.get(code=HALL["id"]).name == "Hôtel de ville"
    with override("fr"):
        broken = agent.post("/admin/places/place/fichier/", {"file": SimpleUploadedFile("x.json", b"{")})
    assert "pas du JSON" in broken.content.decode()
    assert Client().get("/admin/places/place/fichier/").status_code == 302
