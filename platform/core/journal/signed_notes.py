"""Checkpoints as signed notes (https://c2sp.org/signed-note), Ed25519. Any tool for this format verifies one.

A note has one field per line: the log's name, the checkpoint's number, the root, the time, the hash of the previous
note, after a restore the last checkpoint of the backup, and once the city's register has an entry, the number and hash
of its last one; then an empty line and the signature. It leaves out the number of grown journals: the page is public,
and in a quiet night that number would reveal one resident's activity.
"""

import base64
import hashlib
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from core.whole_files import write_once

ED25519 = b"\x01"
RESTORED = "restored after "
NOTHING_BEFORE = bytes(32)
#: Begins the line of the register: the number of its last entry and its hash follow.
REGISTER = "register"
_PEM_END = b"-----END "


class KeyUnusable(Exception):
    """The checkpoints' key cannot be used. The message says what to do and never holds key material."""


class Forged(Exception):
    """The note is malformed, or none of the keys signed it."""


@dataclass(frozen=True)
class Statement:
    number: int
    root: bytes
    at: datetime
    previous: bytes
    #: The checkpoint with which an older backup was restored: those between it and this one are lost.
    restored_after: int | None = None
    register: tuple[int, bytes] | None = None

    def write(self) -> str:
        lines = [
            name(),
            str(self.number),
            _b64(self.root),
            f"{self.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            _b64(self.previous),
            *([f"{RESTORED}{self.restored_after}"] if self.restored_after is not None else []),
        ]
        if self.register:
            lines.append(f"{REGISTER} {self.register[0]} {_b64(self.register[1])}")
        return "\n".join(lines) + "\n"


def name() -> str:
    return f"{settings.TENANT}/journal"


def sign(statement: Statement) -> str:
    """Sign a statement as a note.

    Raises:
        KeyUnusable: the first key is missing or public.
    """
    return sign_text(statement.write(), name())


def sign_text(text: str, log: str) -> str:
    """Sign a text as a note of `log`, which is its first line. The text ends with a line feed.

    Raises:
        KeyUnusable: the first key is missing or public.
    """
    key = _keys()[0]
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{settings.CHECKPOINT_KEY} begins with a public key: the one that signs comes first.")
    signature = _key_hash(key.public_key(), log) + key.sign(text.encode())
    return f"{text}\n— {log} {_b64(signature)}\n"


def read_text(note: str, log: str) -> str:
    """Verify a note of `log` and return its text.

    Raises:
        Forged: it is malformed, of another log, or none of the keys signed it.
        KeyUnusable: the keys cannot be read.
    """
    text, _empty, signature = note.rpartition("\n\n— ")
    try:
        signer, encoded = signature.rstrip("\n").split(" ")
        given = base64.b64decode(encoded, validate=True)
    except ValueError:
        raise Forged from None
    if signer != log or text.partition("\n")[0] != log:
        raise Forged
    _check(f"{text}\n", given, log)
    return f"{text}\n"


def read(note: str) -> Statement:
    """Verify a note and return its statement.

    Raises:
        Forged: it is malformed, or none of the keys signed it.
        KeyUnusable: the keys cannot be read.
    """
    lines = read_text(note, name())[:-1].split("\n")
    try:
        _log, number, root, at, previous, *more = lines
        when = datetime.strptime(at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        return Statement(
            int(number),
            base64.b64decode(root, validate=True),
            when,
            base64.b64decode(previous, validate=True),
            *_more(more),
        )
    except ValueError:
        raise Forged from None


def _more(lines: list[str]) -> tuple[int | None, tuple[int, bytes] | None]:
    """Read the lines that not every note has: what a restore lost, then the register.

    Raises:
        Forged: there is another line.
    """
    restored = int(lines.pop(0).removeprefix(RESTORED)) if lines and lines[0].startswith(RESTORED) else None
    if not lines:
        return restored, None
    [line] = lines
    word, number, chain = line.split(" ")
    if word != REGISTER:
        raise Forged
    return restored, (int(number), base64.b64decode(chain, validate=True))


def digest(note: str) -> bytes:
    """Return the hash of a note, which the next note includes."""
    return hashlib.sha256(note.encode()).digest()


def public_keys(log: str = "") -> list[str]:
    """Return the public keys in the verifiers' format (name+hash+key), the current one first. Empty without a key.

    The name, which the hash includes, is that of the notes that the keys verify: `log`, or else the journal's.
    """
    log = log or name()
    try:
        return [f"{log}+{_key_hash(key, log).hex()}+{_b64(ED25519 + _raw(key))}" for key in _public()]
    except KeyUnusable:
        return []


def make_key() -> Path:
    """Make the signing key, if there is none.

    Raises:
        KeyUnusable: there is one already. To change the key, put the new one before it in the same file.
    """
    path = Path(settings.CHECKPOINT_KEY)
    if not _make(path):
        raise KeyUnusable(f"{path} exists: to change the key, put the new one before it in the same file.")
    return path


def check_key() -> None:
    """Check that the key file can be read.

    Raises:
        KeyUnusable: it is missing, readable by other users or malformed.
    """
    _keys()


def _check(text: str, given: bytes, log: str) -> None:
    for key in _public():
        if given[:4] == _key_hash(key, log):
            try:
                key.verify(given[4:], text.encode())
            except InvalidSignature:
                continue
            return
    raise Forged


def _public() -> list[Ed25519PublicKey]:
    return [key.public_key() if isinstance(key, Ed25519PrivateKey) else key for key in _keys()]


def _keys() -> list[Ed25519PrivateKey | Ed25519PublicKey]:
    path = Path(settings.CHECKPOINT_KEY)
    if settings.MAKE_CHECKPOINT_KEY and not path.exists():
        _make(path)
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise KeyUnusable(f"Others than its owner may read {path}: run “chmod 600 {path}”.")
        content = path.read_bytes()
    except OSError:
        raise KeyUnusable(
            f"No key at {path}: put yours back, or make one with “manage.py make_checkpoint_key”."
        ) from None
    try:
        found = [_load(block) for block in _blocks(content)]
    except (ValueError, TypeError):
        found = []
    if not found:
        raise KeyUnusable(
            f"{path} must hold Ed25519 keys in PEM: the private one that signs, then those that signed before."
        )
    return found


def _blocks(content: bytes) -> list[bytes]:
    """Split the file into its PEM blocks."""
    blocks, block = [], b""
    for line in content.splitlines(keepends=True):
        block += line
        if line.startswith(_PEM_END):
            blocks.append(block)
            block = b""
    return blocks


def _load(block: bytes) -> Ed25519PrivateKey | Ed25519PublicKey:
    is_private = b"PRIVATE KEY" in block
    key = serialization.load_pem_private_key(block, None) if is_private else serialization.load_pem_public_key(block)
    if not isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
        raise TypeError
    return key


def _make(path: Path) -> bool:
    """Write a new private key. Return False if the file exists."""
    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return write_once(path, content)


def _key_hash(key: Ed25519PublicKey, log: str) -> bytes:
    return hashlib.sha256(log.encode() + b"\n" + ED25519 + _raw(key)).digest()[:4]


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode()
