"""Holders that send lots by themselves: what the city allowed and the resident accepted. Nothing is called."""

from collections.abc import Iterator, Mapping, Sequence

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from vault import types
from vault.holders.connectors.frame import Call, Connector, Dataset, Link, Offer
from vault.holders.models import Sender
from vault.records.content import holder_catalogue

WHY = _("Retrouver ici ce que cet organisme sait de vous, sans rien recopier.")
SENT = _("Rien. L’organisme vous connaît ici par un nom fait pour lui seul, qui ne dit pas qui vous êtes.")
LAW = _("Vous pouvez demander vos données à un organisme, et les recevoir (RGPD, articles 15 et 20).")
STAYS = _("Selon les conditions de cet organisme, ce qu’il envoie ne va à aucun service.")
BY_HAND = _("Vous pouvez ajouter le papier vous-même, ou demander vos données par lettre.")


class Push(Connector):
    code = "push"
    settings: Mapping[str, str] = {}
    pushes = True

    @property
    def offers(self) -> Sequence[Offer]:  # type: ignore[override]  # the city allows a sender as data, not as code
        """Return an offer for each holder that the city allows to send. One query."""
        return [offer_of(sender) for sender in Sender.objects.filter(ended_at=None)]

    def calls(self, config: Mapping[str, str], link: Link) -> Iterator[Call]:
        return iter(())


def offer_of(sender: Sender) -> Offer:
    known = {one.code: one for one in types.all_types()}
    datasets = [Dataset(code, known[code].title, (code,)) for code in sender.types if code in known]
    law = format_lazy("{} {}", LAW, STAYS) if sender.stays else LAW
    return Offer(sender.holder, holder_catalogue.name(sender.holder), WHY, datasets, SENT, law, by_hand=BY_HAND)


CONNECTOR = Push()
