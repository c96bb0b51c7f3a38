"""Where a desk keeps what it knows: the interface in `base`, and the stores that fulfil it."""
