import pytest

from core.models import City


@pytest.fixture
def city(db):
    city = City(
        name="Villebrume",
        of_name="de Villebrume",
        insee="00042",
        phone="01 99 00 42 00",
        opening_hours="du lundi au vendredi",
        address="Maison des services, 3 place du Lavoir",
        email="contact@villebrume.example",
        dpo_email="dpo@villebrume.example",
        exit_url="https://meteo.example/",
    )
    city.save()
    return city
