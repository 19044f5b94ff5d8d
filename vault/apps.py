from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class VaultConfig(AppConfig):
    name = "vault"
    verbose_name = _("Coffre")

    def ready(self) -> None:
        from accounts import pivot
        from core import backups, home, menu
        from core import leaving as registry
        from vault import (
            agreements,
            checks_at_start,  # noqa: F401 - registers itself
            entrusting,
            job_kinds,
            leaving,
            links,
            recipients,
            shared_facts,
        )
        from vault.actions.household import agree_again
        from vault.actions.links import no_more
        from vault.actions.mandates import never_again
        from vault.actions.restoring import pause_all
        from vault.home import blocks, companions_start
        from vault.models.desk import DESK_KIND
        from vault.models.emergency import EMERGENCY_KIND
        from vault.models.grant import LINK_KIND, RESIDENT_KIND
        from vault.models.mandate import COMPANION_KIND

        for agreement in (
            shared_facts.AGREEMENT,
            entrusting.AGREEMENT,
            entrusting.APPOINTMENT_AGREEMENT,
            entrusting.DESK_AGREEMENT,
            entrusting.EMERGENCY_AGREEMENT,
            links.AGREEMENT,
        ):
            agreements.register(agreement)
        for kind, label, again in (
            (RESIDENT_KIND, _("une personne de votre foyer"), agree_again),
            (COMPANION_KIND, _("une personne qui vous accompagne"), never_again),
            (DESK_KIND, _("un agent de la ville, au guichet"), never_again),
            (EMERGENCY_KIND, _("un agent de la ville, en urgence"), never_again),
            (LINK_KIND, _("par un lien et un code"), no_more),
        ):
            recipients.register(recipients.RecipientKind(kind, label, again))
        menu.register(_("Mon coffre"), "vault:home", order=10)
        menu.register(_("Mon foyer"), "vault:household", order=30)
        menu.register(_("Mes partages"), "vault:shares", order=40)
        menu.register(_("Me faire accompagner"), "vault:helpers", order=50)
        menu.register(_("Personnes accompagnées"), "vault:accompanying", place=menu.Place.COMPANION, order=10)
        menu.register(_("Rendez-vous"), "vault:enter_appointment", place=menu.Place.COMPANION, order=20)
        menu.register(_("Journal"), "vault:journal", order=90)
        menu.register(_("Ce que le coffre peut contenir"), "vault:data_types", place=menu.Place.RIGHTS, order=20)
        home.register(blocks)
        home.register_start(companions_start)
        registry.register(leaving.APP)
        backups.register("shares", backups.Part(save=None, replay=pause_all, if_lost=True))
        pivot.register("vault:keep_identity")
        job_kinds.register()
