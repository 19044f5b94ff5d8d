from django.urls import path

from services.requests.views import office, outside, resident

app_name = "requests"
urlpatterns = [
    path("demandes/", resident.home, name="home"),
    path("demandes/dossier/<uuid:dossier_id>/", resident.send, name="send"),
    path("demandes/<uuid:request_id>/", resident.request_page, name="request"),
    path("demandes/<uuid:request_id>/corriger/<uuid:correction_id>/", resident.correct, name="correct"),
    path("demandes/<uuid:request_id>/retirer/", resident.withdraw, name="withdraw"),
    path("demandes/<uuid:request_id>/lettres/<slug:kind>/", resident.letter, name="letter"),
    path("demandes/<uuid:request_id>/recours/", resident.appeal, name="appeal"),
    path("demandes/ailleurs/dossier/<uuid:dossier_id>/", outside.note, name="outside_note"),
    path("demandes/ailleurs/<uuid:request_id>/", outside.request_page, name="outside"),
    path("demandes/ailleurs/<uuid:request_id>/noter/<slug:slug>/", outside.step, name="outside_step"),
    path("demandes/ailleurs/<uuid:request_id>/effacer/", outside.forget, name="outside_forget"),
    path("agents/demandes/", office.inbox, name="inbox"),
    path("agents/demandes/<uuid:request_id>/", office.request_page, name="office"),
    path("agents/demandes/<uuid:request_id>/prendre/", office.take, name="take"),
    path("agents/demandes/<uuid:request_id>/lignes/<slug:line>/", office.ask, name="ask"),
    path("agents/demandes/<uuid:request_id>/proposer/", office.propose, name="propose"),
    path("agents/demandes/<uuid:request_id>/decider/", office.decide, name="decide"),
    path("agents/demandes/<uuid:request_id>/dossier/", office.dossier, name="office_dossier"),
    path("agents/demandes/<uuid:request_id>/papiers/<uuid:paper_id>/", office.paper, name="office_paper"),
]
