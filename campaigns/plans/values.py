"""The values of records that a plan reads."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from vault.records.values.decrypted import walk


class OfType(Protocol):
    """A record, of a resident or of a persona."""

    @property
    def type(self) -> str: ...
    @property
    def payload(self) -> Mapping[str, Any]: ...


def values_of(sources: Sequence[str], records: Iterable[OfType]) -> dict[str, list[Any]]:
    """Return the values of each source, record by record; a record without one gives None.

    The two fields of a pair of zones then have the same length.
    """
    found: dict[str, list[Any]] = {source: [] for source in sources}
    for record in records:
        for source in sources:
            code, _, pointer = source.partition("#/")
            if record.type == code:
                value = walk(record.payload, pointer.split("/"))
                found[source] += value if isinstance(value, list) else [value]
    return found
