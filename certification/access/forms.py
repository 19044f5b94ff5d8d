"""The form of consent, where nothing is ticked and no length is chosen; and the form of a publisher's program."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from certification.access.actions import clients
from certification.access.asking import Asked
from certification.access.enums import LOTS, Environment
from certification.access.fapi import client_assertions
from certification.access.models import Client
from certification.access.presenting.consent import with_why
from vault.records.grants.agreements import Item, PaperItem
from vault.records.grants.terms import Terms
from vault.records.values.decrypted import PaperOpened
from vault.sharing.forms.household import with_value

#: Letters of a program's name.
NAME = 60


class ConsentForm(forms.Form):
    """The optional items, the papers and the length. The page lists what is needed, and what is agreed already."""

    items = forms.MultipleChoiceField(
        label=gettext_lazy("Ce que vous voulez bien montrer"), required=False, widget=forms.CheckboxSelectMultiple
    )
    papers = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Les papiers que vous voulez bien montrer"),
        coerce=UUID,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Un papier part en entier, avec tout ce qui y est écrit."),
    )
    writes = forms.MultipleChoiceField(
        label=gettext_lazy("Ce que vous le laissez écrire dans votre coffre"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Ce qu’il écrit porte son nom, comme déclaré par lui. Vous pouvez retirer chaque donnée."
        ),
    )
    months = forms.TypedChoiceField(
        label=gettext_lazy("Pendant combien de temps ?"),
        coerce=int,
        widget=forms.RadioSelect,
        help_text=gettext_lazy("Rien ne se renouvelle tout seul. Vous pouvez arrêter avant."),
        error_messages={"required": gettext_lazy("Choisissez une durée, ou refusez.")},
    )

    def __init__(
        self,
        asked: Asked,
        held: Mapping[str, str],
        papers: Sequence[PaperOpened],
        agreed: Collection[str | UUID],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._asked, self._held, self._papers, self._agreed = asked, held, papers, agreed
        optional = [item for item in asked.items if not item.required and item.code not in agreed]
        self._choices("items", [(one.code, _line(one, held.get(one.code, ""))) for one in optional])
        self.fields["items"].help_text = _("Voici la valeur d’aujourd’hui. Rien n’est coché d’avance.")
        self._choices("papers", [(paper.paper_id, paper.title) for paper in papers if paper.paper_id not in agreed])
        reasons = [with_why(str(paper.label), str(paper.hint)) for paper in asked.papers]
        self.fields["papers"].help_text = " ".join(
            [*(f"{one}." for one in reasons), str(self.fields["papers"].help_text)]
        )
        self._choices("writes", [(one.type, one.label) for one in asked.agreement.writes if one.code not in agreed])
        for name in ("items", "papers", "writes"):
            if not self._offered(name):
                del self.fields[name]
        self._choices("months", [(count, _length(count)) for count in asked.agreement.months])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if any(name not in self.fields and self.data.get(name) for name in ("items", "papers", "writes")):
            self.add_error(None, _("Cette page n’offrait pas cette ligne."))
        for paper in self._asked.papers:
            if paper.required and not self._has(paper, cleaned):
                self.add_error(
                    "papers" if "papers" in self.fields else None,
                    _("Il faut au moins un papier : %(kind)s.") % {"kind": paper.label},
                )
        chosen = [*cleaned.get("items", []), *cleaned.get("papers", []), *cleaned.get("writes", [])]
        if not chosen and not self._asked.required and not self._agreed:
            self.add_error(None, _("Cochez au moins une ligne, ou refusez."))
        return cleaned

    @property
    def terms(self) -> Terms:
        data, agreement = self.cleaned_data, self._asked.agreement
        titles: dict[str, list[str]] = {paper.kind: [] for paper in self._asked.papers}
        for paper in self._papers:
            if paper.paper_id in {*data.get("papers", []), *self._agreed}:
                titles.setdefault(paper.kind, []).append(paper.title)
        shown = {**self._held, **{kind: ", ".join(names) for kind, names in titles.items()}}
        return Terms(
            data.get("items", []),
            agreement.modes[0],
            data["months"],
            papers=data.get("papers", []),
            writes=data.get("writes", []),
            shown=shown,
        )

    def _has(self, asked: PaperItem, cleaned: Mapping[str, Any]) -> bool:
        chosen = {*cleaned.get("papers", []), *self._agreed}
        return any(paper.kind == asked.kind and paper.paper_id in chosen for paper in self._papers)

    def _choices(self, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def _offered(self, name: str) -> bool:
        return bool(cast(forms.ChoiceField, self.fields[name]).choices)


def _name_field() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Nom du programme"),
        help_text=gettext_lazy("Seuls vos membres le lisent. Sans nom, vous le reconnaissez à son service."),
        max_length=NAME,
        required=False,
    )


class RenameForm(forms.Form):
    name = _name_field()


class ProgramForm(forms.Form):
    name = _name_field()
    environment = forms.TypedChoiceField(
        label=gettext_lazy("Pour quoi ?"),
        choices=[
            (Environment.LIVE, gettext_lazy("Pour de vrais habitants, comme la ville l’a accordé")),
            (Environment.TEST, gettext_lazy("Pour essayer, avec des personnes fictives")),
        ],
        coerce=Environment,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choisissez une ligne.")},
    )
    redirect_uris = forms.CharField(
        label=gettext_lazy("Adresses de retour"),
        help_text=gettext_lazy("Où l’habitant revient chez vous : une adresse https complète par ligne."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Donnez au moins une adresse de retour.")},
    )

    def __init__(self, *args: Any, sends: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if sends:
            field = cast(forms.TypedChoiceField, self.fields["environment"])
            field.choices = [
                *cast(list[tuple[str, Any]], field.choices),
                (LOTS, _("Pour envoyer des lots à la ville")),
            ]
            field.coerce = str
            self.fields["redirect_uris"].required = False
            self.fields["redirect_uris"].help_text = _(
                "Où l’habitant revient chez vous : une adresse https complète par ligne. Aucune pour des lots."
            )

    @property
    def is_for_lots(self) -> bool:
        return bool(self.cleaned_data["environment"] == LOTS)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("environment") == LOTS:
            cleaned["redirect_uris"] = []
        elif "redirect_uris" in cleaned and not cleaned["redirect_uris"]:
            self.add_error("redirect_uris", _("Donnez au moins une adresse de retour."))
        return cleaned

    def clean_redirect_uris(self) -> list[str]:
        found = [line.strip() for line in self.cleaned_data["redirect_uris"].splitlines() if line.strip()]
        for address in found:
            clients.check_redirect_uri(address)
        return found


class SecurityForm(forms.Form):
    """A program's public keys, and what it requires: all of it is the profile FAPI 2.0."""

    keys = forms.CharField(
        label=gettext_lazy("Clés publiques"),
        help_text=gettext_lazy(
            "Un JWK, ou un ensemble de cinq au plus (JWKS) : P-256, Ed25519 ou RSA. Gardez la clé privée sur votre "
            "serveur."
        ),
        required=False,
        max_length=client_assertions.MOST_KEYS * 8000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    keys_only = forms.BooleanField(
        label=gettext_lazy("Refuser les secrets de ce programme quand il demande un jeton"),
        help_text=gettext_lazy("Les secrets sont encore valables pour les effacements et les événements."),
        required=False,
    )
    pushed_only = forms.BooleanField(
        label=gettext_lazy("Refuser les demandes que ce programme n’a pas déposées d’abord (PAR)"), required=False
    )
    bound_tokens = forms.BooleanField(
        label=gettext_lazy("Lier chaque jeton à une clé (DPoP)"),
        help_text=gettext_lazy("Un jeton volé ne peut alors rien lire sans la clé."),
        required=False,
    )

    def __init__(self, sent: Any, *, client: Client) -> None:  # noqa: ANN401 - a QueryDict, or None
        initial = {
            "keys": client.jwks,
            "keys_only": client.keys_only,
            "pushed_only": client.require_pushed_authorization_requests,
            "bound_tokens": client.dpop_bound_access_tokens,
        }
        super().__init__(sent, initial=initial)
        if client.sends:
            del self.fields["pushed_only"]

    def save(self, client: Client, by: User) -> bool:
        """Write it, and return True; or False, with the error beside the keys."""
        given = {"pushed_only": False, **self.cleaned_data}
        try:
            clients.secure(client=client, by=by, **given)
        except ValidationError as error:
            self.add_error("keys", error)
        return not self.errors


def _line(item: Item, value: str) -> str:
    return with_why(with_value(str(item.label), value), str(item.hint))


def _length(count: int) -> str:
    return ngettext("%(count)s mois", "%(count)s mois", count) % {"count": count}
