"""One 2D-Doc code: found in an image, split, parsed. Values stay as tddoc gives them, with the zeros that it strips put back."""

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
#: A code whose modules fall badly on the grid of points is read at another size: about one in twenty is not found at the first.
SCALES = (1, 0.75, 1.25)
IDENTIFIER = re.compile(r"[A-Z0-9]{4}")
#: What tddoc raises on a code that was cut or edited; it does not promise fewer.
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
    """It starts like a 2D-Doc and is not one."""


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
    """The 2D-Doc codes of one page, each once."""
    for scale in scales:
        sized = image if scale == 1 else image.resize((round(image.width * scale), round(image.height * scale)))
        raws = (one.bytes.strip() for one in zxingcpp.read_barcodes(sized, formats=DATA_MATRIX))
        if found := list(
            dict.fromkeys(raw.decode("ascii", "replace") for raw in raws if recognise.RAW_CODE.match(raw))
        ):
            return found
    return []


def places(image: Image.Image) -> list[tuple[int, int, int, int]]:
    """Where the 2D-Doc codes of one page are, with the quiet margin that a scanner needs around them."""
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
    """Header, signed bytes and signature: what is needed to verify, before a single value is trusted enough to be parsed."""
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
    """Identifier -> entry. Only for a code whose signature is good: it is then well formed, or its issuer is at fault."""
    header = code.signed.header
    body = code.signed.signed_data.decode("ascii")[header.length :]
    try:
        parsed = C40Message.from_code(header.perimeter_id, body).dataset
    except MALFORMED:
        raise Malformed from None
    return {one.definition.id: Entry(one.definition.id, one.definition.name, _restored(one)) for one in parsed}


def _restored(data: object) -> Value:
    """tddoc strips the leading zeros of a fixed number: a postcode of the Ain (01000) would lose its own."""
    definition, value = data.definition, data.value  # type: ignore[attr-defined]  # tddoc's entry, untyped
    if (
        isinstance(definition.encoding, Numeric0)
        and definition.fixed
        and isinstance(value, str)
        and value.isdigit() | (value == "")
    ):
        return value.zfill(definition.fixed)
    restored: Value = value
    return restored
