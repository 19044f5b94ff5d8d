"""The two servers of OAuth and the API: the real one, and the sandbox, where developers play fictional residents.

The code is the same. Addresses, issuer and signing key differ, and a client of one is unknown at the other.
"""

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from certification.access.enums import Environment

SANDBOX_PATH = "bac-a-sable"


@dataclass(frozen=True)
class Issuer:
    """A server. `namespace` is that of its URLs' names."""

    environment: Environment
    namespace: str
    path: str = ""

    @property
    def url(self) -> str:
        return f"{settings.SITE_URL}{self.path}"

    def address(self, name: str) -> str:
        """Return the whole address of a URL by its name."""
        return f"{settings.SITE_URL}{self.route(name)}"

    def route(self, name: str) -> str:
        return reverse(f"{self.namespace}:{name}")


LIVE = Issuer(Environment.LIVE, "access")
SANDBOX = Issuer(Environment.TEST, "sandbox", f"/{SANDBOX_PATH}")
OF = {issuer.environment: issuer for issuer in (LIVE, SANDBOX)}


def of_path(path: str) -> Issuer:
    """Return the server to which a path of the portal belongs."""
    return SANDBOX if path.startswith(f"{SANDBOX.path}/") else LIVE
