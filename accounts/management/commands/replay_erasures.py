from typing import Any

from django.core.management.base import BaseCommand

from accounts.actions import closing


class Command(BaseCommand):
    help = (
        "After a restore, before the portal opens: erase again the vaults that the ledger of erasures names."
        " Twice changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{closing.replay()} vaults that were closed had come back and are erased again.")
