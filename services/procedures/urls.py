from django.urls import include, path

from services.procedures import presenting
from services.procedures.views import agents, public
from services.versions import views as versions

PROCEDURES = {"of": presenting.PROCEDURES}
app_name = "procedures"
public_pages = [
    path("", public.listed, name="listed"),
    path("<slug:code>/", public.page, name="page"),
    path("<slug:code>/regles.yaml", public.rules, name="rules"),
]
agents_pages = [
    path("", agents.listed, name="agents"),
    path("nouvelle/", agents.begin, name="new"),
    path("importer/", agents.bring_in, name="import"),
    path("<int:row_id>/", agents.version, name="version"),
    path("<int:row_id>/apercu/", agents.preview, name="preview"),
    path("<int:row_id>/differences/", versions.compare, PROCEDURES, name="differences"),
    path("<int:row_id>/demarche.yaml", agents.download, name="yaml"),
    path("<int:row_id>/fiche/", agents.edit_sheet, name="sheet"),
    path("<int:row_id>/informations/", agents.edit_section, name="section"),
    path("<int:row_id>/papier/", agents.edit_paper, name="paper"),
    path("<int:row_id>/garant/", agents.edit_guarantor, name="guarantor"),
    path("<int:row_id>/retirer/", agents.remove, name="remove"),
    path("<int:row_id>/proposer/", versions.try_out, PROCEDURES, name="try"),
    path("<int:row_id>/publier/", versions.publish, PROCEDURES, name="publish"),
    path("<int:row_id>/fermer/", versions.close, PROCEDURES, name="close"),
    path("<int:row_id>/supprimer/", versions.drop, PROCEDURES, name="drop"),
    path("<int:row_id>/version/", versions.renew, PROCEDURES, name="renew"),
]
urlpatterns = [
    path("demarches/", include(public_pages)),
    path("agents/demarches/", include(agents_pages)),
]
