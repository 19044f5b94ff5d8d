"""The tour: a visitor without scripts goes through the running portal, a step a module; `tour.py` has their order."""
