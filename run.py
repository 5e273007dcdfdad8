"""The embedded installation: one worker that serves pages and sockets and runs the relay and the clock."""

import os
import sys

from app import ready_app

app = ready_app(serving=os.environ.get("FLASK_RUN_FROM_CLI") != "true")


def main() -> None:
    from app import serve

    port = int(os.environ.get("PORT", "8080"))
    sys.exit(serve.embedded(app, port))


if __name__ == "__main__":
    main()
