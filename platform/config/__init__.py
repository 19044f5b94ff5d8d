import gc

from config.celery import app as celery_app

__all__ = ["celery_app"]

# Python looks for garbage after each 700 new objects: reading the law for simulations then takes 3.2 s instead of 2 s,
# and starting any process a tenth longer.
gc.set_threshold(20_000, 10, 50)
