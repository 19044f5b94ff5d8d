"""Charts drawn on the server: one SVG in two widths, swapped by the style sheet, and the rows of their table.

Colours and fonts are presentation attributes as well as classes: pages follow the style sheet, and the PDF, which
ignores it, looks the same. Ids come from the content, so that the same chart gives the same bytes. State the finding
in a sentence above the chart; the title and description are for people who cannot see it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256

import segno
from django.utils.functional import Promise
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

WIDE, NARROW = 700, 252
INK, MUTED, RAIL, PINE, CLAY, GREY = "#20262d", "#555c64", "#ece7dd", "#17524f", "#b5522e", "#6b6f76"
FONT = "Public Sans, Arial, sans-serif"
_FILLS = {"c1": PINE, "c2": CLAY, "c5": GREY}

Number = Decimal | int | float
Text = str | Promise


@dataclass(frozen=True)
class Chart:
    """Context of components/threshold.html. `heads` and `rows` are those of components/table.html."""

    title: Text
    wide: SafeString
    narrow: SafeString
    heads: list[dict[str, object]]
    rows: list[list[object]]


@dataclass(frozen=True)
class Bar:
    """One bar. `tone`: "c1" for the sentence's subject, "c5" for the rest, "c2" for spending or an excess."""

    label: Text
    value: Number
    tone: str = "c1"


@dataclass(frozen=True)
class Interval:
    """One bar with the ends of its interval. Without a value, it is hidden, and says so in `note`."""

    label: Text
    value: Number | None
    low: Number = 0
    high: Number = 0
    tone: str = "c5"
    note: Text = ""


def threshold(
    *,
    value: Number,
    limit: Number,
    show: Callable[[Number], str],
    title: Text,
    over_is_bad: bool = True,
    value_label: Text = "",
    limit_label: Text = "",
) -> Chart:
    """Draw a resident's value as a bar against a dashed limit. `show` formats an amount, with its unit."""
    mine, bound = value_label or _("Vous"), limit_label or _("Limite")
    labels = (pair(mine, show(value)), pair(bound, show(limit)))
    within = value <= limit if over_is_bad else value >= limit
    draw = _Threshold(float(value), float(limit), labels, "c1" if within else "c2")
    heads: list[dict[str, object]] = [{"label": ""}, {"label": _("Montant"), "num": True}]
    return _chart(title, draw, ", ".join(labels), heads, [[mine, show(value)], [bound, show(limit)]])


def bars(
    *, items: Sequence[Bar], show: Callable[[Number], str], title: Text, label_head: Text = "", value_head: Text = ""
) -> Chart:
    """Draw horizontal bars, largest first, each with its name and value beside it."""
    ordered = sorted(items, key=lambda bar: bar.value, reverse=True)
    description = ". ".join(pair(bar.label, show(bar.value)) for bar in ordered)
    heads: list[dict[str, object]] = [
        {"label": label_head or _("Poste")},
        {"label": value_head or _("Montant"), "num": True},
    ]
    return _chart(title, _Bars(ordered, show), description, heads, [[bar.label, show(bar.value)] for bar in ordered])


def columns(
    *, items: Sequence[Bar], show: Callable[[Number], str], title: Text, label_head: Text = "", value_head: Text = ""
) -> Chart:
    """Draw vertical bars in the given order, such as months. Only the highest has its value; the table has all."""
    highest = max(items, key=lambda bar: bar.value)
    span = _("de %(first)s à %(last)s") % {"first": items[0].label, "last": items[-1].label}
    description = f"{span}. {pair(highest.label, show(highest.value))}"
    heads: list[dict[str, object]] = [
        {"label": label_head or _("Mois")},
        {"label": value_head or _("Montant"), "num": True},
    ]
    return _chart(title, _Columns(items, show), description, heads, [[bar.label, show(bar.value)] for bar in items])


def intervals(
    *, items: Sequence[Interval], show: Callable[[Number], str], title: Text, heads: Sequence[Text]
) -> Chart:
    """Draw horizontal bars in the given order, each with its value and the interval around it. One may be hidden.

    Args:
        heads: the heads of the table: what is measured, the value, the interval.
    """
    rows: list[list[object]] = [[one.label, *_in_words(one, show)] for one in items]
    description = ". ".join(pair(one.label, ", ".join(filter(None, _in_words(one, show)))) for one in items)
    named: list[dict[str, object]] = [{"label": head, "num": place > 0} for place, head in enumerate(heads)]
    return _chart(title, _Intervals(items, show), description, named, rows)


