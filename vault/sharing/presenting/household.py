"""The household's pages: its members, the grants each way, the current values of an agreement's items."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.models.rows import check
from core.templatetags.civic import long_date
from vault.journal import sentences
from vault.records.enums import HouseholdRole, Mode
from vault.records.grants import agreements
from vault.records.grants.agreements import Agreement, Item
from vault.records.models import Grant
from vault.records.models.grant import RESIDENT_KIND
from vault.records.values.decrypted import Opened, Values
from vault.records.wording import join_labels, label_value_pairs
from vault.sharing import perms
from vault.sharing.across import shared_facts
from vault.sharing.across.household_access import Circle
from vault.sharing.models import Member, SharedFact


def others(circle: Circle, given: Sequence[Grant], received: Sequence[Grant]) -> list[dict[str, Any]]:
    return [_other(circle.me, other, given, received) for other in circle.others]


def given_grants(circle: Circle) -> list[Grant]:
    """Return the resident's current grants to the members of their household. Requires their scope."""
    ids = [other.resident_id for other in circle.others]
    return list(
        Grant.objects.standing().filter(recipient_kind=RESIDENT_KIND, recipient_id__in=ids).prefetch_related("fields")
    )


def _other(me: Member, other: Member, given: Sequence[Grant], received: Sequence[Grant]) -> dict[str, Any]:
    mine = [grant for grant in given if grant.recipient_id == other.resident_id]
    return {
        "member": other,
        "role": role_words(other),
        "given": [_given(grant) for grant in mine],
        "offers": [
            _offer(agreement, other, mine)
            for agreement in agreements.all_agreements()
            if _may_offer(agreement, me, other)
        ],
        "received": [_received(grant, other) for grant in received if grant.resident_id == other.resident_id],
    }


def role_words(member: Member) -> str:
    return str(HouseholdRole(member.role).label)


def _given(grant: Grant) -> dict[str, Any]:
    agreement = agreements.get(grant.agreement)
    return {
        "title": agreement.title,
        "until": long_date(grant.ends_at),
        "paused": grant.paused_at is not None,
        "href": reverse("sharing:share", args=[grant.pk]),
        "what": join_labels(granted_labels(grant)),
        "how": usage_text(grant),
        "stop": reverse("sharing:stop_sharing", args=[grant.pk]),
        "id": grant.pk,
    }


def granted_labels(grant: Grant) -> list[str]:
    """Return the labels of the granted items; of the fields if no app registers the agreement any more."""
    fields = [row.field for row in grant.fields.all()]
    agreement = agreements.of(grant)
    free = agreement is not None and agreement.free
    named = agreement.named(fields) if agreement is not None else []
    shown = [str(item.label) for item in named] if agreement is not None and not free else sentences.labels(fields)
    count = len(grant.papers.all()) if agreement is not None and (free or agreement.papers) else 0
    papers = [ngettext("%(count)s papier", "%(count)s papiers", count) % {"count": count}] if count else []
    count = len(grant.documents.all()) if free else 0
    made = [ngettext("%(count)s dossier", "%(count)s dossiers", count) % {"count": count}] if count else []
    return [*shown, *papers, *made]


def usage_text(grant: Grant) -> str:
    """Return how the recipient uses the values, in the agreement's own words if it has any."""
    agreement = agreements.of(grant)
    mode = Mode(grant.mode)
    if agreement is not None and mode in agreement.uses:
        return str(agreement.uses[mode])
    if mode == Mode.COUNT:
        return _("Les valeurs sont comptées, sans être montrées")
    if mode == Mode.LOOK:
        return _("Les valeurs sont regardées, rien n’est gardé")
    if grant.keep_days is None:
        return _("Une copie est gardée jusqu’à la fin")
    return ngettext("Une copie est gardée %(count)s jour", "Une copie est gardée %(count)s jours", grant.keep_days) % {
        "count": grant.keep_days
    }


def _may_offer(agreement: Agreement, me: Member, other: Member) -> bool:
    return agreement.recipient_kind == RESIDENT_KIND and perms.may_agree_with(agreement.role, me, other)


def _offer(agreement: Agreement, other: Member, mine: Sequence[Grant]) -> dict[str, Any]:
    again = any(grant.agreement == agreement.code for grant in mine)
    return {
        "label": _("Revoir l’accord : %(title)s") % {"title": agreement.title} if again else agreement.title,
        "href": reverse("sharing:agree", args=[other.pk, agreement.code]),
    }


def _received(grant: Grant, other: Member) -> dict[str, Any]:
    agreement = agreements.get(grant.agreement)
    url_name = agreement.use_url or "sharing:shared_with_me"
    return {
        "label": agreement.received or agreement.title,
        "text": _("Jusqu’au %(day)s") % {"day": long_date(grant.ends_at)},
        "action_href": reverse(url_name, args=[] if agreement.use_url else [other.pk]),
        "action": _("Ouvrir") if agreement.use_url else _("Voir"),
    }


# The current values of an agreement


def values_by_item(agreement: Agreement, values: Values) -> dict[str, str]:
    """Return the current values of each item as one text, by the item's code."""
    return {item.code: _held(item, values) for item in agreement.items}


def _held(item: Item, values: Values) -> str:
    texts = []
    for code in dict.fromkeys(field.partition("#")[0] for field in item.fields):
        records = values.of_type(code)
        if records:
            texts.append(_newest_words(records, item))
    return "\u00a0; ".join(text for text in texts if text)


def _newest_words(records: Sequence[Opened], item: Item) -> str:
    newest = records[-1]
    pairs = label_value_pairs(newest.type, newest.payload, item.fields)
    named = [_("%(what)s : %(value)s") % {"what": label, "value": text} for label, text in pairs]
    words = ", ".join(named if len(item.fields) > 1 else [text for _label, text in pairs])
    others = len(records) - 1
    if not others or not words:
        return words
    more = ngettext("et %(count)s autre plus ancien", "et %(count)s autres plus anciens", others) % {"count": others}
    return f"{words} ({more})"


# Facts shared by other members


def active_facts(circle: Circle, giver: Member) -> list[SharedFact]:
    """Return the copies received from `giver` whose grant is active now.

    Raises:
        Forged: a copy, or its grant, is not as the portal wrote it.
    """
    facts = list(SharedFact.objects.filter(own=False, member=circle.me).order_by("pk"))
    check(*facts)
    active = shared_facts.active_grants([fact.grant_id for fact in facts], giver_id=giver.resident_id)
    return [fact for fact in facts if fact.grant_id in active]


def fact_rows(note: Mapping[str, Any], agreement: Agreement) -> list[dict[str, str]]:
    item = next((item for item in agreement.items if item.code == note["item"]), None)
    fields = item.fields if item else ()
    return [
        {"key": label, "value": text}
        for record in note["records"]
        for label, text in label_value_pairs(record["type"], record["payload"], fields)
    ]
