from django.urls import include, path

from services.official_forms.views import agents

app_name = "official_forms"
pages = [
    path("", agents.listed, name="list"),
    path("nouveau/", agents.begin, name="new"),
    path("<uuid:form_id>/", agents.version, name="version"),
    path("<uuid:form_id>/apercu/", agents.preview, name="preview"),
    path("<uuid:form_id>/plan/", agents.edit_map, name="map"),
    path("<uuid:form_id>/publier/", agents.publish, name="publish"),
    path("<uuid:form_id>/fermer/", agents.close, name="close"),
    path("<uuid:form_id>/version/", agents.renew, name="renew"),
    path("<uuid:form_id>/supprimer/", agents.drop, name="drop"),
]
urlpatterns = [path("agents/formulaires/", include(pages))]
