from django.urls import path

from services.watch.views import residents, search

app_name = "watch"
urlpatterns = [
    path("veille/", residents.home, name="home"),
    path("veille/activer/", residents.accept, name="accept"),
    path("veille/recherche-de-la-ville/", search.search, name="search"),
    path("veille/<uuid:finding_id>/", residents.finding, name="finding"),
    path("veille/<uuid:finding_id>/preparer/", residents.prepare, name="prepare"),
    path("veille/<uuid:finding_id>/une-reponse/", residents.yes, name="one_yes"),
]
