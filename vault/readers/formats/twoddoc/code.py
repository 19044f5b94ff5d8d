"""Find, split and parse 2D-Doc codes. Values are those of tddoc, with the leading zeros that it strips restored."""

import dataclasses
import re
from base64 import b32decode
from collections.abc import Sequence
from datetime import date, datetime, time

import zxingcpp
from PIL import Image
from tddoc.data_definition import Numeric0
from tddoc.doc import TwoDDoc
from tddoc.header import Header
from tddoc.message import C40Message

from vault.readers import recognise

UNIT_SEPARATOR = "\x1f"
DATA_MATRIX = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.DataMatrix)
#: The scales tried: about one code in twenty, whose modules are badly aligned with the pixels, needs another scale.
SCALES = (1, 0.75, 1.25)
IDENTIFIER = re.compile(r"[A-Z0-9]{4}")
#: The errors that tddoc may raise on a truncated or edited code; it documents none.
MALFORMED = (
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    TypeError,
    OverflowError,
    AssertionError,
    NotImplementedError,
)

Value = str | int | bool | bytes | date | datetime | time


class Malformed(ValueError):
    """The text starts like a 2D-Doc but is not one."""


@dataclasses.dataclass(frozen=True)
class Code:
    raw: str
    signed: TwoDDoc

    @property
    def doc_type(self) -> str:
        return str(self.signed.header.doc_type_id)

    @property
    def authority(self) -> str:
        return str(self.signed.header.ca_id)

    @property
    def certificate(self) -> str:
        return str(self.signed.header.cert_id)

    @property
    def signed_on(self) -> date | None:
        found: date | None = self.signed.header.sign_date
        return found

    @property
    def title(self) -> str:
        kind = self.signed.header.doc_type()
        return f"{kind.user_type} ({kind.emitter_type})"


@dataclasses.dataclass(frozen=True)
class Entry:
    id: str
    label: str
    value: Value

    def __str__(self) -> str:
        if isinstance(self.value, bool):
            return "oui" if self.value else "non"
        if isinstance(self.value, date | datetime | time):
            return self.value.isoformat()
        return self.value.decode("ascii", "replace") if isinstance(self.value, bytes) else str(self.value)


def find(image: Image.Image, *, scales: Sequence[float] = SCALES) -> list[str]:
    """Return the raw 2D-Doc codes of one page, each once."""
    for scale in scales:
        sized = image if scale == 1 else image.resize((round(image.width * scale), round(image.height * scale)))
        raws = (one.bytes.strip() for one in zxingcpp.read_barcodes(sized, formats=DATA_MATRIX))
        if found := list(
            dict.fromkeys(raw.decode("ascii", "replace") for raw in raws if recognise.RAW_CODE.match(raw))
        ):
            return found
    return []


def places(image: Image.Image) -> list[tuple[int, int, int, int]]:
    """Return the boxes of the 2D-Doc codes of one page, with the margin that scanners need around them."""
    boxes = []
    for found in zxingcpp.read_barcodes(image, formats=DATA_MATRIX):
        if recognise.RAW_CODE.match(found.bytes.strip()):
            corners = [
                found.position.top_left,
                found.position.top_right,
                found.position.bottom_right,
                found.position.bottom_left,
            ]
            xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
            margin = max(8, (max(xs) - min(xs)) // 12)
            boxes.append((max(0, min(xs) - margin), max(0, min(ys) - margin), max(xs) + margin, max(ys) + margin))
    return boxes


def split(raw: str) -> Code:
    """Split a code into header, signed bytes and signature, to verify it before parsing its values.

    Raises:
        Malformed: the text is not a code.
    """
    try:
        header = Header.from_code(raw)
        body, _, signature = raw[header.length :].partition(UNIT_SEPARATOR)
        data = (raw[: header.length] + body).encode("ascii")
        signature_bytes = b32decode(signature + "=" * (-len(signature) % 8))
    except MALFORMED:
        raise Malformed from None
    if (
        header.mode != "c40"
        or not signature_bytes
        or not IDENTIFIER.fullmatch(header.ca_id)
        or not IDENTIFIER.fullmatch(header.cert_id)
    ):
        raise Malformed
    return Code(raw, TwoDDoc(header, None, signature_bytes, signed_data=data))


def entries(code: Code) -> dict[str, Entry]:
    """Parse the values of a code whose signature was verified.

    Raises:
        Malformed: the issuer signed a malformed code.
    """
    header = code.signed.header
    body = code.signed.signed_data.decode("ascii")[header.length :]
    try:
        parsed = C40Message.from_code(header.perimeter_id, body).dataset
    except MALFORMED:
        raise Malformed from None
    return {one.definition.id: Entry(one.definition.id, one.definition.name, _restored(one)) for one in parsed}


def _restored(data: object) -> Value:
    """Restore the leading zeros that tddoc strips from fixed-length numbers, such as the postcode 01000."""
    definition, value = data.definition, data.value  # type: ignore[attr-defined]  # tddoc's entry, untyped
    if (
        isinstance(definition.encoding, Numeric0)
        and definition.fixed
        and isinstance(value, str)
        and value.isdecimal() | (value == "")
    ):
        return value.zfill(definition.fixed)
    restored: Value = value
    return restored
