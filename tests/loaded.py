"""What tests/nursery.py loads before it forks: the portal, its web server and its workers, without their settings."""

import gc
from importlib import import_module

import django
from django.apps import apps
from django.utils.module_loading import module_has_submodule

django.setup()
for name in [
    "celery.__main__",
    "celery.apps.beat",
    "celery.apps.worker",
    "celery.bin.beat",
    "celery.bin.worker",
    "celery.concurrency.prefork",
    "kombu.transport.filesystem",
    "kombu.transport.pyamqp",
    "kombu.transport.redis",
    "config.serve",
    "config.urls",
    "config.work",
]:
    import_module(name)
for app in apps.get_app_configs():
    if module_has_submodule(app.module, "tasks"):
        import_module(f"{app.name}.tasks")
gc.freeze()
