from django.urls import include, path

from services.official_forms import presenting
from services.official_forms.views import agents
from services.versions import views as versions

FORMS = {"of": presenting.FORMS}
app_name = "official_forms"
pages = [
    path("", agents.listed, name="list"),
    path("nouveau/", agents.begin, name="new"),
    path("<uuid:row_id>/", agents.version, name="version"),
    path("<uuid:row_id>/apercu/", agents.preview, name="preview"),
    path("<uuid:row_id>/plan/", agents.edit_map, name="map"),
    path("<uuid:row_id>/publier/", agents.publish, name="publish"),
    path("<uuid:row_id>/fermer/", versions.close, FORMS, name="close"),
    path("<uuid:row_id>/version/", agents.renew, name="renew"),
    path("<uuid:row_id>/supprimer/", versions.drop, FORMS, name="drop"),
]
urlpatterns = [path("agents/formulaires/", include(pages))]
