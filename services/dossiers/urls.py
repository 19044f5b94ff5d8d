from django.urls import path

from services.dossiers.views import dossiers as views
from services.dossiers.views import official_forms as views_forms
from services.dossiers.views import parts as views_parts
from services.dossiers.views import preparing as views_preparing
from services.dossiers.views import refreshing as views_refreshing
from services.dossiers.views import verification as views_verify
from services.dossiers.views import watermark as views_watermark

app_name = "dossiers"
urlpatterns = [
    path("dossiers/", views.home, name="home"),
    path("dossiers/nouveau/", views.new, name="new"),
    path("dossiers/<uuid:dossier_id>/", views.dossier, name="dossier"),
    path("dossiers/<uuid:dossier_id>/element/", views.line, name="line"),
    path("dossiers/<uuid:dossier_id>/rafraichir/", views_refreshing.refresh, name="refresh"),
    path("dossiers/<uuid:dossier_id>/choix/", views.choose, name="choose"),
    path("dossiers/<uuid:dossier_id>/garants/", views.guarantors, name="guarantors"),
    path("dossiers/<uuid:dossier_id>/liste/", views.take_new_lists, name="take_new_lists"),
    path("dossiers/<uuid:dossier_id>/lettre/", views.letter, name="letter"),
    path("dossiers/<uuid:dossier_id>/fabriquer/", views.build, name="build"),
    path("dossiers/<uuid:dossier_id>/refaire/", views.again, name="again"),
    path("dossiers/<uuid:dossier_id>/telecharger/", views.download, name="download"),
    path("dossiers/<uuid:dossier_id>/supprimer/", views.delete, name="delete"),
    path("dossiers/<uuid:dossier_id>/formulaire/<uuid:form_id>/", views_forms.form, name="form"),
    path("dossiers/<uuid:dossier_id>/formulaire/<uuid:form_id>/pages/", views_forms.pages, name="form_pages"),
    path("dossiers/<uuid:dossier_id>/formulaire/<uuid:form_id>/joindre/", views_forms.join, name="join_form"),
    path("dossiers/<uuid:dossier_id>/formulaire/<uuid:form_id>/pdf/", views_forms.download, name="form_pdf"),
    path("dossiers/<uuid:dossier_id>/part/", views_parts.ask, name="ask_part"),
    path("dossiers/<uuid:dossier_id>/part/reprendre/", views_parts.take_back, name="take_back_part"),
    path("dossiers/parts/<uuid:part_id>/", views_parts.part, name="part"),
    path("dossiers/accompagnement/<uuid:mandate_id>/", views_preparing.prepare, name="prepare"),
    path("dossiers/accompagnement/<uuid:mandate_id>/<uuid:dossier_id>/", views_preparing.prepared, name="prepared"),
    path("filigrane/", views_watermark.watermark, name="watermark"),
    path("verifier/", views_verify.verify, name="verify"),
    path("verifier/<str:code>/", views_verify.verify_code, name="verify_code"),
]
