"""Verify the signature of a 2D-Doc and identify its signer.

The certificate is judged at the date of the signature: a notice of 2019 stays genuine after its certificate expired.
Only the certificates bundled with tddoc are accepted, never those of a user folder. The public test authority FR00 is
trusted on demand only, since anyone can sign with its published key; its dates are then ignored: its certificate ended
in 2015 and the official specimens are signed later.
"""

import dataclasses
import functools
from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tddoc.keychain import KeyChain

from vault.readers.formats.twoddoc.code import Code

TEST_AUTHORITY = "FR00"
Result = Literal["valid", "invalid", "unknown_cert", "test_authority"]


@dataclasses.dataclass(frozen=True)
class Trust:
    """The accepted test authorities: with `test`, FR00 and those whose certificates (`*.der`) are in `folders`."""

    test: bool = False
    folders: Sequence[Path] = ()


@dataclasses.dataclass(frozen=True)
class Verdict:
    result: Result
    organisation: str = ""
    test: bool = False


def judge(code: Code, trust: Trust, *, today: date) -> Verdict:
    if code.authority == TEST_AUTHORITY and not trust.test:
        return Verdict("test_authority")
    own_folders = trust.folders if trust.test else ()
    official = _chain(code.authority, code.certificate)
    chain = official or _chain_of_folders(code.authority, code.certificate, own_folders)
    certificate = _certificate(chain, code) if chain else None
    if chain is None or certificate is None or not _in_force(certificate, code, today):
        return Verdict("unknown_cert")
    test = code.authority == TEST_AUTHORITY or official is None
    return Verdict("valid" if _holds(code, chain) else "invalid", _organisation(certificate), test)


def _holds(code: Code, chain: KeyChain) -> bool:
    try:
        return bool(code.signed.signature_is_valid(chain))
    except (ValueError, TypeError):
        return False


def _certificate(chain: KeyChain, code: Code) -> x509.Certificate | None:
    """Return the signer's certificate if its authority is known and signed it, which tddoc does not require."""
    subjects = {chain._cn(one.subject) for one in chain.certs}  # noqa: SLF001 - tddoc has no public name for it
    if code.authority not in subjects and code.authority != TEST_AUTHORITY:
        return None
    try:
        found: x509.Certificate = chain.lookup(code.authority, code.certificate)
    except (KeyError, InvalidSignature, ValueError, TypeError):
        return None
    key = found.public_key()
    return found if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1) else None


def _in_force(certificate: x509.Certificate, code: Code, today: date) -> bool:
    if code.authority == TEST_AUTHORITY:
        return True
    if code.signed_on is None or code.signed_on > today:
        return False
    return certificate.not_valid_before_utc.date() <= code.signed_on <= certificate.not_valid_after_utc.date()


def _organisation(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(names[0].value).strip()[:80] if names else ""


@functools.cache
def _chain(authority: str, certificate: str) -> KeyChain | None:
    """Load the authority's certificate and the signer's, two of the 240 files of tddoc."""
    chains = files("tddoc.chains")
    names = ("FR00.der",) if authority == TEST_AUTHORITY else (f"{authority}.der", f"{authority}_{certificate}.der")
    present = [chains / name for name in names if (chains / name).is_file()]
    if len(present) < len(names):
        return None
    return _loaded([one.read_bytes() for one in present])


def _chain_of_folders(authority: str, certificate: str, folders: Sequence[Path]) -> KeyChain | None:
    for folder in folders:
        pair = [folder / f"{authority}.der", folder / f"{authority}_{certificate}.der"]
        if all(path.is_file() for path in pair):
            return _loaded([path.read_bytes() for path in pair])
    return None


def _loaded(certificates: Sequence[bytes]) -> KeyChain:
    chain = KeyChain(check_expiry=False)
    for der in certificates:
        chain.load_der_blob(der)
    return chain
