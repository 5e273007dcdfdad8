"""The embedded installation: one worker that serves pages and sockets and runs the relay and the clock."""

import os
import sys

from app import create_app, installation

app = create_app()
if os.environ.get("FLASK_RUN_FROM_CLI") != "true":  # the commands of `flask` make ready what everything else serves
    try:
        installation.require_ready(app)
    except installation.NotReady as reason:
        sys.exit(str(reason))


def main() -> None:
    from app import serve

    port = int(os.environ.get("PORT", "8080"))
    sys.exit(serve.embedded(app, port))


if __name__ == "__main__":
    main()
