"""Draw a form: WeasyPrint lays each text out in the shipped font, then the limited child puts it in its place.

A text is a page of its own, of its place's size. In a blank with fields it becomes the field's appearance, so that
every viewer shows the same letters; on a flat blank it is drawn over the page.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from django.utils.html import escape
from django.utils.translation import gettext as _

from core.confinement import answers
from core.pdf import apart
from services.official_forms import fitting
from services.official_forms.filling import Filled, Filling
from services.official_forms.mapping import CHECK, COMB, LINES, Box, Line, Place
from services.official_forms.pdf import child
from services.official_forms.pdf.refusals import MAX_PAGES, MAX_WIDGETS, REFUSALS, SENTENCES
from vault.readers import Unreadable, sandbox
from vault.readers.sentences import UNREADABLE

CHILD = Path(child.__file__)
SECONDS = 20
#: Bytes of a form, filled and flat: more than twenty pages with their fonts take.
MOST = 48 * 1024 * 1024
#: Hundredths of a millimetre, whatever a blank says; letters of a field's name or state.
FARTHEST, LONGEST = 10**9, 1_000
#: Points in a hundredth of a millimetre.
POINT = 72 / 2540
#: Enough to read a page at full width on a screen, then on paper.
SCREEN_DPI, PRINT_DPI = 100, 150
#: A form for several pages of a household, and no more.
MOST_PLACES = 500
STYLE = """
@page { margin: 0 }
html, body { margin: 0; padding: 0 }
.text { font-family: "Public Sans"; font-kerning: none; font-variant-ligatures: none; white-space: pre }
.text { color: #101010 }
.text div { position: absolute; left: 0; right: 0 }
.framed { box-sizing: border-box; border: 1pt solid #b3261e }
"""


class CannotDraw(Exception):
    """The form cannot be drawn; the message is a sentence, and `line` the line that is the cause, if one is."""

    def __init__(self, sentence: str, line: Line | None = None) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True)
class Blank:
    """A blank as a version keeps it."""

    content: bytes = field(repr=False)
    sha256: str


@dataclass(frozen=True)
class Drawn:
    """The filled form, and the same without fields, of which page images are made."""

    pdf: bytes = field(repr=False)
    flat: bytes = field(repr=False)

    def images(self, *, dpi: int = SCREEN_DPI) -> list[bytes]:
        """Return each page as JPEG.

        Raises:
            CannotDraw: a page is too large, or the machine was too busy.
        """
        try:
            return [page.jpeg for page in sandbox.raster(io.BytesIO(self.flat), dpi=dpi)]
        except Unreadable as refusal:
            raise CannotDraw(_(UNREADABLE[refusal.code])) from None


@dataclass(frozen=True)
class _Field:
    """A field of a blank, as the child found it."""

    name: str
    kind: Literal["text", "check", "other"]
    page: int
    place: int
    box: list[int]
    states: list[str]
    cells: int
    lines: bool

    def __post_init__(self) -> None:
        answers.require(len(self.box) == 4 and min(self.page, self.place) >= 0)
        answers.require(all(abs(one) <= FARTHEST for one in (self.page, self.place, self.cells, *self.box)))
        answers.require(len(self.states) <= MAX_WIDGETS)
        # The child writes so what cannot be stored; a field is filled by its name.
        answers.require("\ufffd" not in self.name)
        answers.require(all(len(one) <= LONGEST for one in (self.name, *self.states)))


@dataclass(frozen=True)
class _Facts:
    pages: list[list[int]]
    fields: list[_Field]
    removed: list[Literal["scripts", "files", "rights", "xfa"]]

    def __post_init__(self) -> None:
        answers.require(0 < len(self.pages) <= MAX_PAGES and len(self.fields) <= MAX_WIDGETS)
        answers.require(all(len(page) == 2 and min(page) >= 0 and max(page) <= FARTHEST for page in self.pages))
        answers.require(all(one.page < len(self.pages) for one in self.fields))


@dataclass(frozen=True)
class _Mark:
    place: Place
    text: str
    html: str


def look(content: bytes) -> dict[str, Any]:
    """Return the facts of a blank: its pages, its fields, what a copy does not keep.

    Raises:
        CannotDraw
    """
    message, _nothing = _asked(child.LOOK, {}, content)
    try:
        facts = answers.parsed(_Facts, message.get("facts"))
    except answers.BadAnswer:
        raise CannotDraw(_(UNREADABLE["damaged"])) from None
    return asdict(facts)


def draw(blank: Blank, filling: Filling, *, framed: bool = False) -> Drawn:
    """Return the filled form. Cost: about a second, in two processes that hold no key.

    Args:
        framed: whether each place has a frame, to look at a map.

    Raises:
        CannotDraw: a text does not fit, or the blank is not the one of the map.
    """
    if hashlib.sha256(blank.content).hexdigest() != blank.sha256:
        raise CannotDraw(_("Le formulaire gardé n’est plus celui qui a été publié. Prévenez la ville."))
    marks = [mark for one in filling.filled for mark in _marks(one, framed=framed)]
    if len(marks) > MOST_PLACES:
        raise CannotDraw(_("Ce formulaire a trop de cases à remplir."))
    try:
        texts = apart.draw(_html(marks), style=_style(marks), tagged=False) if marks else b""
    except apart.NotDrawn:
        raise CannotDraw(_("Le formulaire n’a pas pu être dessiné. Réessayez dans une minute.")) from None
    options = {
        "blank": len(blank.content),
        "marks": [
            {
                "widget": mark.place.widget,
                "page": mark.place.box.page,
                "box": _points(mark.place.box),
                "text": mark.text,
            }
            for mark in marks
        ],
        "ticks": [
            {"field": one.line.rows[one.row][0].field, "state": one.line.option}
            for one in filling.filled
            if one.ticked and one.line.rows[one.row][0].widget is not None
        ],
    }
    message, both = _asked(child.FILL, options, blank.content + texts)
    size = message.get("filled")
    if type(size) is not int or not 0 < size < len(both) or not both.startswith(b"%PDF"):
        raise CannotDraw(_(UNREADABLE["damaged"]))
    return Drawn(both[:size], both[size:])


def _asked(mode: str, options: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    try:
        return sandbox.ask(CHILD, mode, options, data, cpu_seconds=SECONDS, most=MOST, refusals=REFUSALS)
    except Unreadable as refusal:
        found = SENTENCES.get(refusal.code) or UNREADABLE[refusal.code]
        raise CannotDraw(_(found)) from None


def _marks(one: Filled, *, framed: bool) -> Iterator[_Mark]:
    line, frame = one.line, " framed" if framed else ""
    for place in line.rows[one.row]:
        width, height = place.box.width * POINT, place.box.height * POINT
        if line.kind == CHECK:
            if place.widget is None and (one.ticked or framed):
                yield _Mark(place, "", _cross(width, height, frame))
            continue
        try:
            inside = _inside(line, one.text, width, height)
        except fitting.DoesNotFit:
            sentence = _("« %(line)s » : « %(text)s » ne tient pas dans la case du formulaire.")
            raise CannotDraw(sentence % {"line": line.label, "text": one.text[:80]}, line) from None
        except fitting.NoLetter as problem:
            sentence = _("« %(line)s » : le caractère « %(letter)s » ne peut pas être imprimé.")
            raise CannotDraw(sentence % {"line": line.label, "letter": problem.letter}, line) from None
        yield _Mark(
            place, fitting.plain(one.text), f'<div class="text{frame}" style="height: {height:.2f}pt">{inside}</div>'
        )


def _inside(line: Line, text: str, width: float, height: float) -> str:
    if line.kind == COMB:
        fitted = fitting.in_cells(text, cells=line.cells, width=width, height=height)
        cell = width / line.cells
        top = (height - fitted.size * fitting.LEADING) / 2
        return "".join(
            f'<div style="left: {place * cell:.2f}pt; width: {cell:.2f}pt; right: auto; top: {top:.2f}pt; '
            f'text-align: center; {_type(fitted.size)}">{escape(letter)}</div>'
            for place, letter in enumerate(fitted.lines)
        )
    fit = fitting.several_lines if line.kind == LINES else fitting.one_line
    fitted = fit(text, width=width, height=height)
    leading = fitted.size * fitting.LEADING
    top = fitting.MARGIN if line.kind == LINES else (height - leading) / 2
    return "".join(
        f'<div style="left: {fitting.MARGIN}pt; top: {top + row * leading:.2f}pt; {_type(fitted.size)}">'
        f"{escape(part)}</div>"
        for row, part in enumerate(fitted.lines)
    )


def _type(size: float) -> str:
    return f"font-size: {size}pt; line-height: {fitting.LEADING}"


def _cross(width: float, height: float, frame: str) -> str:
    size = min(width, height) * 1.1
    top = (height - size * fitting.LEADING) / 2
    return (
        f'<div class="text{frame}" style="height: {height:.2f}pt"><div style="top: {top:.2f}pt; text-align: center; '
        f'{_type(round(size, 2))}">X</div></div>'
    )


def _html(marks: Sequence[_Mark]) -> str:
    pages = "".join(f'<section class="p{number}">{mark.html}</section>' for number, mark in enumerate(marks))
    return f'<html lang="fr"><body>{pages}</body></html>'


def _style(marks: Sequence[_Mark]) -> str:
    rules = [STYLE]
    for number, mark in enumerate(marks):
        width, height = (side * POINT for side in (mark.place.box.width, mark.place.box.height))
        rules.append(
            f"@page p{number} {{ size: {width:.3f}pt {height:.3f}pt }} "
            f".p{number} {{ page: p{number}; position: relative; height: {height:.3f}pt; overflow: hidden }}"
        )
    return "\n".join(rules)


def _points(box: Box) -> list[float]:
    return [round(side * POINT, 3) for side in (box.left, box.top, box.width, box.height)]
