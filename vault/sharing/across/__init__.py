"""Queries across residents for sharing, one module per subject.

They return rows or ids, never a value; the caller then enters each resident's scope.
"""
