"""The sandbox's addresses, under /bac-a-sable/: those of the real server, and a page of consent of its own."""

from django.urls import path

from certification.access.enums import Environment
from certification.access.issuers import SANDBOX
from certification.access.urls import addresses, for_programs
from certification.developers.views import events, sandbox, trials

TRIAL = "epreuves/<uuid:trial_id>"

app_name = "sandbox"
urlpatterns = [
    *addresses(SANDBOX),
    path("oauth/authorize", sandbox.authorize, name="authorize"),
    path(
        "api/v1/events",
        for_programs(events.ProgramEvents, environment=Environment.TEST, schema=None),
        name="program_events",
    ),
    # Servers that misbehave, one for each trial.
    path(f"{TRIAL}/.well-known/openid-configuration", trials.configuration, name="trial_configuration"),
    path(f"{TRIAL}/authorize", trials.authorize, name="trial_authorize"),
    path(f"{TRIAL}/token", trials.token, name="trial_token"),
    path(f"{TRIAL}/userinfo", trials.userinfo, name="trial_userinfo"),
    path(f"{TRIAL}/api/v1/me/fields", trials.fields, name="trial_fields"),
]
