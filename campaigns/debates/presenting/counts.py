"""The count of a vote as pages and files show it."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.contributions.models import Publication
from campaigns.debates import standing
from campaigns.debates.enums import Choice, Outcome
from campaigns.debates.models import Vote
from core import canonical
from core.pages.charts import Bar, Chart, bars
from core.templatetags.civic import number


@dataclass(frozen=True)
class Counted:
    """One proposal with its count."""

    id: str
    title: str
    counts: dict[str, int]

    @property
    def wins(self) -> bool:
        return self.counts[Choice.FOR] > self.counts[Choice.AGAINST]

    @property
    def verdict(self) -> str:
        if self.counts[Choice.FOR] == self.counts[Choice.AGAINST]:
            return _("À égalité")
        return _("Approuvée") if self.wins else _("Rejetée")

    @property
    def kind(self) -> str:
        return "ok" if self.wins else "expired"

    @property
    def chart(self) -> Chart:
        items = [
            Bar(choice.label, self.counts[choice], "c1" if choice == Choice.FOR else "c5")
            for choice in (Choice.FOR, Choice.AGAINST, Choice.NONE)
        ]
        title = _("Voix sur « %(title)s »") % {"title": self.title}
        return bars(items=items, show=number, title=title, label_head=_("Choix"), value_head=_("Voix"))


def document_of(row: Publication) -> dict[str, Any]:
    document: dict[str, Any] = canonical.decode(row.document.encode())
    return document


def as_file(row: Publication, vote: Vote) -> bytes:
    """Return the file that `manage.py verify_vote` verifies, with the texts that nobody set aside since."""
    content = {
        "publication": document_of(row),
        "sha256": row.sha256,
        "note": row.note,
        "texts": shown_options(vote),
    }
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def shown_options(vote: Vote) -> list[dict[str, str]]:
    """Return the proposals of a vote, without those that were set aside since, unless an appeal put them back."""
    hidden = {str(one.post_id) for one in standing.set_aside(vote.campaign) if not one.upheld}
    return [one for one in vote.options if one["id"] not in hidden]


def is_void(document: dict[str, Any]) -> bool:
    return bool(document["outcome"] == Outcome.VOID)


def dropped(document: dict[str, Any]) -> str:
    """Return in a sentence how many ballots disappeared before the count, or that nobody knows; "" if none did."""
    count = document.get("dropped", 0)
    if count is None:
        return _("Le registre de la ville a été altéré : nous ne savons pas combien de bulletins ont disparu.")
    if not count:
        return ""
    text = ngettext(
        "%(count)s bulletin déposé a disparu de l’urne ou a été modifié avant le décompte.",
        "%(count)s bulletins déposés ont disparu de l’urne ou ont été modifiés avant le décompte.",
        count,
    )
    return text % {"count": number(count)}


def proposals(document: dict[str, Any], vote: Vote) -> list[Counted]:
    """Return the proposals with their counts, the most approved first."""
    titles = {one["id"]: one["title"] for one in shown_options(vote)}
    pairs = zip(document["options"], document["counts"], strict=True)
    found = [Counted(one["id"], titles.get(one["id"]) or _("Texte écarté depuis"), counts) for one, counts in pairs]
    return sorted(found, key=lambda one: one.counts[Choice.AGAINST] - one.counts[Choice.FOR])


def headline(found: list[Counted]) -> str:
    """Return the finding as a sentence."""
    won = [one for one in found if one.wins]
    if not won:
        return _("Aucune proposition n’est approuvée")
    if len(won) == 1:
        return _("« %(title)s » est approuvée") % {"title": won[0].title}
    return _("%(count)s propositions sont approuvées") % {"count": number(len(won))}


def lede(document: dict[str, Any]) -> str:
    in_all = document["ballots"]["in_all"]
    text = ngettext("%(count)s personne a voté.", "%(count)s personnes ont voté.", in_all)
    return text % {"count": number(in_all)}


def facts(document: dict[str, Any]) -> list[dict[str, str]]:
    """Return how the ballots were counted."""
    ballots = document["ballots"]
    rows = [
        {"key": _("En ligne"), "value": number(ballots["in_all"] + ballots["unreadable"] - ballots["on_paper"])},
        {"key": _("Sur papier"), "value": number(ballots["on_paper"])},
    ]
    if ballots["unreadable"]:
        rows.append({"key": _("Illisibles"), "value": number(ballots["unreadable"])})
    if document.get("dropped") is not None:
        value = number(document["dropped"]) if document["dropped"] else _("Aucun. Leur nombre est scellé chaque nuit.")
        rows.append({"key": _("Bulletins disparus"), "value": value})
    rows.append(
        {
            "key": _("Bulletin compté"),
            "value": _("Un bulletin par personne : celui sur papier, sinon le dernier en ligne."),
        }
    )
    rows.append({"key": _("Clé"), "value": _("Détruite avec les bulletins, au moment du décompte.")})
    return rows
