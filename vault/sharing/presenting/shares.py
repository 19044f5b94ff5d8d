"""A resident's shares: cards, details, values read, history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models.rows import check
from core.templatetags.civic import clock, long_date, month, short_date
from vault import types
from vault.holders.models import Connection
from vault.holders.presenting import connections as connection_words
from vault.journal import sentences
from vault.records.enums import GrantState, Happened
from vault.records.grants import agreements, documents, recipients
from vault.records.grants.agreements import Agreement
from vault.records.grants.recipient_names import Names, names_of
from vault.records.grants.recipients import Halt
from vault.records.models import Grant, GrantEvent, GrantReading, PaperKind
from vault.records.values.decrypted import Values
from vault.records.wording import join_labels, label_value_pairs
from vault.sharing.enums import Act
from vault.sharing.models import DeskVisit, Mandate
from vault.sharing.presenting.household import granted_labels, usage_text

#: Up to this many reading times are listed one by one; more are counted.
TIMES = 3
#: A grant that lasts at most this long is shown with its hours.
A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Share:
    """One grant, as a card or a page shows it."""

    id: str
    who: str
    kind: str
    why: str
    what: str
    how: str
    until: str
    last: str
    tag: str
    tag_kind: str
    stands: bool
    paused: bool
    unused: bool
    href: str
    stop: str
    halt: Halt | None = None


def share(grant: Grant) -> Share:
    return shares_of([grant])[0]


def shares_of(grants: Iterable[Grant]) -> list[Share]:
    """Build one `Share` per grant; all must belong to one resident."""
    found = list(grants)
    names, halts = names_of(found), recipients.halts(found)
    return [_share(grant, names[grant.pk], halts.get(grant.pk)) for grant in found]


def _share(grant: Grant, names: Names, halt: Halt | None) -> Share:
    tag, tag_kind = (halt.tag, "soon") if halt else _tag(grant)
    return Share(
        id=str(grant.pk),
        who=names.who,
        kind=_kind(grant),
        why=names.title or title(grant),
        what=join_labels(granted_labels(grant)),
        how=usage_text(grant),
        until=_until(grant),
        last=_last(grant),
        tag=tag,
        tag_kind=tag_kind,
        stands=grant.stands,
        paused=grant.state == GrantState.PAUSED,
        unused=grant.unused,
        href=reverse("sharing:share", args=[grant.pk]),
        stop=reverse("sharing:stop_sharing", args=[grant.pk]),
        halt=halt,
    )


def title(grant: Grant) -> str:
    return agreements.title_of(grant) or _(grant.purpose)


def facts(grant: Grant) -> list[dict[str, str]]:
    """Return the rows of a share's own page."""
    card = share(grant)
    rows = [
        (_("Avec"), _("%(who)s, %(kind)s") % {"who": card.who, "kind": card.kind} if card.kind else card.who),
        (_("Pourquoi"), names_of([grant])[grant.pk].why or _(grant.purpose)),
        (_("Quoi"), card.what),
        (_("Comment"), card.how),
        (_("Actes permis"), _acts(grant)),
        (_("Empreinte du formulaire signé"), _form(grant)),
        (_("Combien de lectures"), _rhythm(grant)),
        (
            _("Ouvert") if grant.in_emergency else _("Accord donné"),
            _("le %(day)s, %(channel)s") % {"day": _moment(grant.starts_at), "channel": grant.get_channel_display()},
        ),
        (_("Jusqu’à quand"), card.until),
        (_("Dernière lecture"), card.last),
    ]
    return [{"key": key, "value": value} for key, value in rows if value]


def ended_line(card: Share) -> dict[str, str]:
    """Return a row for `components/lines.html`."""
    return {
        "label": _("%(who)s : %(why)s") % {"who": card.who, "why": card.why},
        "href": card.href,
        "text": card.until,
        "tag": card.tag,
        "tag_kind": card.tag_kind,
    }


def home_lines(grants: Sequence[Grant]) -> list[dict[str, str]]:
    """Return rows for the home page, which do not say what is shared, with a link to the page that asks whether to
    stop.
    """
    names, halts = names_of(grants), recipients.halts(grants)
    return [_home_line(grant, names[grant.pk], halts.get(grant.pk)) for grant in grants]


