"""Signs 2D-Doc codes of fictional papers, with our own test authority.

The key is public on purpose (authority/README.md): its signatures prove nothing, and only the settings of the
demonstration and the tests accept them. `python -m demo.papers.signing FOLDER` makes another authority.
"""

import sys
import unicodedata
from base64 import b32encode
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID
from tddoc.data_definition import Definition, Numeric0
from tddoc.data_definition import c40 as definitions
from tddoc.header import Header

FOLDER = Path(__file__).parent / "authority"
#: ZZ is no country, so this authority cannot be a real one.
AUTHORITY, CERTIFICATE = "ZZ01", "VBR1"
GROUP_SEPARATOR, UNIT_SEPARATOR = "\x1d", "\x1f"
NOT_BEFORE, NOT_AFTER = datetime(2015, 1, 1, tzinfo=UTC), datetime(2075, 1, 1, tzinfo=UTC)


def sign(doc_type: str, values: Mapping[str, str], *, signed_on: date, folder: Path = FOLDER) -> str:
    """Return the code of one paper, version 4. The same values give the same code (RFC 6979)."""
    header = Header(4, AUTHORITY, CERTIFICATE, signed_on, signed_on, doc_type, perimeter_id=1, country_id="FR")
    body = header.to_code() + "".join(_entry(one, value) for one, value in values.items())
    der = _key(folder).sign(body.encode("ascii"), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    signature = b32encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode("ascii").rstrip("=")
    return f"{body}{UNIT_SEPARATOR}{signature}"


def plain(text: str) -> str:
    """Return the text in capitals, digits and spaces, as most fields require.

    `12 bis, rue de l’Été` -> `12 BIS RUE DE L ETE`
    """
    flat = unicodedata.normalize("NFKD", text)
    kept = "".join(letter for letter in flat if not unicodedata.combining(letter)).upper()
    return " ".join("".join(letter if letter.isascii() and letter.isalnum() else " " for letter in kept).split())


def make_authority(folder: Path) -> None:
    """Make a root certificate and one leaf, and discard the root's key. tddoc finds both by their common names."""
    folder.mkdir(parents=True, exist_ok=True)
    root_key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate(AUTHORITY, AUTHORITY, root_key, root_key, authority=True)
    leaf = _certificate(CERTIFICATE, AUTHORITY, leaf_key, root_key, authority=False)
    (folder / f"{AUTHORITY}.der").write_bytes(root.public_bytes(Encoding.DER))
    (folder / f"{AUTHORITY}_{CERTIFICATE}.der").write_bytes(leaf.public_bytes(Encoding.DER))
    (folder / "key.pem").write_bytes(leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _entry(one: str, value: str) -> str:
    _, definition = definitions.datatype_get(1, one)
    if definition.fixed is not None:
        return one + _fixed(definition, value)
    full = definition.encoding.size_max is not None and len(value) >= definition.encoding.size_max
    return one + (value[: definition.encoding.size_max] if full else value + GROUP_SEPARATOR)


def _fixed(definition: Definition, value: str) -> str:
    padded = (
        value.zfill(definition.fixed) if isinstance(definition.encoding, Numeric0) else value.ljust(definition.fixed)
    )
    if len(padded) != definition.fixed:
        raise ValueError(f"{definition.id} holds {definition.fixed} characters, not {len(padded)}.")
    return padded


def _key(folder: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key((folder / "key.pem").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("A 2D-Doc is signed with an elliptic curve key.")
    return key


def _certificate(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, *, authority: bool
) -> x509.Certificate:
    def named(common: str) -> x509.Name:
        organisation = "Autorité de test de Villebrume" if common == AUTHORITY else "Signataire de test de Villebrume"
        attributes = {NameOID.COUNTRY_NAME: "FR", NameOID.ORGANIZATION_NAME: organisation, NameOID.COMMON_NAME: common}
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes.items()])

    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )


if __name__ == "__main__":
    make_authority(Path(sys.argv[1]))
