"""AWS KMS, or a service with the same interface: a symmetric key that never leaves it; each use is in the cloud's log.

    kms://eu-west-3/alias/garant            kms://eu-west-3/arn:aws:kms:eu-west-3:111122223333:key/…

The context is KMS's encryption context: authenticated with the wrapped key, and recorded in CloudTrail. boto3 finds
the credentials (the machine's role, the usual AWS_ variables). KMS rotates the key itself and hides its versions.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, parse_qsl

from core.keyrings.ring import KeyringError, KeysDown

#: Seconds, the same as for the transit engine.
CONNECT, READ = 2, 3
#: The request or the key is wrong, so retrying is useless.
FINAL = {
    "InvalidCiphertextException",
    "IncorrectKeyException",
    "NotFoundException",
    "InvalidKeyUsageException",
    "ValidationException",
}


@dataclass(repr=False)
class KmsRing:
    region: str
    name: str
    endpoint: str | None = None
    remote = True

    def current(self) -> str:
        return _kid(self._ask("describe_key", "KeyMetadata", KeyId=self.name)["KeyMetadata"]["Arn"])

    def holds(self, kid: str) -> bool:
        return kid.startswith("kms:")

    def wrap(self, key: bytes, context: bytes) -> tuple[str, bytes]:
        answer = self._ask(
            "encrypt", "CiphertextBlob", KeyId=self.name, Plaintext=key, EncryptionContext=_context(context)
        )
        return _kid(answer["KeyId"]), bytes(answer["CiphertextBlob"])

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        """Unwrap with the key's id, so that KMS refuses a ciphertext wrapped under someone else's key."""
        key_id = self._home + kid.removeprefix("kms:")
        answer = self._ask(
            "decrypt", "Plaintext", KeyId=key_id, CiphertextBlob=wrapped, EncryptionContext=_context(context)
        )
        return bytes(answer["Plaintext"])

    def check(self) -> None:
        self.current()

    @property
    def _home(self) -> str:
        """Return the prefix of key ids: a key of another account needs its whole ARN."""
        return self.name.rpartition("/")[0] + "/" if self.name.startswith("arn:") and ":key/" in self.name else ""

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        import boto3  # imported here: 20 MB and 0.3 s that other keyrings do not need
        from botocore.config import Config

        config = Config(connect_timeout=CONNECT, read_timeout=READ, retries={"total_max_attempts": 1})
        return boto3.client("kms", region_name=self.region, endpoint_url=self.endpoint, config=config)

    def _ask(self, verb: str, wanted: str, **demand: object) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, verb)(**demand)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in FINAL:
                raise KeyringError(
                    f"The KMS key is not the one that wrapped this resident's key, or is not there ({code})."
                ) from None
            raise KeysDown(f"KMS refused for now ({code}): look at the key's state and at who may use it.") from None
        except BotoCoreError as error:
            raise KeysDown(f"KMS did not answer ({type(error).__name__}).") from None
        if wanted not in answer:
            raise KeysDown("What answered at the key service's address is not KMS.")
        return answer


def load(parts: SplitResult) -> KmsRing:
    """Return the ring of a KMS URL.

    Raises:
        KeyringError: the URL is invalid.
    """
    options = dict(parse_qsl(parts.query))
    endpoint, name = options.pop("endpoint", None), parts.path.lstrip("/")
    if not (parts.hostname and name) or options:
        raise KeyringError(
            "KEYRING: a KMS key is kms://REGION/KEY, where KEY is an id, an ARN or alias/NAME,"
            " with ?endpoint=https://… if need be."
        )
    return KmsRing(parts.hostname, name, endpoint)


def _context(context: bytes) -> dict[str, str]:
    return {"garant": context.decode()}


def _kid(arn: str) -> str:
    """Return a kid of at most 40 characters: a key's id has 36."""
    return "kms:" + arn.rpartition("/")[2]
