from typing import Any

from django.core.management.base import BaseCommand

from certification.labels import shipping


class Command(BaseCommand):
    help = "Load the charter that comes with the software, as a draft, if the city has none."

    def handle(self, *args: Any, **options: Any) -> None:
        made = shipping.load()
        self.stdout.write("charter: a draft of version 1" if made else "charter: the city has one")
