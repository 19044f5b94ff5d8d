from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from certification.developers.actions import personas


class Command(BaseCommand):
    help = "Open the vaults of the fictional residents whom developers play, and add what they lack. Idempotent."

    def handle(self, *args: Any, **options: Any) -> None:
        opened, added = personas.seed(timezone.localdate())
        self.stdout.write(f"{opened} personas opened, {added} records added")
