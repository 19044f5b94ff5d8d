"""Read the copy that a resident brings from another Garant (vault/records/actions/exports.py makes it).

The file is untrusted.

Everything is checked before anything is written: names, sizes, hashes, shapes, the journal's chain, the other portal's
signature. Nothing is unpacked to a disk, and no file is read past the size in the manifest.
"""

import base64
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from core import journal
from core.files.sizes import MEGABYTE
from core.journal import merkle
from vault import types
from vault.records.grants import receipts
from vault.types import envelope

FORMAT = "garant-export-1"
MOST_FILES = 5_000
MOST_BYTES = 4_000 * MEGABYTE
#: The largest line, and the largest table or journal, that is parsed at once.
MOST_LINE, MOST_TABLE = 4 * MEGABYTE, 200 * MEGABYTE
CHUNK = 1 << 16
PAPERS = "papiers/"
#: The files that become rows. The other files are history, kept as received.
PARSED = ("valeurs.jsonl", "papiers.jsonl", PAPERS)
UNLISTED = {"manifest.json", "manifest.jws"}
_NAME = re.compile(r"[^/\\\x00]{1,200}(/[^/\\\x00]{1,200}){0,3}")


class Refused(Exception):
    """The file is not accepted; the sentence gives the reason. Nothing was written."""


@dataclass
class Package:
    """A copy that was checked. `signed` is whether the portal with the given keys signed these files."""

    archive: zipfile.ZipFile
    manifest: Mapping[str, Any]
    manifest_sha256: str
    signed: bool
    journal_lines: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)
    papers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def resident_id(self) -> UUID:
        return UUID(self.manifest["resident"])

    @property
    def history(self) -> list[str]:
        return [
            *(name for name in self.manifest["files"] if not name.startswith(PARSED)),
            *UNLISTED & {*self.archive.namelist()},
        ]

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the pieces of a file.

        Raises:
            Refused: the file differs from the manifest.
        """
        listed = self.manifest["files"][name]
        digest, left = hashlib.sha256(), listed["size"]
        with self.archive.open(name) as file:
            while piece := _read(file, min(CHUNK, left + 1), name):
                left -= len(piece)
                if left < 0:
                    raise Refused(f"{name} is larger than the manifest says.")
                digest.update(piece)
                yield piece
        if left or digest.hexdigest() != listed["sha256"]:
            raise Refused(f"{name} is not the file that the manifest names: it was changed or cut.")


def read(path: Path, *, keys: Mapping[str, Any] | None = None) -> Package:
    """Check a copy and parse its rows.

    Args:
        keys: the JWK set that the other portal publishes at /.well-known/jwks.json; by default, this portal's own.

    Raises:
        Refused
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Refused(f"{path.name} is not a ZIP file that can be read.") from error
    _check_names(archive)
    raw = _whole(archive, "manifest.json", MOST_TABLE)
    package = Package(archive, _manifest(raw), hashlib.sha256(raw).hexdigest(), _is_signed(archive, raw, keys))
    _check_listed(package)
    for name in package.manifest["files"]:
        for _piece in package.chunks(name):
            pass
    package.records = list(_records(package))
    package.papers = list(_papers(package))
    package.journal_lines = _journal(package)
    return package


def _check_names(archive: zipfile.ZipFile) -> None:
    names = [header.filename for header in archive.infolist()]
    if len(names) > MOST_FILES:
        raise Refused(f"It holds {len(names)} files: {MOST_FILES} at most.")
    for name in names:
        if not _NAME.fullmatch(name) or ".." in name.split("/") or ":" in name:
            raise Refused(f"A file in it has a name that leads elsewhere: {name[:80]!r}.")
    if len({*names}) != len(names):
        raise Refused("Two files in it have the same name.")


