"""OAuth's addresses, one by one: the toolkit's own list would let everyone register a program."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.views import APIView

from accounts.decorators import View
from certification.access.issuers import LIVE, Issuer
from certification.access.views import api, api_view, authorize, erasures, lots, oauth, programs


def for_programs(view: type[APIView], **options: Any) -> View:
    """Return the view, without a session."""
    found: View = login_not_required(view.as_view(**options))
    return found


def addresses(issuer: Issuer) -> list[URLPattern]:
    """Return the addresses that programs call at one of the two servers. The OpenAPI document shows the real ones."""
    environment, more = issuer.environment, {"issuer": issuer}
    shown: dict[str, Any] = {"environment": environment} | ({} if issuer is LIVE else {"schema": None})
    return [
        path("oauth/token", oauth.token, name="token"),
        path("oauth/revoke", oauth.revoke, name="revoke"),
        path("oauth/par", oauth.pushed, more, name="pushed"),
        path("oauth/jwks", oauth.jwks, more, name="jwks"),
        path("oauth/userinfo", for_programs(api.UserInfo, environment=environment), name="userinfo"),
        path(".well-known/openid-configuration", oauth.openid_configuration, more, name="openid_configuration"),
        path("api/v1/me/fields", for_programs(api.Fields, **shown), name="fields"),
        path("api/v1/me/values", for_programs(api.Values, **shown), name="values"),
        path("api/v1/me/documents/<uuid:document_id>", for_programs(api.Document, **shown), name="document"),
        path("api/v1/me/grant", for_programs(api.GrantItself, **shown), name="grant"),
        path("api/v1/me/events", for_programs(api.Events, **shown), name="events"),
        path("api/v1/erasures", for_programs(erasures.Erasures, **shown), name="erasures"),
        path("api/v1/erasures/<uuid:erasure_id>", for_programs(erasures.Erasure, **shown), name="erasure"),
    ]


app_name = "access"
urlpatterns = [
    *addresses(LIVE),
    path("oauth/authorize", authorize.authorize, name="authorize"),
    path(".well-known/oauth-authorization-server", oauth.authorization_server, name="authorization_server"),
    path("editeurs/programmes/", programs.programs, name="programs"),
    path("editeurs/services/<uuid:service_id>/programmes/nouveau/", programs.new_program, name="new_program"),
    path("editeurs/programmes/<slug:client_id>/secret/", programs.new_secret, name="new_secret"),
    path(
        "editeurs/programmes/<slug:client_id>/secret/<slug:secret_id>/",
        programs.revoke_secret,
        name="revoke_secret",
    ),
    path("editeurs/programmes/<slug:client_id>/nom/", programs.rename_program, name="rename_program"),
    path("editeurs/programmes/<slug:client_id>/cles/", programs.security, name="security"),
    path("editeurs/programmes/<slug:client_id>/supprimer/", programs.delete_program, name="delete_program"),
    path("api/v1/holders/connections", for_programs(lots.Connections), name="holder_connections"),
    path("api/v1/holders/lots", for_programs(lots.Lots), name="lots"),
    path("api/v1/holders/lots/<uuid:lot_id>", for_programs(lots.OneLot), name="lot"),
    path("api/v1/me/<path:rest>", for_programs(api_view.Nothing), name="nothing"),
    path("api/v1/erasures/<path:rest>", for_programs(api_view.Nothing), name="no_erasure"),
    path("api/v1/holders/<path:rest>", for_programs(api_view.Nothing), name="no_lot"),
    path("api/v1/openapi.json", require_safe(for_programs(SpectacularJSONAPIView)), name="openapi"),
]
