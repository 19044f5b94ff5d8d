"""Fill the fictional city: its row, the aids and procedures that come with the software, its charter, its places."""

from pathlib import Path

from certification.labels import shipping
from certification.labels.actions import charters
from certification.labels.models import CharterVersion
from core.models import City
from demo.people.accounts import find
from services.aids.shipping import load_local_aids, load_urgent_situations
from services.places import dataset
from services.procedures import shipping as procedures

PLACES = Path(__file__).with_name("places.json")


def fill_city() -> City:
    city, _ = City.objects.get_or_create(
        pk=1,
        defaults={
            "name": "Villebrume",
            "of_name": "de Villebrume",
            "insee": "00042",
            "phone": "01 99 00 12 34",
            "opening_hours": "du lundi au vendredi de 9 h à 17 h",
            "opening_hours_en": "Monday to Friday, 9 am to 5 pm",
            "address": "la Maison des services, 3 place du Lavoir, Villebrume",
            "email": "contact@villebrume.example",
            "dpo_email": "donnees@villebrume.example",
            "dpo_contact": "Délégué à la protection des données, mairie de Villebrume, 1 place de la Mairie",
            "publisher": "Le maire de Villebrume (ville fictive)",
            "host": "Cette machine : c’est une démonstration",
            "exit_url": "https://meteofrance.com/",
        },
    )
    load_local_aids()
    procedures.load()
    load_urgent_situations()
    return city


def open_places() -> None:
    """Load the places of the fictional town, except those edited since."""
    dataset.load(PLACES.read_bytes())


def publish_charter() -> None:
    """Publish the shipped charter of services, unless the city has one in force."""
    manager = find("agathe")
    shipping.load()
    draft = CharterVersion.objects.drafts().first()
    if manager is not None and draft is not None and CharterVersion.objects.current() is None:
        charters.publish(charter=draft, by=manager.account())
