"""The embedded installation: one process that serves pages and sockets and runs the relay."""

import os
import sys

from app import create_app

app = create_app()


def main() -> None:
    from app import serve

    port = int(os.environ.get("PORT", "8080"))
    sys.exit(serve.embedded(app, port))


if __name__ == "__main__":
    main()
