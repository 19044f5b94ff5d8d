"""Places by their names: a search field, then a short list to choose from. Works without JavaScript.

The list is a field that appears when a name may mean several places. A choice counts only while its place is among
those of the name typed: after another name, the form asks again.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vault.types import geography
from vault.types.geography import COMMUNE, Place
from vault.types.names import words

#: Appended to a field's name: the places to choose from.
CHOICE = "_choice"
#: The choice of an address that the postal code does not know.
KEEP = "keep"
SHOWN = 12


class PlaceField(forms.CharField):
    """A commune or a country, typed by its name. The form that has it replaces the name by a code."""

    default_error_messages = {"required": gettext_lazy("Écrivez un nom, ou passez la question.")}

    def __init__(self, *, kind: str, **options: Any) -> None:
        super().__init__(max_length=100, **options)
        self.kind = kind
        self.widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "class": "govuk-input--width-20"}

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - of a payload, or what was typed
        place = geography.find(self.kind, str(value or ""))
        return place.label if place else value


def resolve(form: forms.Form, name: str, field: PlaceField, text: str) -> str | None:
    """Return the code of the place typed; without a single one, add an error and the list to choose from."""
    found = geography.search(field.kind, text)
    chosen = form.data.get(form.add_prefix(name + CHOICE))
    if chosen in {place.code for place in found}:
        return str(chosen)
    if len(found) == 1:
        return found[0].code
    if not found:
        form.add_error(name, _not_found(field.kind))
        return None
    offer(form, name, _list_label(field.kind), [(place.code, _described(place)) for place in found[:SHOWN]])
    form.add_error(name, _choose(field.kind, len(found)))
    return None


def offer(form: forms.Form, name: str, label: str, choices: Sequence[tuple[str, str]]) -> None:
    """Add a list to choose from right after a field. Nothing is chosen beforehand."""
    form.fields[name + CHOICE] = forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect)
    form.use_required_attribute = False  # another name may be typed instead
    names = list(form.fields)
    names.insert(names.index(name) + 1, name + CHOICE)
    form.order_fields(list(dict.fromkeys(names)))


def check_address(form: forms.Form, cleaned: dict[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
    """Check a commune against its postcode. Return the address with the commune's code, as far as it is known.

    The city's own name is accepted as it is. A postcode that the code does not know, such as a new one, may be kept.
    """
    postcode, commune = cleaned.get("code_postal"), cleaned.get("commune")
    if not postcode or not commune:
        return cleaned
    if place := geography.commune_of(postcode, commune):
        return {**cleaned, "cog": place.today}
    options = _address_options(postcode, commune)
    if not options and words(commune) == words(own["name"]):
        return {**cleaned, "cog": own["cog"]}
    chosen = form.data.get(form.add_prefix("commune" + CHOICE))
    if chosen == f"{KEEP}/{postcode}/{commune}":
        return cleaned
    if chosen in options:
        return {**cleaned, **options[chosen]}
    labels = [(key, f"{option['code_postal']} {option['commune']}") for key, option in options.items()]
    kept = (
        f"{KEEP}/{postcode}/{commune}",
        _("%(place)s : c’est bien mon adresse") % {"place": f"{postcode} {commune}"},
    )
    offer(form, "commune", _("Choisissez la bonne ligne"), [*labels, kept])
    form.add_error("commune", _mismatch(postcode, commune))
    return cleaned


def _address_options(postcode: str, commune: str) -> dict[str, dict[str, str]]:
    """Return the communes of the postcode, then the postcodes of the communes with this name."""
    named = [place for place in geography.search(COMMUNE, commune) if words(place.name) == words(commune)]
    pairs = [(place, postcode) for place in geography.with_postcode(postcode)]
    pairs += [(place, code) for place in named[:SHOWN] for code in place.postcodes[:1]]
    return {
        f"{place.today}/{code}": {"code_postal": code, "commune": place.name, "cog": place.today}
        for place, code in pairs[: SHOWN * 2]
    }


def _mismatch(postcode: str, commune: str) -> str:
    known = [place.name for place in geography.with_postcode(postcode)]
    if not known:
        return _("Nous ne connaissons pas le code postal %(postcode)s. Vérifiez-le.") % {"postcode": postcode}
    if len(known) == 1:
        return _("%(postcode)s est le code postal de %(name)s.") % {"postcode": postcode, "name": known[0]}
    return _("Le code postal %(postcode)s n’est pas celui de %(name)s.") % {"postcode": postcode, "name": commune}


def _described(place: Place) -> str:
    now = geography.find(COMMUNE, place.today) if not place.code.startswith("99") else None
    if now is None or now.name == place.name:
        return place.label
    return _("%(place)s, aujourd’hui dans %(now)s") % {"place": place.label, "now": now.name}


def _list_label(kind: str) -> str:
    return _("Choisissez votre commune") if kind == COMMUNE else _("Choisissez votre pays")


def _not_found(kind: str) -> str:
    if kind == COMMUNE:
        return _("Nous ne trouvons pas cette commune. Vérifiez son nom, ou écrivez son code postal.")
    return _("Nous ne trouvons pas ce pays. Vérifiez son nom.")


def _choose(kind: str, count: int) -> str:
    if kind == COMMUNE and count > SHOWN:
        return _(
            "%(count)s communes ont un nom proche. Choisissez la vôtre, ou ajoutez le département, comme « 93 »."
        ) % {"count": count}
    if kind == COMMUNE:
        return ngettext(
            "%(count)s commune a ce nom ou ce code. Choisissez-la.",
            "%(count)s communes ont ce nom ou ce code. Choisissez la vôtre.",
            count,
        ) % {"count": count}
    return _("Plusieurs pays ont un nom proche. Choisissez le vôtre.")
