"""The results that a reader of an organisation's data collects: records, facts, checks and warnings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from vault.readers.files.plain import known
from vault.readers.files.source_file import SourceFile
from vault.readers.reading import CheckResult, Fact, Outcome, Reading, check


class Found:
    """The results collected so far; `reading` returns them.

    Records are declared by default, since a file sent by a resident proves nothing. A pull from the holder sets a
    better assurance.
    """

    def __init__(self, data: bytes, *, reader: str, version: str, media_type: str, holder: str = "") -> None:
        self.source = SourceFile(data, format=reader, version=version, holder=holder)
        self.reader, self.media_type = reader, media_type
        self.records: list[dict[str, Any]] = []
        self.checks: list[CheckResult] = []
        self.warnings: list[str] = []
        self.facts: list[Fact] = []

    def keep(
        self,
        type: str,
        payload: Mapping[str, Any],
        *,
        holder: str = "",
        assurance: str = "declared",
        issued_at: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        quality: Sequence[str] = (),
        role: str = "self",
    ) -> None:
        self.records.append(
            self.source.record(
                type,
                known(payload),
                holder=holder,
                assurance=assurance,
                issued_at=issued_at,
                start=start,
                end=end,
                quality=list(dict.fromkeys(quality)),
                role=role,
            )
        )

    def check(self, code: str, outcome: Outcome) -> None:
        self.checks.append(check(code, outcome))

    def warn(self, sentence: str) -> None:
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def fact(self, code: str, value: object, unit: str = "") -> None:
        if value is not None:
            self.facts.append(Fact(code, str(value), unit))

    def reading(self) -> Reading:
        return Reading(self.reader, self.records, self.checks, self.warnings, 1, self.media_type, facts=self.facts)
