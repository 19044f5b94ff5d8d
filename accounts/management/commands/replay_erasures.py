from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actions import closing


class Command(BaseCommand):
    help = (
        "After a restore, before the portal opens: erase again the vaults that the ledger of erasures names."
        " Twice changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            erased = closing.replay()
        except closing.NotAllClosed:
            raise CommandError(
                "A vault could not be erased again: the log says why. Run this again once it is mended."
            ) from None
        self.stdout.write(f"{erased} vaults that were closed had come back and are erased again.")
