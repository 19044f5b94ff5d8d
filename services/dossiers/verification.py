"""Check that a dossier is ours, unchanged and valid. Only public seals are read, no vault."""

from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest

from core.symbols import read_code
from services.dossiers.models import Seal


class Verdict(StrEnum):
    KNOWN = "known"  # the code exists; the file was not checked
    WHOLE = "whole"  # the file is the sealed one, byte for byte
    CHANGED = "changed"  # the file, or the data hash of the QR code, does not match this code
    UNKNOWN_CODE = "unknown_code"
    UNKNOWN_FILE = "unknown_file"  # changed by one byte or more, or never ours: the two cannot be distinguished


@dataclass(frozen=True)
class Answer:
    verdict: Verdict
    seal: Seal | None = None


def by_code(typed: str, *, data_hash: str = "") -> Answer:
    """Look up a code. `data_hash`, from the QR code, must match the sealed data."""
    seal = Seal.objects.filter(code=read_code(typed)).first()
    if seal is None:
        return Answer(Verdict.UNKNOWN_CODE)
    if data_hash and not compare_digest(data_hash.lower().encode(), seal.data_hash.encode()):
        return Answer(Verdict.CHANGED, seal)
    return Answer(Verdict.KNOWN, seal)


def by_file(sha256: str, *, typed: str = "") -> Answer:
    """Look up a file. With a code, the file must be the one sealed under it; without, any sealed file matches."""
    if not typed:
        seal = Seal.objects.filter(file_hash=sha256).first()
        return Answer(Verdict.WHOLE, seal) if seal else Answer(Verdict.UNKNOWN_FILE)
    answer = by_code(typed)
    if answer.seal is None:
        return answer
    return Answer(Verdict.WHOLE if compare_digest(answer.seal.file_hash, sha256) else Verdict.CHANGED, answer.seal)