def _home_line(grant: Grant, names: Names, halt: Halt | None) -> dict[str, str]:
    return {
        "label": _("%(who)s : %(why)s") % {"who": names.who, "why": names.title or title(grant)},
        "href": reverse("sharing:share", args=[grant.pk]),
        "text": halt.tag if halt else _tag(grant)[0],
        "action": _("Arrêter"),
        "action_href": reverse("sharing:stop_sharing", args=[grant.pk]),
    }


def connection_rows(found: Iterable[Connection]) -> list[dict[str, str]]:
    """Return one row per connection to a holder. They are no shares, but residents look for them on the same page."""
    rows = []
    for connection in found:
        tag, tag_kind = connection_words.state(connection)
        href = reverse("holders:connection", args=[connection.pk])
        text = connection_words.until(connection)
        rows.append(
            {"label": connection_words.title(connection), "href": href, "text": text, "tag": tag, "tag_kind": tag_kind}
        )
    return rows


def revoked(grant: Grant, events: Iterable[GrantEvent]) -> Halt | None:
    """Return why the city ended a grant, or None if it did not."""
    if not any(event.happened == Happened.REVOKED for event in events):
        return None
    return recipients.get(grant.recipient_kind).revoked(grant)


def history(events: Iterable[GrantEvent]) -> list[dict[str, str]]:
    """Return one row per event, in the given order, each with its receipt if it has one.

    Raises:
        Forged: the portal did not write an event as it is.
    """
    events = list(events)
    check(*events)
    rows = []
    for event in events:
        happened = Happened(event.happened)
        opened = happened == Happened.GIVEN and event.grant.in_emergency
        label = _("Ouvert en urgence, par deux agents") if opened else str(happened.label)
        row = {"label": label, "text": _moment(event.at)}
        if event.lines:
            row["label"] = _("Retiré : %(what)s") % {"what": join_labels(line_labels(event.lines))}
        if happened.has_receipt:
            row |= {
                "action": _("Télécharger le reçu"),
                "action_href": reverse("sharing:receipt", args=[event.grant_id, event.pk]),
            }
        rows.append(row)
    return rows


def line_labels(ids: Sequence[str]) -> list[str]:
    """Return fields by their labels; papers and documents, which may be gone, are counted."""
    fields = [id for id in ids if "#/" in id]
    count = len(ids) - len(fields)
    papers = [ngettext("%(count)s papier", "%(count)s papiers", count) % {"count": count}] if count else []
    return [*sentences.labels(fields), *papers]


def chosen(grant: Grant, agreement: Agreement) -> list[str]:
    """Return the codes of the granted items. Requires the resident's scope."""
    return [item.code for item in agreement.named([row.field for row in grant.fields.all()])]


def may_renew(grant: Grant, agreement: Agreement | None) -> bool:
    """Return True if the agreement may be renewed in one step, with no field that was not granted before."""
    if agreement is None or not agreement.renewable:
        return False
    fields = {row.field for row in grant.fields.all()}
    needed = {field for item in agreement.chosen(chosen(grant, agreement)) for field in item.fields}
    return bool(needed) and needed <= fields and grant.mode in agreement.modes


