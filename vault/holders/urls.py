from django.urls import path

from vault.holders.views import connections, holders, requests

app_name = "holders"
urlpatterns = [
    path("coffre/obtenir/", holders.holders, name="holders"),
    path("coffre/obtenir/<slug:code>/", holders.holder, name="holder"),
    path("coffre/obtenir/<slug:code>/ecrire/", requests.start, name="start_request"),
    path("coffre/demandes/<uuid:request_id>/", requests.show, name="request"),
    path("coffre/demandes/<uuid:request_id>/lettre/<slug:slug>/", requests.letter, name="request_letter"),
    path("coffre/demandes/<uuid:request_id>/lettre/<slug:slug>.pdf", requests.pdf, name="request_pdf"),
    path("coffre/demandes/<uuid:request_id>/changer/<slug:slug>/", requests.part, name="request_part"),
    path("coffre/demandes/<uuid:request_id>/noter/<slug:slug>/", requests.step, name="request_step"),
    path("coffre/demandes/<uuid:request_id>/supprimer/", requests.delete, name="delete_request"),
    path("coffre/connexions/", connections.connections, name="connections"),
    path("coffre/connexions/nouvelle/<slug:holder>/", connections.connect, name="connect"),
    path("coffre/connexions/retour/<slug:connector>/", connections.back, name="connection_back"),
    path("coffre/connexions/<uuid:connection_id>/", connections.connection, name="connection"),
    path("coffre/connexions/<uuid:connection_id>/accord/", connections.authorise, name="authorise_connection"),
    path("coffre/connexions/<uuid:connection_id>/recevoir/", connections.receive, name="receive"),
    path("coffre/connexions/<uuid:connection_id>/pause/", connections.pause, name="pause_connection"),
    path("coffre/connexions/<uuid:connection_id>/arreter/", connections.stop, name="stop_connection"),
]
