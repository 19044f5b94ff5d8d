"""Template tags and filters of the components (templates/components/README.md)."""

import datetime
import re
from decimal import Decimal, InvalidOperation

from django import template
from django.forms import BoundField
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from core.pages import forms
from core.pages import help as help_pages

register = template.Library()

NBSP = "\u00a0"
_BEFORE_SIGN = re.compile(r" (?=[:;?!»€%])")
_AFTER_QUOTE = re.compile(r"(?<=«) ")
_IN_NUMBER = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")
_LINE = re.compile(r"^(## |- )?(.*)$")


@register.filter
def nbsp(value: object) -> str:
    """Replace spaces that must not break in French: before : ; ? ! € %, inside « », and in thousands."""
    text = str(value)
    for pattern in (_BEFORE_SIGN, _AFTER_QUOTE, _IN_NUMBER):
        text = pattern.sub(NBSP, text)
    return mark_safe(text) if isinstance(value, SafeString) else text  # noqa: S308 - it was safe already


@register.simple_tag
def help_link(slug: str) -> SafeString:
    """Link to a help page of the product, with its question as the text. Cost: no query."""
    page = help_pages.shipped(slug)
    if page is None:
        raise LookupError(slug)
    address = reverse("help_question", args=[slug])
    return format_html('<a class="civic-go" href="{}">{}</a>', address, nbsp(page.question_now))


@register.filter
def number(value: object, decimals: int | None = None) -> str:
    """Format a number: 1 234,5 in French, 1,234.5 in English. Other values are returned as they are."""
    amount = _decimal(value)
    if amount is None:
        return str(value)
    places = max(0, -int(amount.normalize().as_tuple().exponent)) if decimals is None else decimals
    return number_format(amount, decimal_pos=places, use_l10n=True, force_grouping=True).replace("\u202f", NBSP)


@register.filter
def money(value: object) -> str:
    """Format euros, from a string or a number: 1 234,50 € or 412 € in French, €1,234.50 or €412 in English."""
    amount = _decimal(value)
    if amount is None:
        return str(value)
    amount = amount.quantize(Decimal("0.01"))
    digits = number(abs(amount), 0 if amount == amount.to_integral() else 2)
    sign = "−" if amount < 0 else ""
    return f"{sign}€{digits}" if get_language() == "en" else f"{sign}{digits}{NBSP}€"


@register.filter
def size(value: int) -> str:
    """Format bytes as 800 Ko, 4,2 Mo, 312 Mo or 1 Go: decimal units, as telephones count."""
    for unit, least in ((pgettext("size", "Go"), 1_000_000_000), (_("Mo"), 1_000_000)):
        if value >= least:
            return f"{number(Decimal(value) / least, 1 if value < 10 * least and value % least else 0)}{NBSP}{unit}"
    return f"{number(-(-value // 1000))}{NBSP}{_('Ko')}"


@register.filter
def long_date(value: object) -> str:
    """Format a date: 31 juillet 2026. Takes a date, a datetime (shown in local time) or an ISO string."""
    day = _day(value)
    return _format_date(day, "j F Y") if day else str(value)


@register.filter
def short_date(value: object) -> str:
    """Format a date for a tag: 31 juillet in the current year, 31 juillet 2025 otherwise."""
    day = _day(value)
    if not day:
        return str(value)
    return _format_date(day, "j F" if day.year == timezone.localdate().year else "j F Y")


@register.filter
def month(value: object) -> str:
    """Format a month: juillet 2026. Takes what `long_date` takes, and 2026-07."""
    day = _day(f"{value}-01" if re.fullmatch(r"\d{4}-\d{2}", str(value)) else value)
    return date_format(day, "F Y") if day else str(value)


@register.filter
def clock(value: datetime.datetime) -> str:
    """Format a local time: 10 h 38 in French, 10:38 in English."""
    local = timezone.localtime(value)
    return f"{local:%H:%M}" if get_language() == "en" else f"{local.hour}{NBSP}h{NBSP}{local:%M}"


@register.filter
def prose(text: str) -> SafeString:
    """Format the city's own text as paragraphs, headings (“## ”) and lists (“- ”). Everything else is escaped."""
    blocks: list[SafeString] = []
    items: list[tuple[str]] = []
    for line in [*text.strip().splitlines(), ""]:
        kind, content = _LINE.fullmatch(line.strip()).groups()  # type: ignore[union-attr]  # any line matches
        if kind == "- ":
            items.append((content,))
            continue
        if items:
            blocks.append(format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", items)))
            items = []
        if content:
            blocks.append(format_html("<h2>{}</h2>" if kind else "<p>{}</p>", content))
    return mark_safe("\n".join(blocks))  # noqa: S308 - blocks of format_html


@register.simple_tag
def civic_widget(field: BoundField) -> SafeString:
    return forms.civic_widget(field)


@register.filter
def field_errors(field: BoundField) -> list[str]:
    """Return the errors shown under the field's label."""
    return [f"{text[0].upper()}{text[1:]}." if bare else text for text, bare in forms.errors_of(field)]


@register.filter
def summary_errors(field: BoundField) -> list[str]:
    """Return the errors for the summary at the top of the page, with the field's label."""
    label = str(field.label).rstrip(f"{NBSP} ?")
    return [
        _("%(label)s\u00a0: %(text)s") % {"label": label, "text": text} if bare else text
        for text, bare in forms.errors_of(field)
    ]


@register.simple_tag
def external(url: str, label: str) -> SafeString:
    """Return a link to another site, which does not learn which page it comes from."""
    return format_html('<a href="{}" rel="noreferrer">{}</a>', url, label)


@register.tag
def wrap(parser: Parser, token: Token) -> "WrapNode":
    """Render a component whose `body` is a piece of template: `{% wrap "details" summary=text %}…{% endwrap %}`."""
    name, *bits = token.split_contents()[1:]
    values = token_kwargs(bits, parser)
    if bits:
        raise template.TemplateSyntaxError(f"wrap takes a component's name, then name=value pairs, not {bits}")
    body = parser.parse(("endwrap",))
    parser.delete_first_token()
    return WrapNode(name.strip("\"'"), values, body)


class WrapNode(template.Node):
    def __init__(self, name: str, values: dict[str, FilterExpression], body: NodeList) -> None:
        self.name, self.values, self.nodelist = name, values, body

    def render(self, context: template.Context) -> SafeString:
        assert context.template is not None  # noqa: S101 - a node renders inside its template
        component = context.template.engine.get_template(f"components/{self.name}.html")
        values = {name: value.resolve(context) for name, value in self.values.items()}
        return component.render(context.new({**values, "body": self.nodelist.render(context)}))


def _decimal(value: object) -> Decimal | None:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _day(value: object) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _format_date(day: datetime.date, pattern: str) -> str:
    text = date_format(day, pattern)
    if get_language() != "en" and day.day == 1:
        text = text.replace("1 ", "1er ", 1)
    return escape(text).replace(" ", NBSP, 1)
