"""The witness: a program of its own on another host, which countersigns a log as long as it only grows.

It needs this checkout, Python and `cryptography`; no database, no framework, no setting of the application.
"""
