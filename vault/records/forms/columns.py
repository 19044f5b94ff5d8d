"""The forms where a resident says what a file does not: the columns of a bank's table, the direction of energy."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vault.readers.reading import Table
from vault.readers.sentences import UNREADABLE

IGNORED = "ignored"
DIRECTIONS = {
    "soutirage": gettext_lazy("Ce que le logement consomme"),
    "injection": gettext_lazy("Ce que le logement envoie au réseau"),
    "production": gettext_lazy("Ce que des panneaux produisent"),
}
DAY, AMOUNT, DEBIT, CREDIT, DIRECTION = "date_operation", "montant", "debit", "credit", "sens"
#: The meanings of a column of a bank's table. The amount may have two columns: debit and credit.
MEANINGS = {
    DAY: gettext_lazy("Date de l’opération"),
    "date_valeur": gettext_lazy("Date de valeur"),
    "libelle": gettext_lazy("Libellé"),
    AMOUNT: gettext_lazy("Montant, avec son signe"),
    DIRECTION: gettext_lazy("Sens : sortie ou entrée"),
    DEBIT: gettext_lazy("Débit : ce qui sort"),
    CREDIT: gettext_lazy("Crédit : ce qui entre"),
    "solde": gettext_lazy("Solde après l’opération"),
    "devise": gettext_lazy("Devise"),
    "compte": gettext_lazy("Compte"),
    "contrepartie": gettext_lazy("Avec qui"),
    "reference": gettext_lazy("Référence"),
    "categorie": gettext_lazy("Catégorie"),
    "etat": gettext_lazy("État : passée ou en attente"),
}


class DirectionForm(forms.Form):
    """Asks what a file measures, if it does not say it. Nothing is chosen beforehand: consumption is not supposed."""

    direction = forms.ChoiceField(
        label=gettext_lazy("Que mesure ce fichier ?"),
        help_text=gettext_lazy("Il donne une énergie sans dire si elle est consommée ou produite."),
        choices=list(DIRECTIONS.items()),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Dites ce que mesure ce fichier."),
            "invalid_choice": gettext_lazy("Dites ce que mesure ce fichier."),
        },
    )


class ColumnsForm(forms.Form):
    """One question per column of the table."""

    def __init__(self, table: Table, chosen: Mapping[str, str], data: Any = None) -> None:  # noqa: ANN401 - as posted
        super().__init__(data)
        self.table = table
        known = [(code, str(label)) for code, label in MEANINGS.items()]
        for position, header in enumerate(table.headers):
            self.fields[f"c{position}"] = forms.ChoiceField(
                label=header or _("Colonne %(number)s") % {"number": position + 1},
                choices=[(IGNORED, _("Ne pas garder")), *known],
                initial=(chosen or table.guess).get(header, IGNORED),
                help_text=self._example(position),
            )

    @property
    def columns(self) -> dict[str, str]:
        chosen = {header: self.cleaned_data[f"c{position}"] for position, header in enumerate(self.table.headers)}
        return {header: meaning for header, meaning in chosen.items() if meaning != IGNORED}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen = [meaning for meaning in cleaned.values() if meaning != IGNORED]
        twice = next((meaning for meaning in chosen if chosen.count(meaning) > 1), None)
        if twice:
            raise ValidationError(
                _("Deux colonnes ne peuvent pas être « %(meaning)s ».") % {"meaning": MEANINGS[twice]}
            )
        if DAY not in chosen:
            raise ValidationError(_("Dites quelle colonne donne la date de l’opération."))
        if not {AMOUNT, DEBIT, CREDIT} & set(chosen):
            raise ValidationError(_("Dites quelle colonne donne le montant, ou le débit et le crédit."))
        if AMOUNT in chosen and {DEBIT, CREDIT} & set(chosen):
            raise ValidationError(_(UNREADABLE["amount_twice"]))
        return cleaned

    def _example(self, position: int) -> str:
        found = list(
            dict.fromkeys(row[position] for row in self.table.rows if len(row) > position and row[position].strip())
        )[:2]
        return _("Par exemple : %(values)s") % {"values": " ; ".join(found)} if found else ""
