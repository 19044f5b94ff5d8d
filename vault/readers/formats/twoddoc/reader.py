"""The 2D-Doc reader: turn a signed code on a paper into records, or into checks that explain the refusal."""

import dataclasses
import hashlib
import re
from datetime import date
from typing import Any

from vault import types
from vault.readers import sentences
from vault.readers.files.document import CodeText, Document
from vault.readers.formats.twoddoc import code as codes
from vault.readers.formats.twoddoc import drafts, trust, values
from vault.readers.reading import CheckResult, Reading, check
from vault.readers.subjects.iban import iban_is_valid
from vault.types import envelope

FORMAT = "2ddoc"
VERSION = "1.0.0"
#: A code is usually on the first page or its back; each further page costs 0.2 s.
MAX_PAGES_LOOKED_AT = 12
TAX_OFFICE = re.compile(r"FINANCES PUBLIQUES|DGFIP", re.IGNORECASE)
#: The label of the income with a number after it: without one, the text was not understood.
INCOME = re.compile(r"fiscal de r[ée]f[ée]rence\D{0,40}\d", re.IGNORECASE)
NUMBER = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d+")


@dataclasses.dataclass
class Findings:
    records: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    checks: list[CheckResult] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def refuse(self, name: str) -> None:
        self.checks.append(check(name, "failed"))


def find_codes(document: Document) -> list[str]:
    """Return the codes of the first page that has any."""
    if isinstance(document, CodeText):
        return [document.code]
    for image in document.images(limit=MAX_PAGES_LOOKED_AT):
        if found := codes.find(image):
            return found
    for image in document.second_look():
        if found := codes.find(image, scales=(1,)):
            return found
    return []


def read(document: Document, raws: list[str], *, source: str, trusted: trust.Trust, today: date) -> Reading:
    found = Findings(checks=document.checks(), warnings=[sentences.SEVERAL_CODES] if len(raws) > 1 else [])
    kinds = [_read_code(raw, document, found, source, trusted, today) for raw in raws]
    kind = kinds[0] if len(set(kinds)) == 1 else None
    if len({one for one in kinds if one}) > 1:
        found.checks.append(check("file_single_kind", "failed"))
    return Reading(
        FORMAT,
        found.records,
        found.checks,
        list(dict.fromkeys(found.warnings)),
        document.pages,
        document.media_type,
        kind,
    )


def _read_code(
    raw: str, document: Document, found: Findings, source: str, trusted: trust.Trust, today: date
) -> str | None:
    """Read one code. Values are parsed after the signature is verified; nothing is kept of a code that fails."""
    try:
        code = codes.split(raw)
    except codes.Malformed:
        found.refuse("2ddoc_read")
        return None
    verdict = trust.judge(code, trusted, today=today)
    accepted = _accepted(code, verdict, found)
    if accepted:
        try:
            _keep(code, codes.entries(code), verdict, document, found, source)
        except codes.Malformed:
            found.refuse("2ddoc_read")
    return drafts.kind_of(code, verdict.organisation if accepted else "")


def _accepted(code: codes.Code, verdict: trust.Verdict, found: Findings) -> bool:
    if verdict.result == "test_authority":
        found.refuse("2ddoc_test_authority")
    elif verdict.result == "invalid":
        found.refuse("2ddoc_signature")
    elif verdict.result == "unknown_cert":
        found.checks.append(check("2ddoc_signature", "inconclusive"))
    elif code.doc_type in drafts.TAX_OFFICE_ONLY and not verdict.test and not TAX_OFFICE.search(verdict.organisation):
        found.refuse("2ddoc_issuer")
    else:
        return True
    return False


def _keep(
    code: codes.Code, entries: values.Entries, verdict: trust.Verdict, document: Document, found: Findings, source: str
) -> None:
    details = {"Document": code.title} | {entry.label: str(entry) for entry in entries.values() if str(entry)}
    found.checks += [check("2ddoc_read", "passed", details), check("2ddoc_signature", "passed")]
    if verdict.test:
        found.warnings.append(sentences.TEST_AUTHORITY)
    draft = drafts.draft(code, entries)
    if draft is None:
        found.checks.append(check("2ddoc_no_type", "inconclusive"))
        return
    found.records.append(_envelope(code, draft, verdict, source))
    found.checks += [_complete(draft, found), *_matches_text(draft, document), *_iban(draft)]


def _envelope(code: codes.Code, draft: drafts.Draft, verdict: trust.Verdict, source: str) -> dict[str, Any]:
    signed_on = code.signed_on
    signature = {"kind": FORMAT, "ca": code.authority, "cert": code.certificate, "result": "valid"}
    return envelope.build(
        type=draft.type,
        payload=draft.payload,
        period=draft.period,
        validity=({"from": signed_on.isoformat()} if signed_on else {})
        | ({"until": draft.until} if draft.until else {}),
        provenance=envelope.provenance(
            holder=draft.holder or verdict.organisation or code.certificate,
            method="upload",
            assurance="signature_verified",
            issued_at=values.midnight(signed_on) if signed_on else None,
            source_document=source,
            raw_sha256=hashlib.sha256(code.raw.encode()).hexdigest(),
            parser={"name": FORMAT, "version": VERSION},
            signature=signature | ({"signed_on": signed_on.isoformat()} if signed_on else {}),
        ),
    )


def _complete(draft: drafts.Draft, found: Findings) -> CheckResult:
    """Check whether the code has all required values. Old codes have fewer; the resident is asked for the others."""
    fields = types.get(draft.type).fields
    if all(info.pointer[1:] in draft.payload for info in fields.values() if info.required):
        return check("2ddoc_values", "passed")
    found.warnings.append(sentences.PARTIAL_CODE)
    return check("2ddoc_values", "inconclusive")


def _matches_text(draft: drafts.Draft, document: Document) -> list[CheckResult]:
    """Compare the printed income with the code's, to detect an edited notice. A photo has no text to compare."""
    income = draft.payload.get("revenu_fiscal_reference")
    text = document.text()
    if income is None or not text.strip():
        return []
    printed = {int(re.sub(r"\D", "", number)) for number in NUMBER.findall(text)}
    if income in printed:
        return [check("2ddoc_matches_text", "passed")]
    return [check("2ddoc_matches_text", "failed" if INCOME.search(text) else "inconclusive")]


def _iban(draft: drafts.Draft) -> list[CheckResult]:
    if draft.type != "banque.compte":
        return []
    return [check("rib_iban_valid", "passed" if iban_is_valid(draft.payload["identifiant"]) else "failed")]
