"""The table of amount kinds: what an aid gives, computed from facts, in words, and in its author's form."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.templatetags.civic import money, number
from services.aids.local.conditions import FACTS, KINDS
from services.aids.local.conditions.kinds import Data, Facts, Rule, count_children
from services.aids.local.fields import number_field, plain, whole_field
from services.versions.fields import choice_field

if TYPE_CHECKING:
    from services.aids.local.conditions.kinds import Words

#: Kinds of condition whose number an amount may be read from, each with its fact.
BASIS: Final = {code: KINDS[code].facts[0].name for code in ("qf", "resources", "household_size", "age")}
BASES: Final = [(code, KINDS[code].label) for code in BASIS]
MEANINGS: Final = (
    ("grant", gettext_lazy("C’est l’aide versée")),
    ("reduction", gettext_lazy("C’est ce qui est retiré du prix")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The value that an amount is read from: its name and itself in words, and the number, if it is known."""

    what: str
    words: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of amount: everything that the portal knows of it."""

    code: str
    label: "Words"
    #: Compute an amount from facts; None if it depends on an unknown price.
    value: Callable[[Rule, Facts], float | None] = lambda amount, facts: None
    #: Facts that it reads besides its basis.
    reads: tuple[str, ...] = ()
    #: Say in a sentence's part how the amount came out.
    operation: Callable[[Rule, Basis], str] = lambda amount, basis: in_its_band(basis)
    #: The form: its fields, and the parts of the amount that they do not give under their own names.
    fields: Callable[[], Iterable[tuple[str, forms.Field]]] = lambda: ()
    parts: Callable[[Data], dict[str, Any]] = lambda data: {}
    #: Return the field and the sentence of what is wrong between the form's fields.
    wrong: Callable[[Data], Iterable[tuple[str, str]]] = lambda data: ()


# Bands


def band(amount: Rule, basis: float | None) -> float | None:
    """Return the value of the first band whose maximum is not under `basis`."""
    if basis is None:
        return amount.get("when_missing")
    return next(
        (float(step["value"]) for step in amount["bands"] if step.get("max") is None or basis <= step["max"]), None
    )


def in_its_band(basis: Basis) -> str:
    if basis.value is None:
        return _("%(what)s inconnu : montant prévu dans ce cas") % {"what": basis.what}
    return _("%(what)s (%(value)s), dans sa tranche") % {"what": basis.what, "value": basis.words}


class LinesField(forms.CharField):
    """Pairs of values, one on each line: the top of a band and its value, or a name of `names` and its value."""

    def __init__(self, *, rows: int, names: Iterable[str] = (), **others: Any) -> None:
        super().__init__(max_length=2000, widget=forms.Textarea({"rows": rows}), **others)
        self.names = list(names)

    def clean(self, value: Any) -> list[list[str]]:  # noqa: ANN401 - as Django's
        found = []
        for line in filter(None, map(str.strip, super().clean(value).splitlines())):
            parts = [part.strip() for part in line.split(";")]
            is_pair = len(parts) == 2 and _is_number(parts[1])
            if not is_pair or (not self.names and parts[0] and not _is_number(parts[0])):
                raise ValidationError(
                    _("Écrivez deux nombres séparés par un point-virgule : %(line)s") % {"line": line}
                )
            if self.names and parts[0] not in self.names:
                raise ValidationError(_("Cette mention n’existe pas : %(line)s") % {"line": parts[0]})
            found.append(parts)
        tops = [] if self.names else [_read(top) for top, _value in found[:-1]]
        last = "" if self.names or not found else found[-1][0]
        if tops != sorted(set(tops)) or (tops and last and _read(last) <= tops[-1]):
            raise ValidationError(_("Écrivez les tranches dans l’ordre, de la plus basse à la plus haute."))
        return found


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\d{1,8}([.,]\d{1,6})?", text.replace("\u202f", "").replace(" ", "")))


def _read(text: str) -> float:
    return float(text.replace("\u202f", "").replace(" ", "").replace(",", "."))


def lines_of(amount: Rule) -> str:
    """Return the bands or the named values of an amount, as `LinesField` reads them."""
    if "values" in amount:
        return "\n".join(f"{name} ; {value}" for name, value in amount["values"].items())
    bands = amount.get("bands", ())
    return "\n".join(f"{'' if band['max'] is None else band['max']} ; {band['value']}" for band in bands)


def _basis_field(*, required: bool) -> tuple[str, forms.Field]:
    return "on", choice_field(gettext_lazy("Selon"), BASES, required=required)


def _band_fields(*, required: bool) -> Iterator[tuple[str, forms.Field]]:
    yield _basis_field(required=required)
    help_text = gettext_lazy(
        "Une par ligne : le haut de la tranche ; le montant ou la part. Sans haut pour la dernière."
    )
    yield "lines", LinesField(label=gettext_lazy("Tranches"), rows=6, required=required, help_text=help_text)
    yield "when_missing", number_field(gettext_lazy("Si la valeur n’est pas connue"), required=False)


def _band_parts(data: Data) -> dict[str, Any]:
    bands = [{"max": plain(_read(top)) if top else None, "value": plain(_read(value))} for top, value in data["lines"]]
    return {"on": data["on"], "bands": bands} if bands else {}


BANDS: Final = Kind(
    code="bands",
    label=gettext_lazy("Des tranches"),
    value=lambda amount, facts: band(amount, basis_of(amount, facts)),
    fields=lambda: _band_fields(required=True),
    parts=_band_parts,
)

# A fixed amount


def _fixed_fields() -> Iterator[tuple[str, forms.Field]]:
    yield "value", number_field(gettext_lazy("Montant, en euros"))
    yield "times", whole_field(gettext_lazy("Nombre de versements"), 100)
    help_text = gettext_lazy("Pour un montant par enfant de ces âges. Sinon, laissez vide.")
    yield "child_age_min", whole_field(gettext_lazy("Par enfant d’au moins (ans)"), 120, help_text=help_text)
    yield "child_age_max", whole_field(gettext_lazy("Par enfant d’au plus (ans)"), 120)


FIXED: Final = Kind(
    code="fixed",
    label=gettext_lazy("Un montant fixe"),
    value=lambda amount, facts: float(amount["value"]),
    operation=lambda amount, basis: _("Montant fixe"),
    fields=_fixed_fields,
)

# An amount for each honours


def _named(amount: Rule, facts: Facts) -> float | None:
    base = facts.get(amount["on"])
    values = base if isinstance(base, list | tuple) else [base]
    found = [amount["values"][str(value)] for value in values if str(value) in amount["values"]]
    return float(found[0]) if found else None


def _named_fields() -> Iterator[tuple[str, forms.Field]]:
    help_text = gettext_lazy("Une par ligne : tb_felicitations, tb, b ou ab ; montant en euros.")
    names = FACTS["bac_honours"].values
    yield "lines", LinesField(label=gettext_lazy("Montants"), rows=5, names=names, help_text=help_text)


NAMED: Final = Kind(
    code="map",
    label=gettext_lazy("Un montant par mention au baccalauréat"),
    value=_named,
    fields=_named_fields,
    parts=lambda data: {"on": "bac_honours", "values": {name: plain(_read(value)) for name, value in data["lines"]}},
)

# A rate of what the household has


def _linear(amount: Rule, facts: Facts) -> float:
    basis = basis_of(amount, facts)
    if basis is None:
        return float(amount["max"])
    found: float = min(amount["max"], max(amount["min"], basis * amount["rate"]))
    return found


def _linear_operation(amount: Rule, basis: Basis) -> str:
    if basis.value is None:
        return in_its_band(basis)
    words = {"what": basis.what, "value": basis.words, "rate": number(amount["rate"])}
    words |= {"low": money(amount["min"]), "high": money(amount["max"])}
    return _("%(what)s (%(value)s) multiplié par %(rate)s, entre %(low)s et %(high)s") % words


def _linear_fields() -> Iterator[tuple[str, forms.Field]]:
    yield "rate", number_field(gettext_lazy("Taux, comme 0,0012"))
    yield "min", number_field(gettext_lazy("Minimum, en euros"))
    yield "max", number_field(gettext_lazy("Maximum, en euros"))
    yield _basis_field(required=True)


LINEAR: Final = Kind(
    code="linear",
    label=gettext_lazy("Un taux d’effort, entre un minimum et un maximum"),
    value=_linear,
    operation=_linear_operation,
    fields=_linear_fields,
    parts=lambda data: {"on": data["on"]},
)

# A share of a price


def _rate(amount: Rule, basis: float | None) -> float | None:
    return amount["rate"] if "rate" in amount else band(amount, basis)


def _share(amount: Rule, facts: Facts) -> float | None:
    rate, price = _rate(amount, basis_of(amount, facts)), facts.get("price")
    if rate is None or price is None:
        return None
    found: float = price * float(rate)
    return min(found, float(amount["cap"])) if amount.get("cap") is not None else found


def share_words(rate: float) -> str:
    return f"{number(round(rate * 100, 2))}\u00a0%"


def _share_fields() -> Iterator[tuple[str, forms.Field]]:
    yield "rate", number_field(gettext_lazy("Part du prix, comme 0,5 pour la moitié"), required=False)
    yield from _band_fields(required=False)
    yield "cap", number_field(gettext_lazy("Au plus, en euros"), required=False)
    yield "meaning", choice_field(gettext_lazy("Ce que c’est"), MEANINGS)


def _share_wrong(data: Data) -> Iterator[tuple[str, str]]:
    if data.get("rate") is None and data.get("lines") == []:
        yield "rate", _("Écrivez une part, ou des tranches.")
    if data.get("lines") and not data.get("on"):
        yield "on", _("Dites selon quoi.")


PERCENT: Final = Kind(
    code="percent",
    label=gettext_lazy("Une part du prix"),
    value=_share,
    reads=("price",),
    operation=lambda amount, basis: (
        _("%(rate)s du prix") % {"rate": share_words(float(_rate(amount, basis.value) or 0))}
    ),
    fields=_share_fields,
    parts=lambda data: {**_band_parts(data), "meaning": data["meaning"]},
    wrong=_share_wrong,
)

# No amount that a rule gives


def _decided_fields() -> Iterator[tuple[str, forms.Field]]:
    yield "min", number_field(gettext_lazy("Le plus souvent au moins, en euros"), required=False)
    yield "max", number_field(gettext_lazy("Le plus souvent au plus, en euros"), required=False)


DECIDED: Final = Kind(code="decided", label=gettext_lazy("Un montant décidé au cas par cas"), fields=_decided_fields)
NONE: Final = Kind(code="none", label=gettext_lazy("Pas de montant : un droit, une priorité, un service"))

#: In the order of the authors' list.
AMOUNTS: Final[Mapping[str, Kind]] = {
    kind.code: kind for kind in (FIXED, BANDS, NAMED, LINEAR, PERCENT, DECIDED, NONE)
}


def fact_of(amount: Rule) -> str:
    """Return the fact that an amount is read from, or nothing."""
    on: str = amount.get("on") or ""
    return BASIS.get(on, on)


def facts_of(amount: Rule) -> Iterator[str]:
    """Yield the facts that an amount is computed from."""
    if name := fact_of(amount):
        yield name
    yield from AMOUNTS[amount["kind"]].reads
    if amount.get("per_child"):
        yield "children_ages"


def basis_of(amount: Rule, facts: Facts) -> float | None:
    """Return the number that an amount is read from."""
    return facts.get(BASIS.get(amount.get("on", ""), ""))


def lacks(amount: Rule, facts: Facts) -> bool:
    """Return whether the amount is read from a value that is unknown."""
    name = fact_of(amount)
    return name != "" and facts.get(name) is None


def amount_of(amount: Rule, facts: Facts) -> float | None:
    found = AMOUNTS[amount["kind"]].value(amount, facts)
    if found is not None and amount.get("per_child"):
        found *= count_children(facts.get("children_ages") or (), amount["per_child"])
    return None if found is None else round(found, 2)


def rate_of(amount: Rule, facts: Facts) -> float | None:
    """Return the share of the price, for a page without the price."""
    rate = _rate(amount, basis_of(amount, facts)) if amount["kind"] == PERCENT.code else None
    return None if rate is None else float(rate)
