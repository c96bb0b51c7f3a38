"""The nouns a host app calls. Handles: an id, a frozen snapshot, and what can be done with it."""
