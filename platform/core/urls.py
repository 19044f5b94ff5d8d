from django.urls import include, path

from core import views
from core.files import tus
from core.journal import views as checkpoint_views
from core.operations import health, metrics

urlpatterns = [
    path("", views.home, name="home"),
    path("langue/", views.language, name="language"),
    path("quitter/", views.leave_quickly, name="leave_quickly"),
    path("theme.css", views.theme, name="theme"),
    path("logo", views.logo, name="logo"),
    path(".well-known/security.txt", views.security_contact, name="security_contact"),
    path("mentions-legales/", views.legal, name="legal"),
    path("donnees-personnelles/", views.privacy, name="privacy"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("cookies/", views.cookies, name="cookies"),
    path("aide/", views.help_page, name="help"),
    path("aide/<slug:slug>/", views.help_question, name="help_question"),
    path("engagements/", views.promise, name="promise"),
    path("plan-du-site/", views.sitemap, name="sitemap"),
    path("journal/points/", checkpoint_views.home, name="checkpoints"),
    path("journal/points/<int:number>.txt", checkpoint_views.note, name="checkpoint_note"),
    path("travaux/", include("core.jobs.urls")),
    path("envois/", tus.uploads, name="uploads"),
    path("envois/<uuid:upload_id>/", tus.upload, name="upload"),
    path("health", health.health, name="health"),
    path("ready", health.ready, name="ready"),
    path("metrics", metrics.metrics, name="metrics"),
]
