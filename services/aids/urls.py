from django.urls import include, path

from services.aids.presenting.local_aids import AIDS
from services.aids.presenting.urgent import SITUATIONS
from services.aids.views import (
    accompanied,
    compare,
    declaration,
    interview,
    local_agents,
    local_public,
    urgent,
    urgent_agents,
    whatif,
)
from services.aids.views import aids as views
from services.aids.views import together as views_together
from services.versions import views as versions

app_name = "aids"
pages = [
    path("", views.home, name="home"),
    path("urgence/", urgent.listed, name="urgent"),
    path("urgence/<slug:code>/", urgent.situation, name="situation"),
    path("urgence/<slug:code>/dates/", urgent.dates, name="dates"),
    path("urgence/<slug:code>/dates/effacer/", urgent.forget_dates, name="forget_dates"),
    path("differences/", local_public.differences, name="differences"),
    path("et-si/", whatif.home, name="what_if"),
    path("et-si/<slug:code>/", whatif.result, name="what_if_result"),
    path("comparer/", compare.home, name="compare"),
    path("comparer/lettre/", compare.letter, name="compare_letter"),
    path("declaration/", declaration.home, name="prefilled"),
    path("declaration/photo/", declaration.photo, name="prefilled_photo"),
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
    path("<int:row_id>/differences/", versions.compare, {"of": AIDS}, name="local_differences"),
    path("<int:aid_id>/aide.yaml", local_agents.download, name="local_yaml"),
    path("<int:row_id>/fiche/", local_agents.edit_sheet, name="local_sheet"),
    path("<int:row_id>/condition/", local_agents.edit_condition, name="local_condition"),
    path("<int:row_id>/condition/retirer/", local_agents.remove_condition, name="local_remove_condition"),
    path("<int:row_id>/montant/", local_agents.edit_amount, name="local_amount"),
    path("<int:row_id>/cas/", local_agents.edit_case, name="local_case"),
    path("<int:row_id>/cas/retirer/", local_agents.remove_case, name="local_remove_case"),
    path("<int:row_id>/essayer/", versions.try_out, {"of": AIDS}, name="local_try"),
    path("<int:row_id>/publier/", versions.publish, {"of": AIDS}, name="local_publish"),
    path("<int:row_id>/fermer/", versions.close, {"of": AIDS}, name="local_close"),
    path("<int:row_id>/supprimer/", versions.drop, {"of": AIDS}, name="local_drop"),
    path("<int:row_id>/version/", versions.renew, {"of": AIDS}, name="local_renew"),
]
situations_pages = [
    path("", urgent_agents.listed, name="urgent_list"),
    path("nouvelle/", urgent_agents.begin, name="urgent_new"),
    path("reprendre/<slug:code>/", urgent_agents.take_up, name="urgent_take_up"),
    path("<int:row_id>/", urgent_agents.version, name="urgent_version"),
    path("<int:row_id>/apercu/", urgent_agents.preview, name="urgent_preview"),
    path("<int:row_id>/differences/", versions.compare, {"of": SITUATIONS}, name="urgent_differences"),
    path("<int:row_id>/textes/", urgent_agents.edit_sheet, name="urgent_sheet"),
    path("<int:row_id>/partie/<slug:part>/", urgent_agents.edit_part, name="urgent_part"),
    path("<int:row_id>/partie/<slug:part>/retirer/", urgent_agents.remove_part, name="urgent_remove"),
    path("<int:row_id>/proposer/", versions.try_out, {"of": SITUATIONS}, name="urgent_try"),
    path("<int:row_id>/publier/", versions.publish, {"of": SITUATIONS}, name="urgent_publish"),
    path("<int:row_id>/fermer/", versions.close, {"of": SITUATIONS}, name="urgent_close"),
    path("<int:row_id>/supprimer/", versions.drop, {"of": SITUATIONS}, name="urgent_drop"),
    path("<int:row_id>/version/", versions.renew, {"of": SITUATIONS}, name="urgent_renew"),
]
urlpatterns = [
    path("aides/", include(pages)),
    path("faire-le-point/", include(interview_pages)),
    path("aides-locales/", include(public_pages)),
    path("agents/aides/", include(agents_pages)),
    path("agents/situations/", include(situations_pages)),
    path("agents/guichet/<uuid:visit_id>/aides/calcul/", accompanied.at_desk, name="desk_aids"),
    path("accompagnement/<uuid:mandate_id>/aides/calcul/", accompanied.under_mandate, name="accompanied_aids"),
]
