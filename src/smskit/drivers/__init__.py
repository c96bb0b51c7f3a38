"""Drivers: each speaks to one carrier or device, behind the interface in `base`."""
