"""The signer: a process of its own that alone can reach keys; it knows no database, no queue and no page."""
