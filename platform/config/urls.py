"""All URLs: French paths without a language prefix, English names."""

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

from core import views as core_views

urlpatterns = [
    # First, what programs call most: each address before it is compared with the one that is called.
    path("", include("certification.access.urls")),
    path("", include("core.urls")),
    path("", include("accounts.urls")),
    path("", include("vault.records.urls")),
    path("", include("vault.holders.urls")),
    path("", include("vault.journal.urls")),
    path("", include("vault.sharing.urls")),
    path("", include("services.places.urls")),
    path("", include("services.aids.urls")),
    path("", include("services.official_forms.urls")),
    path("", include("services.procedures.urls")),
    path("", include("services.dossiers.urls")),
    path("", include("services.requests.urls")),
    path("", include("services.watch.urls")),
    path("", include("certification.labels.urls")),
    path("", include("certification.developers.urls")),
    path("", include("campaigns.debates.urls")),
    path("", include("campaigns.panel.urls")),
    path("", include("campaigns.plans.urls")),
    path("bac-a-sable/", include("certification.developers.sandbox")),
    path("", include("campaigns.contributions.urls")),
    path("", include("campaigns.results.urls")),
    path("admin/", admin.site.urls),
]
if apps.is_installed("demo"):
    urlpatterns.append(path("demonstration/", include("demo.urls")))

handler400 = core_views.bad_request
handler403 = core_views.permission_denied
handler404 = core_views.page_not_found
handler500 = core_views.server_error
