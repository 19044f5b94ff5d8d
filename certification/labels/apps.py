from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

#: The sentences of the journal.
SENTENCES = {
    "complaint_sent": _("Vous avez signalé à la ville un problème avec « %(recipient)s »."),
    "complaint_opened": _("Vous avez relu un signalement."),
    "complaint_read": _("Un agent a lu votre signalement sur « %(recipient)s », sans votre nom."),
    "grant_revoked": _(
        "« %(recipient)s » : la ville a retiré son autorisation, votre accord est terminé. "
        "Ce service ne peut plus rien lire."
    ),
    "complaint_answered": _("La ville a répondu à votre signalement sur « %(recipient)s »."),
}


class LabelsConfig(AppConfig):
    name = "certification.labels"
    verbose_name = _("Services")

    def ready(self) -> None:
        from accounts.actions import city_decisions
        from certification.labels import agreements, leaving, perms, recipient
        from certification.labels.actions import holder_contacts
        from certification.labels.enums import PREFIX, SERVICE_KIND
        from certification.labels.models.evidence import KEEPER
        from core import leaving as registry
        from core.keys import protect
        from core.operations import key_rotation
        from core.pages import home, menu
        from vault.journal import sentences
        from vault.records.enums import RefusalCode
        from vault.records.grants import agreements as known
        from vault.records.grants.recipients import Erasing, RecipientKind, listen, register
        from vault.sharing.actions.erasures import ask_at_withdrawal

        protect.register(KEEPER)
        key_rotation.register_table("keystore.publisher_key")
        known.register_prefix(PREFIX, agreements.resolve)
        register(
            RecipientKind(
                SERVICE_KIND,
                _("un service vérifié"),
                recipient.never_again,
                refusal=recipient.refusal,
                lock_key=recipient.lock_of,
                halts=recipient.halts,
                revoked=recipient.revoked,
                erasing=Erasing.PROGRAM,
                contact=recipient.contact,
                may_have_closed=False,
            )
        )
        listen(SERVICE_KIND, ask_at_withdrawal)
        sentences.register_refusal(
            RefusalCode.LABEL,
            _("Une lecture par « %(recipient)s » a été refusée : la ville ne la permet pas, ou plus."),
        )
        sentences.register_refusal(
            RefusalCode.WITHDRAWN,
            _("Une lecture par « %(recipient)s » a été refusée : la ville a retiré son autorisation."),
        )
        for event, sentence in SENTENCES.items():
            sentences.register(event, sentence)
        menu.register(_("Services vérifiés"), "labels:catalogue", place=menu.Place.RIGHTS, order=50)
        menu.register(_("Vos services"), "labels:publisher", place=menu.Place.PUBLISHER, order=10)
        menu.register(_("Services"), "labels:inbox", place=menu.Place.AGENT, order=30)
        home.register_start(perms.publishers_start)
        registry.register(leaving.APP)
        city_decisions.register(holder_contacts.CODE, holder_contacts.SETTING)