def qr(text: str, label: Text) -> SafeString:
    """Return a QR code as inline SVG, for components/qr.html."""
    svg = segno.make(text, error="m").svg_inline(omitsize=True, border=1, dark=INK, svgclass=None, lineclass=None)
    named = svg.replace("<svg", f'<svg role="img" aria-label="{escape(str(label))}"', 1)
    return mark_safe(named)  # noqa: S308 - segno's drawing, the label escaped


def pair(label: Text, text: str) -> str:
    return _("%(label)s\u00a0: %(text)s") % {"label": label, "text": text}


def _in_words(one: Interval, show: Callable[[Number], str]) -> tuple[str, str]:
    if one.value is None:
        return str(one.note), ""
    return show(one.value), between(show(one.low), show(one.high))


def between(low: str, high: str) -> str:
    """Return an interval in words. A unit that both ends have is said once."""
    number, blank, unit = low.partition("\N{NO-BREAK SPACE}")
    if blank and high.endswith(blank + unit) and not any(one.isdigit() for one in unit):
        low = number
    return _("%(low)s à %(high)s") % {"low": low, "high": high}


def _chart(
    title: Text, draw: "Drawing", description: str, heads: list[dict[str, object]], rows: list[list[object]]
) -> Chart:
    return Chart(
        title,
        svg(WIDE, "wide", title, description, draw),
        svg(NARROW, "narrow", title, description, draw),
        heads,
        rows,
    )


class Drawing:
    def height(self, width: int) -> int:
        raise NotImplementedError

    def shapes(self, width: int) -> str:
        raise NotImplementedError


@dataclass(frozen=True)
class _Threshold(Drawing):
    value: float
    limit: float
    labels: tuple[str, str]
    tone: str

    def height(self, width: int) -> int:
        return 96

    def shapes(self, width: int) -> str:
        """Draw the bar and the limit. The scale ends a quarter above the larger value, to keep labels off the edge."""
        top = max(self.value, self.limit, 0.01) * 1.25
        mine, limit = (2 + (width - 4) * max(0.0, amount) / top for amount in (self.value, self.limit))
        rail = _rect(2, 34, width - 4, 26, 6, "rail")
        bar = _rect(2, 34, max(mine - 2, 2), 26, 6, self.tone)
        dashes = f'class="limit" stroke="{INK}" stroke-width="2" stroke-dasharray="5 4"'
        line = f'<line {dashes} x1="{limit:.1f}" y1="24" x2="{limit:.1f}" y2="70"/>'
        labels = _label(mine, 90, self.labels[0], width, bold=True) + _label(limit, 16, self.labels[1], width)
        return rail + bar + line + labels


@dataclass(frozen=True)
class _Bars(Drawing):
    items: Sequence[Bar]
    show: Callable[[Number], str]

    def height(self, width: int) -> int:
        return (50 if width == NARROW else 34) * len(self.items) + 4

    def shapes(self, width: int) -> str:
        narrow = width == NARROW
        left, step, top = (0, 50, 22) if narrow else (200, 34, 2)
        scale = (width - left - 84) / max((float(bar.value) for bar in self.items), default=1.0) if self.items else 0
        parts = []
        for position, bar in enumerate(self.items):
            y, length = position * step + top, max(float(bar.value) * scale, 2)
            parts.append(text_at(0, y - 7 if narrow else y + 17, str(bar.label)))
            parts.append(_rect(left, y, length, 24, 4, bar.tone))
            parts.append(text_at(left + length + 8, y + 17, self.show(bar.value), bold=True))
        return "".join(parts)


