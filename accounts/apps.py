from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Comptes")

    def ready(self) -> None:
        from allauth.account.models import EmailAddress
        from allauth.mfa.models import Authenticator
        from allauth.socialaccount.models import SocialAccount
        from django.contrib.auth import user_logged_in

        from accounts import leaving, two_persons
        from accounts.actions import city_decisions, closing, members, office_details, publisher_details
        from accounts.confirming import way
        from accounts.sign_in import reauthentication, second_factor, sessions
        from core import leaving as registry
        from core import rows
        from core.keys import protect
        from core.operations import backups
        from core.pages import menu, promises

        # Django's own would write the account once more: a session that begins says it (accounts/sign_in/sessions.py).
        user_logged_in.disconnect(dispatch_uid="update_last_login")
        reauthentication.register(way)
        protect.register(second_factor.KEEPER)
        backups.register("sessions", backups.Part(save=None, replay=sessions.end_all, if_lost=True))
        backups.register("erasures", backups.Part(save=closing.ledger, replay=closing.replay_after_restore))
        registry.register(leaving.APP)
        city_decisions.register(office_details.CODE, office_details.SETTING)
        for code, setting in (publisher_details.SETTINGS | members.SETTINGS).items():
            city_decisions.register(code, setting)
        promises.register(two_persons.by_two)
        menu.register(_("Décider à deux"), "two_persons", place=menu.Place.AGENT, order=40)
        rows.guard(EmailAddress, "user", "email", "verified", "primary", account="user")
        rows.guard(Authenticator, "user", "type", "data", "created_at", account="user")
        rows.guard(SocialAccount, "user", "provider", "uid", account="user")
