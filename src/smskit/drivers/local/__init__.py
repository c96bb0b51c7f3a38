"""A carrier inside the process, with handsets: for trying things out, and for tests that need no network."""

from smskit.drivers.local.book import Carried, Faults, Handset
from smskit.drivers.local.carrier import LocalCarrier, from_url

__all__ = ["Carried", "Faults", "Handset", "LocalCarrier", "from_url"]
