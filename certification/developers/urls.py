"""The developers' pages, and the API of their programs' events."""

from django.urls import path

from certification.access.issuers import SANDBOX, SANDBOX_PATH
from certification.access.urls import for_programs
from certification.access.views import oauth
from certification.developers.views import console, documentation, events, members, pages, trials

PROGRAM = "editeurs/developpement/<slug:client_id>/"
WEBHOOK = f"{PROGRAM}webhooks/<uuid:endpoint_id>/"

app_name = "developers"
urlpatterns = [
    path("editeurs/developpement/", pages.home, name="home"),
    path("editeurs/membres/", members.show, name="members"),
    path("editeurs/membres/inviter/", members.invite, name="invite_member"),
    path("editeurs/membres/<uuid:place_id>/retirer/", members.remove, name="remove_member"),
    path("editeurs/console/", console.show, name="console"),
    path(f"{PROGRAM}requetes/", pages.calls, name="calls"),
    path(f"{PROGRAM}epreuves/", trials.page, name="trials"),
    path(f"{PROGRAM}webhooks/", pages.endpoints, name="webhooks"),
    path(f"{PROGRAM}webhooks/nouvelle/", pages.new_endpoint, name="new_webhook"),
    path(WEBHOOK, pages.endpoint, name="webhook"),
    path(f"{WEBHOOK}verifier/", pages.prove, name="prove_webhook"),
    path(f"{WEBHOOK}essai/", pages.try_out, name="try_webhook"),
    path(f"{WEBHOOK}secret/", pages.replace_secret, name="replace_webhook_secret"),
    path(f"{WEBHOOK}secret/retirer/", pages.retire_secret, name="retire_webhook_secret"),
    path(f"{WEBHOOK}retirer/", pages.delete_endpoint, name="delete_webhook"),
    path(f"{WEBHOOK}envois/<uuid:delivery_id>/", pages.replay, name="replay"),
    path("editeurs/documentation/", documentation.home, name="documentation"),
    path("editeurs/documentation/api/", documentation.reference, name="reference"),
    path("editeurs/documentation/champs/", documentation.fields, name="fields"),
    path("editeurs/documentation/champs/<str:code>.ndjson", documentation.synthetic_data, name="synthetic_data"),
    path("editeurs/documentation/refus/", documentation.errors, name="errors"),
    path("editeurs/documentation/webhooks/", documentation.webhooks, name="webhook_documentation"),
    path("editeurs/documentation/changements/", documentation.changes, name="changes"),
    path("editeurs/etat/", documentation.state, name="status"),
    path("api/v1/events", for_programs(events.ProgramEvents), name="events"),
    # Where RFC 8414 looks for the document of an issuer with a path.
    path(
        f".well-known/oauth-authorization-server/{SANDBOX_PATH}",
        oauth.authorization_server,
        {"issuer": SANDBOX},
        name="sandbox_server",
    ),
]
