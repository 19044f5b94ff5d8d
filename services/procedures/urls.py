from django.urls import include, path

from services.procedures.views import agents, public

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
    path("<int:procedure_id>/", agents.version, name="version"),
    path("<int:procedure_id>/apercu/", agents.preview, name="preview"),
    path("<int:procedure_id>/differences/", agents.compare, name="differences"),
    path("<int:procedure_id>/demarche.yaml", agents.download, name="yaml"),
    path("<int:procedure_id>/fiche/", agents.edit_sheet, name="sheet"),
    path("<int:procedure_id>/informations/", agents.edit_section, name="section"),
    path("<int:procedure_id>/papier/", agents.edit_paper, name="paper"),
    path("<int:procedure_id>/garant/", agents.edit_guarantor, name="guarantor"),
    path("<int:procedure_id>/retirer/", agents.remove, name="remove"),
    path("<int:procedure_id>/proposer/", agents.propose, name="propose"),
    path("<int:procedure_id>/publier/", agents.publish, name="publish"),
    path("<int:procedure_id>/fermer/", agents.close, name="close"),
    path("<int:procedure_id>/supprimer/", agents.drop, name="drop"),
    path("<int:procedure_id>/version/", agents.renew, name="renew"),
]
urlpatterns = [
    path("demarches/", include(public_pages)),
    path("agents/demarches/", include(agents_pages)),
]
