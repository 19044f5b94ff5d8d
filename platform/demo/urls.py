from django.urls import path

from demo import views

app_name = "demo"
urlpatterns = [
    path("", views.people, name="people"),
    path("confirmer/", views.confirm, name="confirm"),
]
