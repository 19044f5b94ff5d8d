"""A publication: the JSON document of one release. It never changes, and names the one before it by its hash."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core import canonical

#: A document of version 1 has no `statements`.
VERSION, FORMER = 2, 1
#: Of a release: figures; too few new contributions, which wait for the next window; too few at the end.
PUBLISHED, POSTPONED, TOO_FEW = "published", "postponed", "too_few"


@dataclass(frozen=True)
class Publication:
    document: Mapping[str, Any]

    def as_bytes(self) -> bytes:
        return canonical.encode(dict(self.document))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.as_bytes()).hexdigest()

    @property
    def outcome(self) -> str:
        return str(self.document["outcome"])
