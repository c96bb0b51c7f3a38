"""May we send this, now? Pure: facts, policy and the time come in as arguments; nothing is legal advice."""
