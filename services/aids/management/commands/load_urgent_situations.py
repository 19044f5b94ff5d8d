from typing import Any

from django.core.management.base import BaseCommand

from services.aids import shipping


class Command(BaseCommand):
    help = "Load the urgent situations that come with the portal, except those that agents have written."

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = shipping.load_urgent_situations()
        self.stdout.write(f"{len(loaded)} urgent situations loaded.")
