"""The installation of the tests with sockets that are asked every second whether they are still there.

As it is, the server asks so seldom that a line which died unheard is found within half a minute.
"""

import os
import sys

from app import installation, serve
from app.extensions import socketio
from tests import house

PING, PONG = 1, 2  # seconds

if __name__ == "__main__":
    app = house.application()
    installation.require_ready(app)
    socketio.server.eio.ping_interval, socketio.server.eio.ping_timeout = PING, PONG
    sys.exit(serve.embedded(app, int(os.environ["PORT"])))
