"""The agreement by which a resident contributes to a campaign: made from its frozen plan."""

from collections.abc import Iterator
from datetime import date, datetime, time
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise, lazy
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext_lazy as _

from campaigns.contributions.enums import CAMPAIGN_KIND, PREFIX
from campaigns.contributions.withdrawing import forget
from campaigns.noise.plan import Dimension, Measure, Plan, Words
from campaigns.plans.models import Campaign
from vault import types
from vault.records.enums import Mode
from vault.records.grants.agreements import Agreement, Item
from vault.types.spans import add_months

PURPOSE = gettext_noop("Participer à une consultation de la ville, par une copie arrondie")
#: Months after which no grant lasts, whatever the plan says.
LONGEST = 12


def code_of(campaign_id: UUID) -> str:
    return f"{PREFIX}:{campaign_id.hex}"


def campaign_id_of(code: str) -> UUID:
    """Return the campaign that an agreement's code names."""
    return UUID(hex=code.partition(":")[2])


def resolve(id: str) -> Agreement | None:
    """Return the agreement of a campaign by the id in its code, or None without such a campaign."""
    try:
        campaign = Campaign.objects.filter(pk=UUID(hex=id)).exclude(sha256="").first()
    except (ValueError, ValidationError):
        return None
    return made(campaign) if campaign else None


def made(campaign: Campaign) -> Agreement:
    """Return the agreement of a campaign. Raises Forged if its plan was changed."""
    plan = campaign.plan
    return Agreement(
        code=code_of(campaign.pk),
        version=plan.sha256[:12],
        title=said(plan.title),
        purpose=PURPOSE,
        words=(
            said(plan.purpose),
            _("Une copie arrondie part une seule fois, scellée. Personne ne la lit : seuls des totaux sont publiés."),
            _("Rien n’est compté avant sept jours."),
            _(
                "Vous vous retirez quand vous voulez, dans « Mes partages » : votre copie est effacée. Une"
                " publication déjà sortie ne change pas."
            ),
            _("Ne pas participer ne change rien à vos droits ni à vos démarches."),
        ),
        items=tuple(_items(plan)),
        modes=(Mode.KEEP,),
        uses={Mode.KEEP: _("Une copie arrondie, effacée dès qu’elle est comptée ou que vous vous retirez")},
        copied=True,
        typed=True,
        until=ends_at(plan),
        renewable=False,
        recipient_kind=CAMPAIGN_KIND,
        ended=forget,
    )


def ends_at(plan: Plan) -> datetime:
    """Return the end of the plan's retention, twelve months after its opening at most."""
    last = min(add_months(plan.closes, plan.retention_months), add_months(plan.opens, LONGEST))
    return timezone.make_aware(datetime.combine(last, time()))


def is_over(plan: Plan, on: date) -> bool:
    """Return whether the plan's retention has ended: nothing that was given is kept from this day."""
    return timezone.localdate(ends_at(plan)) <= on


def _items(plan: Plan) -> Iterator[Item]:
    """Yield one item for each column that comes from records: the resident may leave any of them out."""
    for one in columns_of(plan):
        if fields := fields_of(one):
            yield Item(one.code, said(one.label), fields)


def columns_of(plan: Plan) -> list[Dimension | Measure]:
    """Return what a row of the plan has one value for each of, in its order."""
    return [*plan.dimensions, *plan.measures]


def fields_of(column: Dimension | Measure) -> tuple[str, ...]:
    """Return the fields of records that a column of the plan reads."""
    named = (column.source, column.to if isinstance(column, Dimension) else None)
    return tuple(field for field in named if field and types.field_exists(field))


def said(words: Words) -> str | Promise:
    """Return the text of the reader's language when it is read."""
    return lazy(lambda: words.in_language(get_language() or "fr"), str)()
