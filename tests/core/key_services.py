"""Local servers that follow the documentation of two key services, and simulate their faults.

Transit: https://openbao.org/api-docs/secret/transit/ (same as HashiCorp Vault's). KMS:
https://docs.aws.amazon.com/kms/latest/APIReference/ They really encrypt: another context, key or version does not
decrypt.
"""

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOKEN = "s.the-token-of-the-tests"


class Refused(Exception):
    def __init__(self, status: int, body: object) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class Service:
    """A key service. `trouble`: "", "slow" (takes `seconds`), "garbage" or "503". `asked` lists the requests."""

    def __init__(self) -> None:
        self.trouble, self.seconds = "", 5.0
        self.asked: list[str] = []
        self.url = ""
        self.over = threading.Event()

    def answer(self, method: str, path: str, headers: Any, body: dict[str, Any]) -> object:
        raise NotImplementedError

    def apply_trouble(self) -> None:
        if self.trouble == "slow":
            self.over.wait(self.seconds)
        if self.trouble == "503":
            raise Refused(503, {"errors": ["Vault is sealed"], "__type": "KMSInternalException"})


class Transit(Service):
    def __init__(self) -> None:
        super().__init__()
        self.token = Path()
        self.derived, self.oldest = True, 1
        self.keys = {1: secrets.token_bytes(32)}

    def rotate(self) -> None:
        self.keys[len(self.keys) + 1] = secrets.token_bytes(32)

    def answer(self, method: str, path: str, headers: Any, body: dict[str, Any]) -> object:
        if headers["X-Vault-Token"] != TOKEN:
            raise Refused(403, {"errors": ["permission denied"]})
        verbs: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "GET /v1/transit/keys/garant": self.describe,
            "POST /v1/transit/encrypt/garant": self.encrypt,
            "POST /v1/transit/decrypt/garant": self.decrypt,
        }
        if f"{method} {path}" not in verbs:
            raise Refused(404, {"errors": []})
        return {"request_id": "x", "lease_duration": 0, "data": verbs[f"{method} {path}"](body)}

    def describe(self, _body: dict[str, Any]) -> dict[str, Any]:
        return {"name": "garant", "type": "aes256-gcm96", "derived": self.derived, "latest_version": len(self.keys)}

    def encrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        version, nonce = len(self.keys), secrets.token_bytes(12)
        sealed = nonce + self.cipher(version, body).encrypt(nonce, base64.b64decode(body["plaintext"]), None)
        return {"ciphertext": f"vault:v{version}:{base64.b64encode(sealed).decode()}", "key_version": version}

    def decrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            prefix, version, text = body["ciphertext"].split(":")
            sealed = base64.b64decode(text, validate=True)
            number = int(version.removeprefix("v"))
            if prefix != "vault":
                raise ValueError
        except ValueError:
            raise Refused(400, {"errors": ["invalid ciphertext: no prefix"]}) from None
        if number < self.oldest or number not in self.keys:
            raise Refused(400, {"errors": ["ciphertext or signature version is disallowed by policy (too old)"]})
        try:
            plain = self.cipher(number, body).decrypt(sealed[:12], sealed[12:], None)
        except (InvalidTag, ValueError):
            raise Refused(400, {"errors": ["cipher: message authentication failed"]}) from None
        return {"plaintext": base64.b64encode(plain).decode()}

    def cipher(self, version: int, body: dict[str, Any]) -> AESGCM:
        """Return the cipher of a version. Like the real service, a key that is not derived ignores the context."""
        if not self.derived:
            return AESGCM(self.keys[version])
        if not body.get("context"):
            raise Refused(
                400, {"errors": ["missing 'context' for key derivation; the key was created using a derived key"]}
            )
        info = base64.b64decode(body["context"])
        return AESGCM(HKDF(SHA256(), 32, None, info).derive(self.keys[version]))


class Kms(Service):
    ARN = "arn:aws:kms:eu-west-3:111122223333:key/"

    def __init__(self) -> None:
        super().__init__()
        self.keys = {"0a1b2c3d-0000-4000-8000-000000000001": secrets.token_bytes(32)}
        self.disabled = False

    def rotate(self) -> None:
        """Add a key behind the same alias. KMS's own automatic rotation is invisible to clients."""
        self.keys[f"0a1b2c3d-0000-4000-8000-{len(self.keys) + 1:012}"] = secrets.token_bytes(32)

    def answer(self, method: str, path: str, headers: Any, body: dict[str, Any]) -> object:
        if not headers["Authorization"].startswith("AWS4-HMAC-SHA256"):
            raise Refused(400, {"__type": "MissingAuthenticationTokenException"})
        verb = headers["X-Amz-Target"].removeprefix("TrentService.")
        if self.disabled and verb != "DescribeKey":
            raise Refused(400, {"__type": "DisabledException", "message": "is disabled"})
        found: dict[str, Any] = {"DescribeKey": self.describe, "Encrypt": self.encrypt, "Decrypt": self.decrypt}[verb](
            body
        )
        return found

    def key_id(self, asked: str) -> str:
        name = list(self.keys)[-1] if asked == "alias/garant" else asked.removeprefix(self.ARN)
        if name not in self.keys:
            raise Refused(400, {"__type": "NotFoundException", "message": f"Key '{asked}' does not exist"})
        return name

    def describe(self, body: dict[str, Any]) -> dict[str, Any]:
        name = self.key_id(body["KeyId"])
        return {"KeyMetadata": {"KeyId": name, "Arn": self.ARN + name, "Enabled": not self.disabled}}

    def encrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        name, nonce = self.key_id(body["KeyId"]), secrets.token_bytes(12)
        sealed = AESGCM(self.keys[name]).encrypt(nonce, base64.b64decode(body["Plaintext"]), self.context(body))
        blob = base64.b64encode(name.encode() + nonce + sealed).decode()
        return {"CiphertextBlob": blob, "KeyId": self.ARN + name, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}

    def decrypt(self, body: dict[str, Any]) -> dict[str, Any]:
        blob = base64.b64decode(body["CiphertextBlob"])
        name, nonce, sealed = blob[:36].decode(errors="replace"), blob[36:48], blob[48:]
        if name not in self.keys:
            raise Refused(400, {"__type": "InvalidCiphertextException"})
        if self.key_id(body["KeyId"]) != name:
            raise Refused(400, {"__type": "IncorrectKeyException"})
        try:
            plain = AESGCM(self.keys[name]).decrypt(nonce, sealed, self.context(body))
        except (InvalidTag, ValueError):
            raise Refused(400, {"__type": "InvalidCiphertextException"}) from None
        return {
            "Plaintext": base64.b64encode(plain).decode(),
            "KeyId": self.ARN + name,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }

    @staticmethod
    def context(body: dict[str, Any]) -> bytes:
        return json.dumps(body.get("EncryptionContext", {}), sort_keys=True).encode()


@contextmanager
def served(service: Service) -> Iterator[str]:
    """Run the service and yield its address, `127.0.0.1:PORT`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            service.asked.append(f"{self.command} {self.path} {self.headers.get('X-Amz-Target', '')}".strip())
            status, content = 200, b""
            try:
                service.apply_trouble()
                content = json.dumps(
                    service.answer(self.command, self.path, self.headers, json.loads(body or b"{}"))
                ).encode()
            except Refused as refused:
                status, content = refused.status, json.dumps(refused.body).encode()
            if service.trouble == "garbage":
                status, content = 200, b"<html>welcome to this hotel</html>"
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        service.over.set()
        server.shutdown()
        server.server_close()


def took(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started
