from typing import Any

from django.core.management.base import BaseCommand

from services.procedures import shipping


class Command(BaseCommand):
    help = "Load the city procedures that come with the portal: canteen, nursery, rental of a dwelling."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{len(shipping.load())} procedures loaded.")
