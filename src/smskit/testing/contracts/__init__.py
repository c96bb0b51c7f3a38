"""Suites that any store or driver must pass, ready to be subclassed. They need pytest."""

from smskit.testing.contracts.bench import Bench
from smskit.testing.contracts.drivers import DriverContract, How, RecordingSink, ScriptedCarrier
from smskit.testing.contracts.storage import StorageContract
from smskit.testing.contracts.storage_shared import SharedStorageContract

__all__ = [
    "Bench",
    "DriverContract",
    "How",
    "RecordingSink",
    "ScriptedCarrier",
    "SharedStorageContract",
    "StorageContract",
]
