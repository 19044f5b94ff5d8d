"""The hash of clients' secrets."""

import hashlib
from typing import Any

from django.contrib.auth.hashers import BasePasswordHasher
from django.utils.crypto import constant_time_compare


class ClientSecretHasher(BasePasswordHasher):
    """SHA-256, once: nobody guesses a secret of 256 random bits, and each request for a token checks one.

    The portal makes the secrets; no person chooses one. Passwords of people keep Django's slow hash.
    """

    algorithm = "client_sha256"

    def salt(self) -> str:
        return ""

    def encode(self, password: str, salt: str = "") -> str:
        return f"{self.algorithm}${hashlib.sha256(password.encode()).hexdigest()}"

    def decode(self, encoded: str) -> dict[str, Any]:
        algorithm, _dollar, hashed = encoded.partition("$")
        return {"algorithm": algorithm, "hash": hashed, "salt": ""}

    def verify(self, password: str, encoded: str) -> bool:
        return constant_time_compare(self.encode(password), encoded)

    def safe_summary(self, encoded: str) -> Any:  # noqa: ANN401 - Django's
        return {"algorithm": self.algorithm}

    def must_update(self, encoded: str) -> bool:
        return False

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: there is one number of rounds."""
