"""Is this dossier ours, whole, and still valid? Answered from the public seals: no vault is opened and nothing personal is known here."""

from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest

from core.symbols import read_code
from services.dossiers.models import Seal


class Verdict(StrEnum):
    KNOWN = "known"  # the code is one of ours; the file itself was not looked at
    WHOLE = "whole"  # the file is, byte for byte, the one that was sealed
    CHANGED = "changed"  # the file, or the data that the QR speaks of, is not the one of this code
    UNKNOWN_CODE = "unknown_code"
    UNKNOWN_FILE = "unknown_file"  # changed by as little as one byte, or never ours: nobody can tell which


@dataclass(frozen=True)
class Answer:
    verdict: Verdict
    seal: Seal | None = None


def by_code(typed: str, *, data_hash: str = "") -> Answer:
    """`data_hash` comes from the QR code: it must be that of the data sealed under this code."""
    seal = Seal.objects.filter(code=read_code(typed)).first()
    if seal is None:
        return Answer(Verdict.UNKNOWN_CODE)
    if data_hash and not compare_digest(data_hash.lower().encode(), seal.data_hash.encode()):
        return Answer(Verdict.CHANGED, seal)
    return Answer(Verdict.KNOWN, seal)


def by_file(sha256: str, *, typed: str = "") -> Answer:
    """With a code, the file must be that code's; without one, any of ours."""
    if not typed:
        seal = Seal.objects.filter(file_hash=sha256).first()
        return Answer(Verdict.WHOLE, seal) if seal else Answer(Verdict.UNKNOWN_FILE)
    answer = by_code(typed)
    if answer.seal is None:
        return answer
    return Answer(Verdict.WHOLE if compare_digest(answer.seal.file_hash, sha256) else Verdict.CHANGED, answer.seal)
