"""Remove the place from the photos and the metadata of a PDF. The PDF is rewritten only if a place is found."""

import io
from collections.abc import Iterator

import pikepdf

from vault.readers.files.place import jpeg
from vault.readers.files.place.outcome import Place

NO_METADATA = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"/><?xpacket end="w"?>'
)
UNREADABLE = (
    pikepdf.PdfError,
    pikepdf.PasswordError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    RuntimeError,
    NotImplementedError,
)


def without(data: bytes) -> tuple[Place, bytes]:
    try:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            located = list(_located(pdf))
            if not located:
                return "none", data
            if _is_signed(pdf):
                return "kept", data
            for stream in located:
                _remove_place(stream)
            out = io.BytesIO()
            pdf.save(out, deterministic_id=True)
            return "removed", out.getvalue()
    except UNREADABLE:
        return "unknown", data


def _located(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Stream]:
    """Yield the streams that contain a place."""
    for thing in pdf.objects:
        if isinstance(thing, pikepdf.Stream) and (
            (_is_photo(thing) and jpeg.has_place(thing.read_raw_bytes()))
            or (_is_metadata(thing) and b"GPS" in thing.read_bytes())
        ):
            yield thing


def _remove_place(stream: pikepdf.Stream) -> None:
    if not _is_photo(stream):
        stream.write(NO_METADATA)
    elif "/DecodeParms" in stream:
        stream.write(
            jpeg.without(stream.read_raw_bytes()), filter=pikepdf.Name.DCTDecode, decode_parms=_parameters(stream)
        )
    else:
        stream.write(jpeg.without(stream.read_raw_bytes()), filter=pikepdf.Name.DCTDecode)


def _parameters(stream: pikepdf.Stream) -> pikepdf.Array:
    found = stream.DecodeParms
    return found if isinstance(found, pikepdf.Array) else pikepdf.Array([found])


def _is_photo(stream: pikepdf.Stream) -> bool:
    found = stream.get("/Filter")
    return found == pikepdf.Name.DCTDecode or (
        isinstance(found, pikepdf.Array) and list(found) == [pikepdf.Name.DCTDecode]
    )


def _is_metadata(stream: pikepdf.Stream) -> bool:
    return bool(stream.get("/Type") == pikepdf.Name.Metadata)


def _is_signed(pdf: pikepdf.Pdf) -> bool:
    """Return whether a form field or the whole document is signed."""
    return any(isinstance(thing, pikepdf.Dictionary) and "/ByteRange" in thing for thing in pdf.objects)
