"""All URLs: French paths without a language prefix, English names."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

from core import views as core_views
from core.web import faults
from core.web.routing import room


def admin_pages() -> tuple[list[Any], str, str]:
    """Return the admin's addresses, without Django's way to a row's own page: no model has one."""
    pages, app, name = admin.site.urls
    return [one for one in pages if getattr(one, "name", "") != "view_on_site"], app, name


urlpatterns = [
    room("certification.access.urls"),
    room("core.urls"),
    room("accounts.urls"),
    room("vault.records.urls"),
    room("vault.holders.urls"),
    room("vault.journal.urls"),
    room("vault.sharing.urls"),
    room("services.places.urls"),
    room("services.aids.urls"),
    room("services.official_forms.urls"),
    room("services.procedures.urls"),
    room("services.dossiers.urls"),
    room("services.requests.urls"),
    room("services.watch.urls"),
    room("certification.labels.urls"),
    room("certification.developers.urls"),
    room("campaigns.debates.urls"),
    room("campaigns.panel.urls"),
    room("campaigns.plans.urls"),
    path("bac-a-sable/", include("certification.developers.sandbox")),
    room("campaigns.contributions.urls"),
    room("campaigns.results.urls"),
    path("admin/", admin_pages()),
]
if apps.is_installed("demo"):
    urlpatterns.append(path("demonstration/", include("demo.urls")))

handler400 = core_views.bad_request
handler403 = core_views.permission_denied
handler404 = core_views.page_not_found
handler500 = faults.server_error
