"""The formats and dialogues that carriers and modems speak. They know nothing of messages, contacts or drivers."""
