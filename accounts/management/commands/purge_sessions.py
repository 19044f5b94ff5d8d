from typing import Any

from django.core.management.base import BaseCommand

from accounts.sign_in.sessions import SessionStore


class Command(BaseCommand):
    help = (
        "Delete the sessions that are over. They open nothing already; this frees their rows."
        " The scheduler does it every hour."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        SessionStore.clear_expired()
