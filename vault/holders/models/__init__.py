"""Connections to the holders of a resident’s data, lots that holders send, and data requests."""

from vault.holders.models.connection import Connection, ConnectorHealth
from vault.holders.models.lots import Lot, LotLine, Sender
from vault.holders.models.request import DataRequest, RequestPaper

__all__ = [
    "Connection",
    "ConnectorHealth",
    "DataRequest",
    "Lot",
    "LotLine",
    "RequestPaper",
    "Sender",
]
