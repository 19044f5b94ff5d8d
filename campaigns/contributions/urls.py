from django.urls import path

from campaigns.contributions.views import desk
from campaigns.contributions.views import residents as views

app_name = "contributions"
urlpatterns = [
    path("consultations/<slug:code>/participer/", views.take_part, name="take_part"),
    path("consultations/<slug:code>/repondre/", views.answer, name="answer"),
    path("consultations/<slug:code>/demander/", views.ask, name="ask"),
    path("consultations/<slug:code>/ma-participation/", views.mine, name="mine"),
    path("agents/guichet/<uuid:visit_id>/consultations/<slug:code>/", desk.answer, name="desk_answer"),
]
