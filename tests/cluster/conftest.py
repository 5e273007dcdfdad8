"""The whole cluster, with every kind of process killed, takes minutes: it belongs to `make test-full`."""

import os

collect_ignore = [] if os.environ.get("ECABINET_TEST_FULL") == "1" else ["test_cluster.py"]