def held_rows(agreement: Agreement, codes: Sequence[str], held: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": str(item.label), "value": held[item.code] or "–"} for item in agreement.chosen(codes)]


def record_rows(values: Values, fields: Sequence[str]) -> list[dict[str, str]]:
    """Return one row per record that a reading would return now, newest first."""
    found = [(_type(record.type), _words(record.type, record.payload, fields)) for record in reversed(values)]
    return [{"key": kind, "value": words} for kind, words in found if words]


def received_rows(readings: Sequence[GrantReading], opened: Sequence[Values]) -> list[list[str]]:
    """Return table rows [type, values, read times], one per distinct value.

    Args:
        readings: newest first; rows keep this order.
        opened: the values of each reading, in the same order.

    Raises:
        ValueError: the sequences differ in length.
    """
    times: dict[tuple[str, str], list[datetime]] = {}
    kinds = paper_kinds(readings)
    for reading, values in zip(readings, opened, strict=True):
        if reading.paper_kind:
            times.setdefault((_("Papier"), kinds.get(reading.paper_kind, _("Un papier"))), []).append(reading.at)
        for record in reversed(values):
            words = _words(record.type, record.payload, reading.fields)
            if words:
                times.setdefault((_type(record.type), words), []).append(reading.at)
    return [[kind, words, _times(moments)] for (kind, words), moments in times.items()]


def paper_kinds(readings: Iterable[GrantReading]) -> dict[str, str]:
    codes = {reading.paper_kind for reading in readings} - {""}
    return (
        documents.labels() | {kind.code: kind.label for kind in PaperKind.objects.filter(code__in=codes)}
        if codes
        else {}
    )


def agreement_snapshot(note: Mapping[str, Any]) -> dict[str, Any]:
    """Return the context of an agreement's page as the resident read it."""
    rows = [{"key": item["label"], "value": item["shown"] or "–"} for item in note["items"] if item["chosen"]]
    refused = [item["label"] for item in note["items"] if not item["chosen"]]
    return {"title": note["title"], "words": note["words"], "rows": rows, "refused": refused}


def _words(type_code: str, payload: Mapping[str, Any], fields: Sequence[str]) -> str:
    pairs = label_value_pairs(type_code, payload, fields)
    return ", ".join(_("%(what)s : %(value)s") % {"what": label, "value": text} for label, text in pairs)


def _kind(grant: Grant) -> str:
    try:
        return str(recipients.get(grant.recipient_kind).label)
    except KeyError:
        return ""


def _tag(grant: Grant) -> tuple[str, str]:
    state = grant.state
    if state == GrantState.PAUSED:
        return _("En pause"), "declared"
    if state in {GrantState.STOPPED, GrantState.OVER}:
        return str(state.label), "expired"
    if state == GrantState.TO_COME:
        return _("Commence le %(day)s") % {"day": short_date(grant.starts_at)}, ""
    if grant.ends_at - grant.starts_at <= A_DAY:
        return _("Jusqu’à %(hour)s") % {"hour": clock(grant.ends_at)}, "fresh"
    until = {"day": short_date(grant.ends_at)}
    return (
        (_("Se termine le %(day)s") % until, "soon") if grant.ends_soon else (_("Jusqu’au %(day)s") % until, "fresh")
    )


def _until(grant: Grant) -> str:
    """Return when a share ends or ended. A parting, dated at the end of its month, shows only the month."""
    if grant.stopped_at is not None and grant.stopped_at > timezone.now():
        return _("A pris fin en %(month)s") % {"month": month(timezone.localdate())}
    if grant.state == GrantState.STOPPED and grant.stopped_at is not None:
        return _("Arrêté le %(day)s") % {"day": _moment(grant.stopped_at)}
    if grant.state == GrantState.OVER:
        return _("Terminé le %(day)s") % {"day": long_date(min(grant.ends_at, timezone.now()))}
    until = _moment(grant.ends_at) if grant.ends_at - grant.starts_at <= A_DAY else long_date(grant.ends_at)
    return _("Jusqu’au %(day)s. Rien ne se renouvelle tout seul.") % {"day": until}


def _last(grant: Grant) -> str:
    agreement = agreements.of(grant)
    if agreement is not None and agreement.copied:
        return _("Copie remise le %(day)s") % {"day": long_date(grant.starts_at)}
    if grant.last_used_at is None:
        return _("Jamais lu")
    return _moment(grant.last_used_at)


def _acts(grant: Grant) -> str:
    """Return the acts of a mandate or a desk visit, in words."""
    mandate = Mandate.objects.filter(grant=grant).first() or DeskVisit.objects.filter(grant=grant).first()
    return join_labels([str(Act(code).label) for code in mandate.acts]) if mandate else ""


def _form(grant: Grant) -> str:
    """Return the SHA-256 of the scan of a mandate signed on paper."""
    return Mandate.objects.filter(grant=grant).values_list("form_sha256", flat=True).first() or ""


def _rhythm(grant: Grant) -> str:
    if grant.once:
        return _("Une seule")
    if grant.at_most_every is None:
        return ""
    hours = int(grant.at_most_every.total_seconds() // 3600)
    return ngettext("Une par heure au plus", "Une toutes les %(count)s heures au plus", hours) % {"count": hours}


def _moment(at: datetime) -> str:
    return _("%(day)s à %(hour)s") % {"day": long_date(at), "hour": clock(at)}


def _times(moments: Sequence[datetime]) -> str:
    if len(moments) <= TIMES:
        return ", ".join(_moment(at) for at in moments)
    values = {"count": len(moments), "first": _moment(min(moments)), "last": _moment(max(moments))}
    return _("%(count)s fois, du %(first)s au %(last)s") % values


def _type(code: str) -> str:
    try:
        return types.get(code).title
    except types.UnknownType:
        return code
