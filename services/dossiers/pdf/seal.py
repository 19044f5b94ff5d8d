"""Seal the PDF as the last step: any later change breaks the signature.

PAdES-B, certified with no change allowed. The certificate names the city; without one from a recognised authority,
viewers show "unknown signer" (see docs/operations.md).
"""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

FIELD = "Cachet"
MADE_FOR = timedelta(days=3650)
#: At most, beside the certificates; a key of 4,096 bits signs with 512.
SIGNATURE_BYTES = 4_096


class NoSealKey(Exception):
    """The seal's key is missing or unreadable."""


@dataclass(frozen=True)
class SealKey:
    path: Path
    passphrase: bytes | None = None

    def signer(self) -> signers.SimpleSigner:
        try:
            return _open(self.path.read_bytes(), self.passphrase)
        except (OSError, ValueError) as error:
            raise NoSealKey(str(self.path)) from error


@lru_cache(maxsize=1)
def _open(content: bytes, passphrase: bytes | None) -> signers.SimpleSigner:
    """Open the key's file. Deriving its key from the passphrase takes 0.1 s, so a worker does it once."""
    signer: signers.SimpleSigner = signers.SimpleSigner.load_pkcs12_data(
        content, other_certs=(), passphrase=passphrase
    )
    return signer


class SignatureOnlyWriter(IncrementalPdfFileWriter):
    """Add the signature only: pyHanko would rewrite the XMP in a form that PDF/A validators cannot read."""

    def _update_meta(self) -> None:
        return None


def seal(pdf: bytes, *, key: SealKey, issuer: str, reason: str) -> bytes:
    signer = key.signer()
    writer = SignatureOnlyWriter(io.BytesIO(pdf))
    # Screen readers announce the field's readable name (/TU), which must be set before the signature.
    spec = fields.SigFieldSpec(FIELD, on_page=0, readable_field_name=f"Cachet électronique : {issuer}")
    fields.append_signature_field(writer, spec)
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        name=issuer,
        reason=reason,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        subfilter=fields.SigSeedSubFilter.PADES,
        md_algorithm="sha256",
    )
    out = io.BytesIO()
    signers.PdfSigner(metadata, signer).sign_pdf(writer, output=out, bytes_reserved=_room(signer))
    return out.getvalue()


def _room(signer: signers.SimpleSigner) -> int:
    """Return how many hexadecimal digits the signature may take: pyHanko would sign a first time to measure it."""
    certificates = (signer.signing_cert, *signer.cert_registry)
    return 2 * (SIGNATURE_BYTES + sum(len(one.dump()) for one in certificates))


def make_key(path: Path, *, name: str, passphrase: bytes | None = None) -> None:
    """Make a self-issued key for development, trials and the demonstration. Two processes may call it at once."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    authority_key, authority = _certificate(f"Autorité : {name}", issuer=None)
    key, certificate = _certificate(name, issuer=(authority_key, authority))
    sealed = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    archive = pkcs12.serialize_key_and_certificates(b"cachet", key, certificate, [authority], sealed)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(archive)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _certificate(
    name: str, *, issuer: tuple[rsa.RSAPrivateKey, x509.Certificate] | None
) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.COMMON_NAME, name[:64])]
    )
    start = datetime.now(UTC) - timedelta(days=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + MADE_FOR)
    )
    for extension, critical in _extensions(authority=issuer is None):
        builder = builder.add_extension(extension, critical)
    return key, builder.sign(issuer[0] if issuer else key, hashes.SHA256())


def _extensions(*, authority: bool) -> Sequence[tuple[x509.ExtensionType, bool]]:
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return [(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), True), (usage, True)]
