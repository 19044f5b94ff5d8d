from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class VaultConfig(AppConfig):
    name = "vault"
    verbose_name = _("Coffre")

    def ready(self) -> None:
        from accounts import pivot
        from core import backups, home, jobs, menu
        from core import leaving as registry
        from vault import (
            agreements,
            checks_at_start,  # noqa: F401 - registers itself
            entrusting,
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
        from vault.models.emergency import EMERGENCY_KIND
        from vault.models.grant import LINK_KIND, RESIDENT_KIND
        from vault.models.mandate import COMPANION_KIND

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
        agreements.register(shared_facts.AGREEMENT)
        agreements.register(entrusting.AGREEMENT)
        agreements.register(entrusting.APPOINTMENT_AGREEMENT)
        agreements.register(entrusting.EMERGENCY_AGREEMENT)
        recipients.register(recipients.RecipientKind(EMERGENCY_KIND, _("un agent de la ville, en urgence"), never_again))
        recipients.register(recipients.RecipientKind(RESIDENT_KIND, _("une personne de votre foyer"), agree_again))
        recipients.register(recipients.RecipientKind(COMPANION_KIND, _("une personne qui vous accompagne"), never_again))
        backups.register("shares", backups.Part(save=None, replay=pause_all, if_lost=True))
        agreements.register(links.AGREEMENT)
        recipients.register(recipients.RecipientKind(LINK_KIND, _("par un lien et un code"), no_more))
        pivot.register("vault:keep_identity")
        waiting = {
            "antivirus_silent": _(
                "L’antivirus de la ville ne répond pas. Votre papier attend, rien n’est perdu : nous réessayons chaque minute."
            ),
            "antivirus_limit": _(
                "L’antivirus de la ville n’accepte pas encore un fichier de cette taille. La ville est prévenue, votre papier attend."
            ),
        }
        jobs.register(
            "read_paper",
            task="vault.tasks.read_paper",
            queue="documents",
            label=_("Nous lisons votre papier"),
            done_url=lambda job: reverse("vault:confirm_paper", args=[job.subject_id]),
            problems=waiting,
        )
        jobs.register(
            "pull_connection",
            task="vault.tasks.pull_connection",
            queue="documents",
            label=_("Nous demandons vos données"),
            done_url=lambda job: reverse("vault:connection", args=[job.subject_id]),
            cancelled=_("Arrêté. Ce qui était déjà reçu reste dans votre coffre."),
        )
        jobs.register(
            "read_side",
            task="vault.tasks.read_side",
            queue="documents",
            label=_("Nous contrôlons ce fichier"),
            done_url=lambda job: reverse("vault:paper", args=[job.subject_id]),
            problems=waiting,
        )
        jobs.register(
            "keep_data",
            task="vault.tasks.keep_data",
            queue="documents",
            label=_("Nous rangeons vos données"),
            done_url=lambda job: reverse("vault:paper", args=[job.subject_id]),
            problems={"unreadable": _("Le fichier n’a pas pu être relu. Rien n’a été rangé : vous pouvez réessayer.")},
        )
        jobs.register(
            "export",
            task="vault.tasks.make_export",
            queue="documents",
            label=_("Nous préparons la copie de vos données"),
            done_url=lambda job: reverse("vault:take_away"),
        )
