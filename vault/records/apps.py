from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordsConfig(AppConfig):
    name = "vault.records"
    verbose_name = _("Coffre")

    def ready(self) -> None:
        from accounts.actions import city_decisions
        from accounts.sign_in import pivot
        from core import leaving as registry
        from core.operations import backups
        from core.pages import home, menu
        from vault.records import (
            checks_at_start,  # noqa: F401 - registers itself
            job_kinds,
            leaving,
        )
        from vault.records.actions import holder_addresses, offering
        from vault.records.actions.restoring import pause_all
        from vault.records.home import blocks

        menu.register(_("Mon coffre"), "records:home", order=10)
        menu.register(_("Ce que le coffre peut contenir"), "records:data_types", place=menu.Place.RIGHTS, order=20)
        home.register(blocks)
        registry.register(leaving.APP)
        city_decisions.register(holder_addresses.CODE, holder_addresses.SETTING)
        for model, code in offering.CODES.items():
            city_decisions.register(code, offering.make_setting(model))
        backups.register("shares", backups.Part(save=None, replay=pause_all, if_lost=True))
        pivot.register("records:keep_identity")
        job_kinds.register()
