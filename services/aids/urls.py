from django.urls import include, path

from services.aids.views import aids as views
from services.aids.views import interview
from services.aids.views import together as views_together

app_name = "aids"
pages = [
    path("", views.home, name="home"),
    path("urgence/", views.urgent, name="urgent"),
    path("urgence/<slug:code>/", views.situation, name="situation"),
    path("ensemble/", views_together.home, name="together"),
    path("ensemble/<slug:code>/", views_together.why, name="why_together"),
    path("question/<slug:place>/", views.question, name="question"),
    path("question/<slug:place>/passer/", views.skip, name="skip"),
    path("<slug:code>/pourquoi/", views.why, name="why"),
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
urlpatterns = [path("aides/", include(pages)), path("faire-le-point/", include(interview_pages))]
