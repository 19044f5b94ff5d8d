"""Connections to the holders of a resident’s data, and data requests."""

from vault.holders.models.connection import Connection, ConnectorHealth
from vault.holders.models.request import DataRequest, RequestPaper

__all__ = [
    "Connection",
    "ConnectorHealth",
    "DataRequest",
    "RequestPaper",
]
