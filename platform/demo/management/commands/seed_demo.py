from typing import Any

from django.core.management.base import BaseCommand

from demo.seeding import city, offices, official_forms, par4chemins, procedures, residents, senders


class Command(BaseCommand):
    help = "Fill the fictional town of Villebrume: its city row, its residents, one agent. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        city.fill_city()
        residents.fill_people(say=self.stdout.write)
        city.publish_charter()
        official_forms.publish()
        city.open_places()
        procedures.name_form_and_office(offices.open_office())
        senders.allow_senders()
        par4chemins.fill_vault()
        par4chemins.label_service()
