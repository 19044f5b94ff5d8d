"""AWS KMS, or a service with the same interface: a symmetric key that never leaves it, each use in the cloud's own log.

    kms://eu-west-3/alias/garant            kms://eu-west-3/arn:aws:kms:eu-west-3:111122223333:key/…

The context is KMS's encryption context: authenticated with what is wrapped, and told in CloudTrail. Credentials come as boto3 finds them
(the machine's role, the usual AWS_ variables); the key's rotation is KMS's own business, and a version is not told.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, parse_qsl

from core.keys.keyrings.ring import KeyringError, KeysDown

#: Seconds, as the transit engine's.
CONNECT, READ = 2, 3
#: The demand is wrong, or the key: asking again changes nothing.
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
        told = self._ask(
            "encrypt", "CiphertextBlob", KeyId=self.name, Plaintext=key, EncryptionContext=_context(context)
        )
        return _kid(told["KeyId"]), bytes(told["CiphertextBlob"])

    def unwrap(self, kid: str, wrapped: bytes, context: bytes) -> bytes:
        """With the key's id, so that nobody has us open what they wrapped under a key of theirs."""
        key_id = self._home + kid.removeprefix("kms:")
        told = self._ask(
            "decrypt", "Plaintext", KeyId=key_id, CiphertextBlob=wrapped, EncryptionContext=_context(context)
        )
        return bytes(told["Plaintext"])

    def check(self) -> None:
        self.current()

    @property
    def _home(self) -> str:
        """A key of another account goes by its whole name."""
        return self.name.rpartition("/")[0] + "/" if self.name.startswith("arn:") and ":key/" in self.name else ""

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
        import boto3  # here: 20 MB and 0.3 s for who has a keyring elsewhere
        from botocore.config import Config

        config = Config(connect_timeout=CONNECT, read_timeout=READ, retries={"total_max_attempts": 1})
        return boto3.client("kms", region_name=self.region, endpoint_url=self.endpoint, config=config)

    def _ask(self, verb: str, wanted: str, **demand: object) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            told: dict[str, Any] = getattr(self._client, verb)(**demand)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in FINAL:
                raise KeyringError(
                    f"The KMS key is not the one that wrapped this resident's key, or is not there ({code})."
                ) from None
            raise KeysDown(f"KMS refused for now ({code}): look at the key's state and at who may use it.") from None
        except BotoCoreError as error:
            raise KeysDown(f"KMS did not answer ({type(error).__name__}).") from None
        if wanted not in told:
            raise KeysDown("What answered at the key service's address is not KMS.")
        return told


def load(parts: SplitResult) -> KmsRing:
    """
    Raises:
        KeyringError: the address lacks something.
    """
    options = dict(parse_qsl(parts.query))
    endpoint, name = options.pop("endpoint", None), parts.path.lstrip("/")
    if not (parts.hostname and name) or options:
        raise KeyringError(
            "KEYRING: a KMS key is kms://REGION/KEY, where KEY is an id, an ARN or alias/NAME, with ?endpoint=https://… if need be."
        )
    return KmsRing(parts.hostname, name, endpoint)


def _context(context: bytes) -> dict[str, str]:
    return {"garant": context.decode()}


def _kid(arn: str) -> str:
    """40 characters: a key's id has 36."""
    return "kms:" + arn.rpartition("/")[2]
