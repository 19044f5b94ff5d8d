from django.urls import path

app_name = "debates"
urlpatterns: list = []
