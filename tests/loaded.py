"""What tests/nursery.py loads before it forks: the portal, its web server and its workers, without their settings."""

import gc
from importlib import import_module

import django

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
gc.freeze()
