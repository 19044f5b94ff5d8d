from typing import Any

from django.core.management.base import BaseCommand

from vault.records.content import holder_catalogue, paper_kinds


class Command(BaseCommand):
    help = (
        "Load the content that comes with the software: kinds of paper, holders. Leave the rows edited in the admin."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        for name, load in (("kinds of paper", paper_kinds.load), ("holders", holder_catalogue.load)):
            added, refreshed = load()
            self.stdout.write(f"{name}: {added} added, {refreshed} refreshed")
