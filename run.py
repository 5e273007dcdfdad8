"""The embedded installation: one process that serves pages and sockets and runs the relay."""

import os
import sys

from app import create_app

app = create_app()


def main() -> None:
    from app import installation, serve

    with app.app_context():
        try:
            installation.check_demo_mark(app)
        except installation.WrongDatabase as wrong:
            sys.exit(str(wrong))
    port = int(os.environ.get("PORT", "8080"))
    sys.exit(serve.embedded(app, port))


if __name__ == "__main__":
    main()
