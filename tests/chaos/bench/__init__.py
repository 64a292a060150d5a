"""The fault bench: a sender that behaves like Svix, a proxy that misbehaves, and an oracle that counts."""