def _manifest(raw: bytes) -> Mapping[str, Any]:
    found = _json(raw, "manifest.json")
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise Refused(f"It is no copy of a vault that this version knows ({FORMAT}).")
    try:
        UUID(found["resident"])
        datetime.fromisoformat(found["made_at"])
        total = sum(_size(listed) for listed in found["files"].values())
        str(found["city"]), str(found["portal"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused("manifest.json does not have the shape of a manifest.") from error
    if total > MOST_BYTES:
        raise Refused(f"It would take {total // MEGABYTE} MB: {MOST_BYTES // MEGABYTE} at most.")
    return found


def _size(listed: Mapping[str, Any]) -> int:
    if (
        not isinstance(listed["size"], int)
        or listed["size"] < 0
        or not re.fullmatch(r"[0-9a-f]{64}", listed["sha256"])
    ):
        raise ValueError("size")
    return int(listed["size"])


def _check_listed(package: Package) -> None:
    listed, there = {*package.manifest["files"]}, {*package.archive.namelist()}
    for name in sorted(listed - there):
        raise Refused(f"{name} is missing.")
    for name in sorted(there - listed - UNLISTED):
        raise Refused(f"{name} is in the file and not in its manifest.")
    for name in ("valeurs.jsonl", "papiers.jsonl", "journal.json"):
        if name not in listed:
            raise Refused(f"{name} is missing.")


def _is_signed(archive: zipfile.ZipFile, raw: bytes, keys: Mapping[str, Any] | None) -> bool:
    """Return whether the copy is signed.

    Given keys must have signed it; without keys, an unsigned copy is accepted and proves nothing.
    """
    if "manifest.jws" not in archive.namelist():
        if keys is not None:
            raise Refused(
                "It is not signed, and keys were given: take it in without them, "
                "and its values will count as declared."
            )
        return False
    try:
        content = receipts.verify(_whole(archive, "manifest.jws", MEGABYTE).decode(errors="replace"), keys)
        right = content.get("manifest_sha256") == hashlib.sha256(raw).hexdigest()
    except (receipts.NotGenuine, receipts.NoKey):
        right = False
    if not right and keys is not None:
        raise Refused("The keys that were given did not sign this file, or it was changed since.")
    return right


def _records(package: Package) -> Iterator[dict[str, Any]]:
    known: dict[str, tuple[str, str]] = {}
    replaced: set[str] = set()
    for number, line in _lines(package, "valeurs.jsonl"):
        where = f"valeurs.jsonl, line {number}"
        try:
            record, more = line["record"], line["vault"]
            envelope.validate(record)
            problems = types.validate(record["type"], envelope.latest_of(record))
            types.schema_of(record["type"], record["type_version"])
            _check_origins(more)
        except envelope.BadEnvelope as error:
            raise Refused(f"{where}: {error}.") from error
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Refused(f"{where} is not a value as this version knows them.") from error
        if problems:
            raise Refused(f"{where}: {problems[0]}")
        older, lot = record.get("supersedes"), (record["type"], record["subject"]["person"])
        if record["id"] in known or (older and (known.get(older) != lot or older in replaced)):
            raise Refused(
                f"{where}: it names another value that is not before it, is of another kind, or is replaced already."
            )
        known[record["id"]] = lot
        replaced |= {older} if older else set()
        yield line


def _check_origins(more: Mapping[str, Any]) -> None:
    from vault.records.values.decrypted import Origin

    for kept in more["origins"].values():
        Origin.read(kept)
    for name in ("created_at", "withdrawn_at"):
        if more[name]:
            datetime.fromisoformat(more[name])
    if more["paper"]:
        UUID(more["paper"])


def _papers(package: Package) -> Iterator[dict[str, Any]]:
    files = package.manifest["files"]
    for number, line in _lines(package, "papiers.jsonl"):
        try:
            UUID(line["id"])
            str(line["content"]["name"]), str(line["kind"]), str(line["state"])
            for file in line["files"]:
                UUID(file["id"])
                int(file["position"])
                if "path" in file and (
                    not file["path"].startswith(PAPERS) or files[file["path"]]["sha256"] != file["sha256"]
                ):
                    raise ValueError("path")
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise Refused(f"papiers.jsonl, line {number} is not a paper as this version knows them.") from error
        yield line


def _journal(package: Package) -> int:
    """Check the journal's chain from its first entry, and return the number of entries.

    A changed or removed entry breaks the chain. An entry purged by the other portal has only its leaf, under a
    checkpoint of that age.
    """
    exported = _json(b"".join(_bounded(package, "journal.json")), "journal.json")
    try:
        head, count, purged = bytes(32), 0, _purged(exported, datetime.fromisoformat(package.manifest["made_at"]))
        for entry in exported["lines"]:
            if "bytes" not in entry and entry["number"] > purged:
                raise Refused(f"journal.json: what line {entry['number']} says was taken out before its time.")
            leaf = _leaf(entry)
            head = hashlib.sha256(b"\1" + head + leaf).digest()
            count += 1
            if (entry["number"], entry["chain"]) != (count, head.hex()):
                raise Refused(f"journal.json: line {count} does not follow from the one before.")
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise Refused("journal.json is not a journal.") from error
    return count


def _leaf(entry: Mapping[str, Any]) -> bytes:
    if "bytes" not in entry:
        return bytes.fromhex(entry["leaf"])
    return hashlib.sha256(b"\0" + base64.b64decode(entry["bytes"], validate=True)).digest()


def _purged(exported: Mapping[str, Any], made_at: datetime) -> int:
    """Return the number of the last entry that may have only its leaf, or 0.

    A checkpoint older than `journal.KEPT` must lead from that entry to its root.
    """
    chains = {entry["number"]: bytes.fromhex(entry["chain"]) for entry in exported["lines"]}
    last = 0
    for checkpoint in exported["checkpoints"]:
        _log, _number, root, at, *_rest = checkpoint["note"].partition("\n\n")[0].split("\n")
        path = [bytes.fromhex(node) for node in checkpoint["path"]]
        leads = merkle.leads_to(
            chains[checkpoint["line"]],
            position=checkpoint["position"],
            size=checkpoint["size"],
            path=path,
            root=base64.b64decode(root, validate=True),
        )
        if leads and datetime.fromisoformat(at) < made_at - journal.KEPT:
            last = max(last, checkpoint["line"])
    return last


def _lines(package: Package, name: str) -> Iterator[tuple[int, Any]]:
    rest, number = b"", 0
    for piece in package.chunks(name):
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > MOST_LINE:
            raise Refused(f"{name}: a line is longer than {MOST_LINE // MEGABYTE} MB.")
        for line in whole:
            number += 1
            yield number, _json(line, f"{name}, line {number}")
    if rest.strip():
        raise Refused(f"{name} is cut.")


def _bounded(package: Package, name: str) -> Iterator[bytes]:
    if package.manifest["files"][name]["size"] > MOST_TABLE:
        raise Refused(f"{name} is larger than {MOST_TABLE // MEGABYTE} MB.")
    yield from package.chunks(name)


def _whole(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if name not in archive.namelist():
        raise Refused(f"{name} is missing: it is no copy of a vault.")
    with archive.open(name) as file:
        content = _read(file, most + 1, name)
    if len(content) > most:
        raise Refused(f"{name} is larger than {most // MEGABYTE} MB.")
    return content


def _read(file: IO[bytes], size: int, name: str) -> bytes:
    try:
        return file.read(size)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise Refused(f"{name} can't be unpacked.") from error


def _json(raw: bytes, where: str) -> Any:  # noqa: ANN401 - JSON's own shape
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{where} is not JSON.") from error
