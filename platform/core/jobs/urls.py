from django.urls import path

from core.jobs import views as job_views

urlpatterns = [
    path("<uuid:job_id>/", job_views.job, name="job"),
    path("<uuid:job_id>/annuler/", job_views.cancel_job, name="cancel_job"),
    path("<uuid:job_id>/reessayer/", job_views.retry_job, name="retry_job"),
]
