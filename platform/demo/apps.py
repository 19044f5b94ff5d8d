from contextlib import suppress

from django.apps import AppConfig
from django.conf import settings

#: Under var/: e-mails and text messages with codes, the dossier of the tour.
IN_CLEAR = ("mail", "sms", "tour")


class DemoConfig(AppConfig):
    name = "demo"

    def ready(self) -> None:
        make_private_folders()
        from accounts.sign_in import reauthentication
        from demo.people.vaults import TOWN
        from demo.views import way
        from vault.types import geography

        reauthentication.register(way)
        geography.add_fictional(TOWN["cog"], TOWN["commune"], TOWN["code_postal"])


def make_private_folders() -> None:
    """Make the folders of what the demonstration writes in plaintext, or close them: only its user may look in.

    Where another user's process cannot do so, it cannot write there either.
    """
    for name in IN_CLEAR:
        folder = settings.VAR / name
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
