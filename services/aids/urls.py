from django.urls import path

from services.aids.views import aids as views
from services.aids.views import together as views_together

app_name = "aids"
urlpatterns = [
    path("", views.home, name="home"),
    path("urgence/", views.urgent, name="urgent"),
    path("urgence/<slug:code>/", views.situation, name="situation"),
    path("ensemble/", views_together.home, name="together"),
    path("ensemble/<slug:code>/", views_together.why, name="why_together"),
    path("question/<slug:place>/", views.question, name="question"),
    path("question/<slug:place>/passer/", views.skip, name="skip"),
    path("<slug:code>/pourquoi/", views.why, name="why"),
]
