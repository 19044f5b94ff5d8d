"""The transit engine of OpenBao or HashiCorp Vault, which logs each use; the wrapping key never leaves it.

    transit+https://vault.ville.example:8200/transit/garant?token=/run/garant/token

The named key must be made with `derived=true`, so that each resident's context derives its own key. Without it, the
engine silently ignores the context, and a wrapped key copied to another resident would unwrap. Such a key is refused.
"""

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl

import requests

from core.keyrings.ring import KeyringError, KeysDown

SCHEMES = {"transit+https": "https", "transit+http": "http"}
#: Seconds, to connect and between two bytes of the answer, which has a few hundred bytes.
TIMEOUT = (2, 3)
#: The database limits a kid, `transit:NAME:v12`, to 40 characters.
NAME = re.compile(r"[\w-]{1,24}")
#: Statuses caused by the service, not by the request: sealed, standby, too many requests.
DOWN = {301, 302, 307, 308, 412, 429, 472, 473, 500, 502, 503, 504}


@dataclass(repr=False)
class TransitRing:
    """Ring of one transit key. `token` is a file, read at each request because an agent renews it."""

    base: str
    name: str
    token: Path
    namespace: str = ""
    authority: str = ""
    session: requests.Session = field(default_factory=requests.Session)
    remote = True
    _derived = False

    def current(self) -> str:
        return f"transit:{self.name}:v{self._ask('latest_version', 'GET', f'keys/{self.name}')}"

    def holds(self, kid: str) -> bool:
        return kid.startswith(f"transit:{self.name}:v")

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        self._require_derived()
        ciphertext = self._ask(
            "ciphertext", "POST", f"encrypt/{self.name}", {"plaintext": _b64(key), "context": _b64(context)}
        )
        return f"transit:{self.name}:{str(ciphertext).split(':')[1]}", str(ciphertext).encode()

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        self._require_derived()
        body = {"ciphertext": wrapped.decode(errors="replace"), "context": _b64(context)}
        return base64.b64decode(str(self._ask("plaintext", "POST", f"decrypt/{self.name}", body)))

    def check(self) -> None:
        self._derived = False
        self._require_derived()

    def _require_derived(self) -> None:
        """Check once per process that the key is derived; the engine never changes that."""
        if not self._derived:
            if not self._ask("derived", "GET", f"keys/{self.name}"):
                raise KeyringError(
                    f"The transit key “{self.name}” was made without derived=true: make another one with it."
                )
            self._derived = True

    def _ask(self, wanted: str, method: str, path: str, body: dict[str, str] | None = None) -> object:
        answer = self._send(method, path, body)
        if answer.status_code != requests.codes.ok:
            raise self._refused(answer)
        try:
            value: object = answer.json()["data"][wanted]
        except (ValueError, KeyError, TypeError):
            raise KeysDown("What answered at the key service's address is not a transit engine.") from None
        return value

    def _send(self, method: str, path: str, body: dict[str, str] | None) -> requests.Response:
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        if self.namespace:
            headers["X-Vault-Namespace"] = self.namespace
        verify = self.authority or True
        try:
            return self.session.request(
                method,
                f"{self.base}/{path}",
                json=body,
                headers=headers,
                timeout=TIMEOUT,
                verify=verify,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise KeysDown(f"The key service did not answer ({type(error).__name__}).") from None

    def _refused(self, answer: requests.Response) -> KeyringError:
        """Return the error for a refusal, without the service's own text: it may repeat the request."""
        if answer.status_code in DOWN:
            return KeysDown(f"The key service answered {answer.status_code}: sealed, standing by or overloaded.")
        if answer.status_code == 403:
            return KeysDown(f"The key service refused the token in {self.token}: renew it, and look at its policy.")
        if answer.status_code == 404:
            return KeyringError(f"The key service has no transit key at {self.base}/keys/{self.name}.")
        return KeyringError(
            f"The transit key “{self.name}” is not the one that wrapped this resident's key,"
            " or no longer opens its version."
        )

    def _token(self) -> str:
        try:
            return self.token.read_text().strip()
        except OSError:
            raise KeysDown(f"No token for the key service at {self.token}.") from None


def load(parts: SplitResult) -> TransitRing:
    """Return the ring of a transit engine's URL.

    Raises:
        KeyringError: the URL is invalid.
    """
    options = dict(parse_qsl(parts.query))
    mount, _, name = parts.path.strip("/").rpartition("/")
    token = options.pop("token", "")
    if not (parts.hostname and mount and NAME.fullmatch(name) and token.startswith("/")) or options.keys() - {
        "namespace",
        "ca",
    }:
        raise KeyringError(
            "KEYRING: a transit engine is transit+https://host:8200/MOUNT/KEY?token=/a/file,"
            " with &namespace= and &ca=/a/file if need be;"
            " the key's name has 24 letters at most."
        )
    base = f"{SCHEMES[parts.scheme]}://{parts.netloc}/v1/{mount}"
    return TransitRing(base, name, Path(token), options.get("namespace", ""), options.get("ca", ""))


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
