"""Results of consultations: public, except the page that puts a resident's own figures beside them."""

from django.urls import path

from campaigns.results.views import public, residents

app_name = "results"
_BASE = "consultations/<slug:code>/resultats/"
urlpatterns = [
    path(_BASE, public.latest, name="latest"),
    path("consultations/verify_publication.py", public.download_verifier, name="verifier"),
    path(f"{_BASE}et-moi/", residents.beside, name="beside"),
    path(f"{_BASE}<slug:window>/", public.window, name="window"),
    path(f"{_BASE}<slug:window>/methode/", public.method, name="method"),
    path(f"{_BASE}<slug:window>/a-integrer/", public.embed, name="embed"),
    path(f"{_BASE}<slug:window>/tableaux/<slug:table>/", public.table, name="table"),
    path(f"{_BASE}<slug:window>/fichiers/<str:name>", public.file, name="file"),
]
