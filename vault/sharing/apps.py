from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SharingConfig(AppConfig):
    name = "vault.sharing"
    verbose_name = _("Partages")

    def ready(self) -> None:
        self._register_recipients()
        self._register_pages()

    def _register_recipients(self) -> None:
        from vault.records.grants import agreements
        from vault.records.grants.recipients import Erasing, RecipientKind, register
        from vault.records.models.grant import RESIDENT_KIND
        from vault.sharing import link_words
        from vault.sharing.actions.household import agree_again
        from vault.sharing.actions.links import no_more
        from vault.sharing.actions.mandates import never_again
        from vault.sharing.agreements import entrusting, links, shared_facts
        from vault.sharing.models.desk import DESK_KIND
        from vault.sharing.models.emergency import EMERGENCY_KIND
        from vault.sharing.models.link import LINK_KIND
        from vault.sharing.models.mandate import COMPANION_KIND
        from vault.sharing.presenting import contacts

        for agreement in (
            shared_facts.AGREEMENT,
            entrusting.AGREEMENT,
            entrusting.APPOINTMENT_AGREEMENT,
            entrusting.DESK_AGREEMENT,
            entrusting.EMERGENCY_AGREEMENT,
            links.AGREEMENT,
        ):
            agreements.register(agreement)
        register(RecipientKind(RESIDENT_KIND, _("une personne de votre foyer"), agree_again))
        for kind, label in {
            DESK_KIND: _("un agent de la ville, au guichet"),
            EMERGENCY_KIND: _("un agent de la ville, en urgence"),
        }.items():
            register(RecipientKind(kind, label, never_again, erasing=Erasing.LETTER, contact=contacts.of_agent))
        register(
            RecipientKind(
                COMPANION_KIND,
                _("une personne qui vous accompagne"),
                never_again,
                erasing=Erasing.PAGE,
                contact=contacts.of_companion,
            )
        )
        register(
            RecipientKind(
                LINK_KIND,
                _("par un lien et un code"),
                no_more,
                written=link_words.written,
                erasing=Erasing.LETTER,
                contact=contacts.of_visitor,
            )
        )

    def _register_pages(self) -> None:
        from core import leaving as registry
        from core.pages import home, menu
        from vault.sharing import leaving
        from vault.sharing.home import at_desk, blocks, companions_start, in_this_city

        menu.register(_("Mon foyer"), "sharing:household", order=30)
        menu.register(_("Mes partages"), "sharing:shares", order=40)
        menu.register(_("Me faire accompagner"), "sharing:helpers", order=50)
        menu.register(_("Personnes accompagnées"), "sharing:accompanying", place=menu.Place.COMPANION, order=10)
        menu.register(_("Rendez-vous"), "sharing:enter_appointment", place=menu.Place.COMPANION, order=20)
        menu.register(_("Guichet"), "sharing:desk", place=menu.Place.AGENT, order=10, shown=at_desk)
        menu.register(
            _("Accès d’urgence"), "sharing:emergencies", place=menu.Place.AGENT, order=20, shown=in_this_city
        )
        menu.register(_("En chiffres"), "sharing:totals", place=menu.Place.AGENT, order=50)
        home.register(blocks)
        home.register_start(companions_start)
        registry.register(leaving.APP)
