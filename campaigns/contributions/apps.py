from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

#: The sentences of the journal.
SENTENCES = {
    "contribution_sent": _("Une copie arrondie est partie, scellée, pour une consultation de « %(recipient)s »."),
    "group_joined": _("Vous avez rejoint le groupe invité d’une consultation, avec un code."),
}


class ContributionsConfig(AppConfig):
    name = "campaigns.contributions"
    verbose_name = _("Contributions aux consultations")

    def ready(self) -> None:
        from campaigns.contributions import agreements, leaving, opening, recipient, sealing
        from campaigns.contributions.actions import following
        from campaigns.contributions.backing_up import PART
        from campaigns.contributions.enums import CAMPAIGN_KIND, PREFIX, QUEUE
        from campaigns.contributions.presenting import campaign
        from campaigns.plans.opening import Preparation
        from campaigns.plans.opening import register as register_preparation
        from campaigns.plans.presenting import ways
        from core import leaving as registry
        from core.keys import protect
        from core.operations import backups, health, key_rotation
        from vault.journal import sentences
        from vault.records.grants import agreements as known
        from vault.records.grants import recipients
        from vault.sharing.presenting import desk

        known.register_prefix(PREFIX, agreements.resolve)
        recipients.register(
            recipients.RecipientKind(
                CAMPAIGN_KIND,
                _("une consultation de la ville"),
                recipient.never_again,
                refusal=recipient.refusal,
                contact=recipient.contact,
                may_have_closed=False,
            )
        )
        recipients.listen(CAMPAIGN_KIND, recipient.on_event)
        register_preparation("contributions", Preparation(opening.refusal, opening.prepare))
        ways.register("contributions", campaign.way_to_take_part)
        ways.say(campaign.milestone)
        desk.register_more("consultations", campaign.lines_at_desk)
        for event, sentence in SENTENCES.items():
            sentences.register(event, sentence)
        for keeper in sealing.KEEPERS:
            protect.register(keeper)
        for table in ("keystore.campaign_key", "campaigns.arrival", "campaigns.contribution"):
            key_rotation.register_table(table)
        health.register_queue(QUEUE, needed=following.is_needed)
        backups.register("contributions", PART)
        registry.register(leaving.APP)
