"""Whoever stands outside and watches that the log only grows: what both sides say (`notes`), and asking one (`client`).

`notes` needs the standard library and `cryptography` alone; the witness itself (`app/witness/`) stands on it.
"""
