from typing import Any

from django.core.management.base import BaseCommand

from demo import offices, official_form, par4chemins, procedures, seeding, senders


class Command(BaseCommand):
    help = "Fill the fictional town of Villebrume: its city row, its residents, one agent. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        seeding.fill_city()
        seeding.fill_people(say=self.stdout.write)
        seeding.publish_charter()
        official_form.publish()
        seeding.open_places()
        procedures.name_form_and_office(offices.open_office())
        senders.allow_senders()
        par4chemins.fill_vault()
        par4chemins.label_service()
