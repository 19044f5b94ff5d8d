import gc

from config.celery import app as celery_app

__all__ = ["celery_app"]

# Python looks for garbage after each 700 new objects: starting any process then takes a tenth longer.
gc.set_threshold(20_000, 10, 50)
