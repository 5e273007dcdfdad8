"""The whole shape of a production on one machine, below one folder, started and stopped together: a rehearsal.

It holds demo data, so it is no production (ECABINET_ENV is not set); every process and every server is the real one.
"""
