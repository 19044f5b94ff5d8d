"""Files of places, in and out."""

import csv
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from services.places import dataset
from services.places.models import Place
from tests.services.places.conftest import CCAS, HALL, as_file

pytestmark = pytest.mark.django_db


def test_a_file_comes_back_as_it_went(town: None) -> None:
    out = dataset.written(Place.objects.order_by("code"))
    hall = next(row for row in out if row["id"] == HALL["id"])
    assert {name: hall[name] for name in HALL} == HALL
    assert dataset.load(json.dumps(out).encode()).refreshed == 3


def test_the_csv_comes_back_too(town: None) -> None:
    text = dataset.as_csv(Place.objects.all())
    before = dataset.written(Place.objects.order_by("code"))
    assert dataset.load(text.replace("'+33", "+33").encode()).refreshed == 3
    assert dataset.written(Place.objects.order_by("code")) == before


def test_a_place_without_languages_comes_back_without_any(db: None) -> None:
    dataset.load(as_file(HALL | {"langues": []}))
    dataset.load(dataset.as_csv(Place.objects.all()).encode())
    assert Place.objects.get().languages == []


def test_a_cell_never_runs_as_a_formula(db: None) -> None:
    dataset.load(as_file(HALL | {"nom": "=HYPERLINK(1)", "organisme": "@x"}))
    (row,) = csv.DictReader(io.StringIO(dataset.as_csv(Place.objects.all())))
    assert row["nom"] == "'=HYPERLINK(1)" and row["organisme"] == "'@x"
    assert row["telephone"] == HALL["telephone"]


def test_a_second_load_refreshes_and_leaves_what_an_agent_edited(town: None) -> None:
    Place.objects.filter(code=HALL["id"]).update(name="Hôtel de ville", edited_at=timezone.now())
    done = dataset.load(as_file(HALL, CCAS | {"nom": "Le CCAS"}))
    assert (done.added, done.refreshed, done.left) == (0, 1, 1)
    assert set(Place.objects.values_list("name", flat=True)) == {"Hôtel de ville", "Le CCAS", "CAF"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"horaires_accueil": "de 9 h à 12 h"}, "OpenStreetMap"),
        ({"latitude": "nord"}, "nombre de degrés"),
        ({"latitude": 99}, "90"),
        ({"longitude": None}, "places_both_coordinates"),
        ({"nom": ""}, "vide"),
        ({"courriel": "nobody"}, "adresse"),
        ({"site_web": "javascript:alert(1)"}, "adresse de site"),
        ({"date_maj": "hier"}, "date"),
        ({"id": None}, "vide"),
        ({"nom": "Mai\0rie"}, "caractère"),
        ({"langues": ["\ud800"]}, "caractère"),
    ],
)
def test_a_wrong_row_is_refused_with_its_reason_and_the_others_are_kept(change: dict[str, object], says: str) -> None:
    done = dataset.load(as_file(HALL | change, CCAS))
    (told,) = done.refused
    assert says in told and told.startswith("1 (") and done.added == 1


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"{",
        b'{"x": 1}',
        b"[1]",
        b"a,b\n1,2\n",
        b"x" * (dataset.MOST_BYTES + 1),
        b"[" * 100_000,
        b"[" + b"1" * 5_000 + b"]",
        b"id,nom\n1," + b"x" * 200_000,
    ],
    ids=lambda content: content[:4].hex(),
)
def test_a_file_that_is_no_list_of_places_is_refused_whole(content: bytes) -> None:
    with pytest.raises(dataset.Unreadable):
        dataset.load(content)
    assert not Place.objects.exists()


def test_too_many_places_are_refused_and_none_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "MOST_PLACES", 1)
    with pytest.raises(dataset.Unreadable):
        dataset.load(as_file(HALL, CCAS))
    assert not Place.objects.exists()


def test_the_command_says_what_it_did(tmp_path, capsys) -> None:
    file = tmp_path / "places.json"
    file.write_bytes(as_file(HALL, CCAS))
    call_command("load_places", file)
    assert capsys.readouterr().out == "2 added, 0 refreshed, 0 edited here and left\n"
    file.write_bytes(as_file(HALL | {"nom": ""}))
    with pytest.raises(CommandError, match="1 refused"):
        call_command("load_places", file)
    with pytest.raises(CommandError, match="No such file"):
        call_command("load_places", tmp_path / "nothing.json")