@dataclass(frozen=True)
class _Columns(Drawing):
    items: Sequence[Bar]
    show: Callable[[Number], str]

    def height(self, width: int) -> int:
        return 190

    def shapes(self, width: int) -> str:
        """Draw the columns. Overlapping labels are left out, but never the last one."""
        top, plot = 26, 136
        step = (width - 4) / len(self.items)
        highest = max(range(len(self.items)), key=lambda place: self.items[place].value)
        scale = plot / max(float(self.items[highest].value), 0.01)
        room = max(1, -(-int(max(len(str(bar.label)) for bar in self.items) * 8.5) // int(step or 1)))
        parts = [_rect(0, top + plot, width, 2, 0, "rail")]
        for place, bar in enumerate(self.items):
            length = max(float(bar.value) * scale, 1)
            middle = 2 + step * (place + 0.5)
            parts.append(_column(middle - step * 0.4, top + plot - length, step * 0.8, length, bar.tone))
            if (len(self.items) - 1 - place) % room == 0:
                parts.append(_label(middle, top + plot + 20, str(bar.label), width))
        peak = 2 + step * (highest + 0.5)
        parts.append(_label(peak, 16, self.show(self.items[highest].value), width, bold=True))
        return "".join(parts)


@dataclass(frozen=True)
class _Intervals(Drawing):
    items: Sequence[Interval]
    show: Callable[[Number], str]

    def height(self, width: int) -> int:
        return (58 if width == NARROW else 46) * len(self.items) + 4

    def shapes(self, width: int) -> str:
        narrow = width == NARROW
        left, step, top = (0, 58, 24) if narrow else (200, 46, 10)
        most = max((float(one.high) for one in self.items if one.value is not None), default=0.0)
        scale = (width - left - 118) / max(most, 0.01)
        return "".join(
            self._bar(one, left, place * step + top, scale, narrow=narrow) for place, one in enumerate(self.items)
        )

    def _bar(self, one: Interval, left: int, y: int, scale: float, *, narrow: bool) -> str:
        label = text_at(0, y - 7 if narrow else y + 19, str(one.label))
        value, margin = _in_words(one, self.show)
        if one.value is None:
            return label + _muted(left, y + 19, value)
        length, low, high = (max(float(each) * scale, 2) for each in (one.value, one.low, one.high))
        path = f"M{left + low:.1f} {y + 13}H{left + high:.1f}M{left + low:.1f} {y + 7}v12M{left + high:.1f} {y + 7}v12"
        end = left + max(high, length) + 10
        return (
            label
            + _rect(left, y, length, 26, 4, one.tone)
            + f'<path class="halo" stroke="#fff" stroke-width="6" fill="none" d="{path}"/>'
            + f'<path class="whisker" stroke="{INK}" stroke-width="2" fill="none" d="{path}"/>'
            + text_at(end, y + 12, value, bold=True)
            + _muted(end, y + 28, margin)
        )


def svg(width: int, name: str, title: Text, description: str, draw: Drawing) -> SafeString:
    key = name[0] + sha256(f"{title}|{description}".encode()).hexdigest()[:10]
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" font-family="{}" font-size="15" role="img" aria-labelledby="{}-t"'
        ' aria-describedby="{}-d">'
        '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>{}</svg>',
        *(name, width, draw.height(width), FONT, key, key, key, title, key, description),
        mark_safe(draw.shapes(width)),  # noqa: S308 - numbers and escaped words
    )


def _rect(x: float, y: float, width: float, height: float, radius: int, tone: str) -> str:
    fill = _FILLS.get(tone, RAIL)
    return (
        f'<rect class="{tone}" fill="{fill}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" rx="{radius}"/>'
    )


def _column(x: float, y: float, width: float, height: float, tone: str) -> str:
    fill = _FILLS.get(tone, RAIL)
    return f'<rect class="{tone}" fill="{fill}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def text_at(x: float, y: float, text: str, *, bold: bool = False, anchor: str = "start") -> str:
    weight = ' class="t-bold" font-weight="700"' if bold else ""
    return f'<text{weight} fill="{INK}" x="{x:.1f}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _muted(x: float, y: float, text: str) -> str:
    return f'<text class="t-muted" fill="{MUTED}" font-size="14" x="{x:.1f}" y="{y}">{escape(text)}</text>'


def _label(x: float, y: float, text: str, width: int, *, bold: bool = False) -> str:
    """Centre a label on its mark, or shift it to stay inside the drawing: 15 px text is about 8 px per character."""
    half = len(text) * 8 / 2
    if x + half > width:
        return text_at(width, y, text, bold=bold, anchor="end")
    return text_at(2, y, text, bold=bold) if x - half < 0 else text_at(x, y, text, bold=bold, anchor="middle")
