"""Verify the electronic signatures of a PDF, without the network: its integrity and its signers.

A certificate is judged at the date of its signature, as for a 2D-Doc; its later revocation can't be known offline.
Only the city's authorities (`SIGNATURE_AUTHORITIES`) are trusted: other signers are reported as unknown.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vault.readers.reading import CheckResult, check

#: The most signatures of a paper signed by several people; a file with more is not verified.
MOST = 8
MARK = b"/ByteRange"
NAME_LENGTH = 80


def look(data: bytes, authorities: Sequence[Path]) -> list[CheckResult]:
    """Return the checks of the signatures; none for a file without any. With several, the weakest outcome is kept."""
    if MARK not in data:
        return []
    try:
        found = _verdicts(data, authorities)
    except Exception:  # noqa: BLE001 - pyHanko raises many errors on invalid signatures; none concerns the paper
        return [check("pdf_signature", "inconclusive")]
    if not found:
        return [check("pdf_signature", "inconclusive")]
    if not all(whole for whole, _trusted, _name in found):
        return [check("pdf_signature", "failed")]
    names = ", ".join(dict.fromkeys(name for _whole, _trusted, name in found))
    known = all(trusted for _whole, trusted, _name in found)
    return [check("pdf_signature", "passed"), check("pdf_signer", "passed" if known else "inconclusive", said=names)]


def _verdicts(data: bytes, authorities: Sequence[Path]) -> list[tuple[bool, bool, str]]:
    """Return, for each signature, whether it is intact, whether its authority is known, and the certificate's name."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    signatures = PdfFileReader(io.BytesIO(data), strict=False).embedded_regular_signatures
    if len(signatures) > MOST:
        raise ValueError("too many signatures")
    roots = _certificates(authorities)
    return [_verdict(signature, roots) for signature in signatures]


def _verdict(signature: Any, roots: Sequence[Any]) -> tuple[bool, bool, str]:  # noqa: ANN401 - pyHanko has no types
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    context = ValidationContext(
        trust_roots=list(roots),
        allow_fetching=False,
        revocation_mode="soft-fail",
        moment=signature.self_reported_timestamp,
    )
    status = validate_pdf_signature(signature, signer_validation_context=context)
    # Forms filled or signatures added afterwards are accepted if the signer allowed them; other changes are not.
    changed = (
        status.modification_level is None
        or status.modification_level == ModificationLevel.OTHER
        or status.docmdp_ok is False
    )
    return bool(status.intact and status.valid and not changed), bool(status.trusted), _name(status.signing_cert)


def _name(certificate: Any) -> str:  # noqa: ANN401 - asn1crypto has no types
    subject = certificate.subject.native
    found = [subject.get("common_name"), subject.get("organization_name")]
    plain = [one if isinstance(one, str) else str(one[0]) for one in found if one]
    return " ".join(" — ".join(dict.fromkeys(plain)).split())[:NAME_LENGTH]


def _certificates(folders: Sequence[Path]) -> list[Any]:
    from pyhanko.keys import load_certs_from_pemder_data

    files = sorted(
        path for folder in folders for path in folder.glob("*") if path.suffix in {".pem", ".crt", ".cer", ".der"}
    )
    return [certificate for path in files for certificate in load_certs_from_pemder_data(path.read_bytes())]
