"""The sandbox's addresses, under /bac-a-sable/: those of the real server, and a page of consent of its own."""

from django.urls import path

from certification.access.enums import Environment
from certification.access.issuers import SANDBOX
from certification.access.urls import addresses, for_programs
from certification.developers.views import events, sandbox

app_name = "sandbox"
urlpatterns = [
    *addresses(SANDBOX),
    path("oauth/authorize", sandbox.authorize, name="authorize"),
    path(
        "api/v1/events",
        for_programs(events.ProgramEvents, environment=Environment.TEST, schema=None),
        name="program_events",
    ),
]
