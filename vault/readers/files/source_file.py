"""Build records from one file: each has the file's hash, the reader's name and a hash of its own content."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from vault.types import envelope

#: `json.dumps` with options builds an encoder at each call.
CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


class SourceFile:
    """The file that records come from.

    `raw_sha256` is the hash of a record's content, so that a record present in two exports enters once. Equal records
    of one file (two coffees paid on one day) have different hashes, by their rank.
    """

    def __init__(self, data: bytes, *, format: str, version: str, holder: str) -> None:
        self.holder = holder
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.parser = {"name": format, "version": version}
        self._counts: Counter[str] = Counter()

    def record(
        self,
        type: str,
        payload: Mapping[str, Any],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        quality: Sequence[str] = (),
        issued_at: datetime | None = None,
        holder: str = "",
        assurance: str = "declared",
        role: str = "self",
    ) -> dict[str, Any]:
        """Build the envelope of a record. `holder` replaces the file's own."""
        period = {"start": instant(start), "end": instant(end or start)} if start else None
        provenance = envelope.provenance(
            holder=holder or self.holder,
            method="upload",
            assurance=assurance,
            issued_at=instant(issued_at) if issued_at else None,
            source_document=self.sha256,
            raw_sha256=self._hash(type, payload),
            parser=self.parser,
            quality=list(quality) or None,
        )
        return envelope.build(type=type, payload=payload, role=role, period=period, provenance=provenance)

    def _hash(self, type: str, payload: Mapping[str, Any]) -> str:
        content = CANONICAL.encode([type, payload])
        self._counts[content] += 1
        return hashlib.sha256(f"{self._counts[content]}{content}".encode()).hexdigest()


def instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
