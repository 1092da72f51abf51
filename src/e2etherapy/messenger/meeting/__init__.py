"""How a conversation begins: one person invites, the other joins."""
