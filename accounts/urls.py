"""French addresses; the names that allauth reverses are kept. Public pages are marked in the views, everything else asks to sign in."""

from allauth.account import views as allauth
from allauth.mfa.base import views as second_factor
from django.urls import path

from accounts import account_views, identity_views, passkey_views, views

urlpatterns = [
    path("connexion/", views.sign_in, name="account_login"),
    path("connexion/code/", views.enter_code, name="account_confirm_login_code"),
    path("connexion/mot-de-passe/", views.PasswordSignInView.as_view(), name="sign_in_with_password"),
    path("connexion/mot-de-passe-oublie/", views.forgotten_password, name="account_reset_password"),
    path("connexion/double-verification/", passkey_views.give_second_factor, name="mfa_authenticate"),
    path("connexion/cle/", passkey_views.come_in, name="mfa_login_webauthn"),
    path("connexion/compte-ferme/", allauth.account_inactive, name="account_inactive"),
    path("connexion/franceconnect/", identity_views.sign_in, {"name": "franceconnect"}, name="franceconnect_login"),
    path("connexion/franceconnect/retour/", identity_views.come_back, {"name": "franceconnect"}, name="franceconnect_callback"),
    path("connexion/franceconnect/inscription/", identity_views.sign_up, name="franceconnect_signup"),
    path("connexion/proconnect/", identity_views.sign_in, {"name": "proconnect"}, name="proconnect_login"),
    path("connexion/proconnect/retour/", identity_views.come_back, {"name": "proconnect"}, name="proconnect_callback"),
    path("connexion/proconnect/invitation/<str:token>/", identity_views.invitation, name="invitation"),
    path("deconnexion/", identity_views.sign_out, name="account_logout"),
    path("deconnexion/faite/", identity_views.signed_out, name="signed_out"),
    path("inscription/", views.open_vault, name="account_signup"),
    path("mon-compte/", account_views.account, name="account"),
    path("mon-compte/nom/", account_views.change_name, name="change_name"),
    path("mon-compte/contact/", account_views.change_contact_address, name="change_contact_address"),
    path("mon-compte/rappels/", account_views.choose_reminders, name="choose_reminders"),
    path("mon-compte/adresse/", account_views.change_sign_in_address, name="account_email"),
    path("mon-compte/adresse/code/", account_views.confirm_sign_in_address, name="account_email_verification_sent"),
    path("mon-compte/mot-de-passe/", account_views.change_password, name="account_change_password"),
    path("mon-compte/franceconnect/", identity_views.franceconnect, name="franceconnect"),
    path("mon-compte/franceconnect/relier/", identity_views.link, name="franceconnect_link"),
    path("mon-compte/franceconnect/identite/", identity_views.ask_identity, name="franceconnect_identity"),
    path("mon-compte/franceconnect/retirer/", identity_views.unlink, name="franceconnect_unlink"),
    path("mon-compte/sessions/", account_views.sessions, name="sessions"),
    path("mon-compte/sessions/autres/fin/", account_views.end_other_sessions, name="end_other_sessions"),
    path("mon-compte/sessions/<uuid:session_id>/fin/", account_views.end_session, name="end_session"),
    path("mon-compte/confirmer/", views.confirm_identity, name="account_reauthenticate"),
    path("mon-compte/confirmer/code/", views.confirm_code, name="confirm_code"),
    path("mon-compte/confirmer/franceconnect/", identity_views.confirm, name="confirm_by_franceconnect"),
    path("mon-compte/confirmer/application/", passkey_views.confirm_by_second_factor, name="mfa_reauthenticate"),
    path("mon-compte/confirmer/cle/", passkey_views.confirm_by_passkey, name="mfa_reauthenticate_webauthn"),
    path("mon-compte/cles/", passkey_views.passkeys, name="mfa_list_webauthn"),
    path("mon-compte/cles/ajouter/", passkey_views.add, name="mfa_add_webauthn"),
    path("mon-compte/cles/<int:pk>/nom/", passkey_views.rename, name="mfa_edit_webauthn"),
    path("mon-compte/cles/<int:pk>/retirer/", passkey_views.remove, name="mfa_remove_webauthn"),
    path("mon-compte/double-verification/", second_factor.index, name="mfa_index"),
    path("mon-compte/double-verification/activer/", account_views.set_up_second_factor, name="mfa_activate_totp"),
    path("mon-compte/double-verification/arreter/", account_views.remove_second_factor, name="mfa_deactivate_totp"),
    path("mon-compte/double-verification/codes/", account_views.recovery_codes, name="mfa_view_recovery_codes"),
    path("mon-compte/double-verification/codes/renouveler/", account_views.renew_recovery_codes, name="mfa_generate_recovery_codes"),
]
