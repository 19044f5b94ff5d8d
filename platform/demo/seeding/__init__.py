"""Fills the portal with the fictional town. Safe to run again: what its people changed since stays so."""
