from django.urls import include, path

from services.aids.views import aids as views
from services.aids.views import compare, declaration, interview, local_agents, local_public, whatif
from services.aids.views import together as views_together

app_name = "aids"
pages = [
    path("", views.home, name="home"),
    path("urgence/", views.urgent, name="urgent"),
    path("urgence/<slug:code>/", views.situation, name="situation"),
    path("et-si/", whatif.home, name="what_if"),
    path("et-si/<slug:code>/", whatif.result, name="what_if_result"),
    path("comparer/", compare.home, name="compare"),
    path("comparer/lettre/", compare.letter, name="compare_letter"),
    path("declaration/", declaration.home, name="prefilled"),
    path("ensemble/", views_together.home, name="together"),
    path("ensemble/<slug:code>/", views_together.why, name="why_together"),
    path("question/<slug:place>/", views.question, name="question"),
    path("question/<slug:place>/passer/", views.skip, name="skip"),
    path("<slug:code>/pourquoi/", views.why, name="why"),
    path("<slug:code>/pourquoi/imprimer/", compare.explanation, name="why_pdf"),
]
interview_pages = [
    path("", interview.start, name="interview"),
    path("resultat/", interview.result, name="interview_result"),
    path("feuille/", interview.sheet, name="interview_sheet"),
    path("effacer/", interview.erase, name="interview_erase"),
    path("garder/", interview.keep, name="interview_keep"),
    path("plus-vrai/<uuid:record>/", interview.set_aside, name="interview_set_aside"),
    path("<slug:name>/", interview.question, name="interview_question"),
]
public_pages = [
    path("", local_public.listed, name="local_aids"),
    path("<slug:code>/", local_public.page, name="local_aid"),
    path("<slug:code>/regles.yaml", local_public.rules, name="local_rules"),
]
agents_pages = [
    path("", local_agents.listed, name="local_list"),
    path("nouvelle/", local_agents.begin, name="local_new"),
    path("importer/", local_agents.bring_in, name="local_import"),
    path("<int:aid_id>/", local_agents.version, name="local_version"),
    path("<int:aid_id>/apercu/", local_agents.preview, name="local_preview"),
    path("<int:aid_id>/differences/", local_agents.compare, name="local_differences"),
    path("<int:aid_id>/aide.yaml", local_agents.download, name="local_yaml"),
    path("<int:aid_id>/fiche/", local_agents.edit_sheet, name="local_sheet"),
    path("<int:aid_id>/condition/", local_agents.edit_condition, name="local_condition"),
    path("<int:aid_id>/condition/retirer/", local_agents.remove_condition, name="local_remove_condition"),
    path("<int:aid_id>/montant/", local_agents.edit_amount, name="local_amount"),
    path("<int:aid_id>/cas/", local_agents.edit_case, name="local_case"),
    path("<int:aid_id>/cas/retirer/", local_agents.remove_case, name="local_remove_case"),
    path("<int:aid_id>/essayer/", local_agents.try_out, name="local_try"),
    path("<int:aid_id>/publier/", local_agents.publish, name="local_publish"),
    path("<int:aid_id>/fermer/", local_agents.close, name="local_close"),
    path("<int:aid_id>/supprimer/", local_agents.drop, name="local_drop"),
    path("<int:aid_id>/version/", local_agents.renew, name="local_renew"),
]
urlpatterns = [
    path("aides/", include(pages)),
    path("faire-le-point/", include(interview_pages)),
    path("aides-locales/", include(public_pages)),
    path("agents/aides/", include(agents_pages)),
]
