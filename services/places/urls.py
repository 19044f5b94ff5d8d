from django.urls import path

from services.places import views

app_name = "places"
urlpatterns = [
    path("lieux/", views.home, name="home"),
    path("lieux/lieux.json", views.as_json, name="json"),
    path("lieux/lieux.csv", views.as_csv, name="csv"),
    path("lieux/<uuid:place_id>/", views.place, name="place"),
]
