"""A witness that does what no witness should: a small HTTP server with one answer for everything."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextmanager
def answering(status, body=b"", headers=(), wait=0.0, drip=0.0):
    """Yields its address and the list of what it was asked. `body` may be a function of the request's body."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked.append((self.command, self.path, data))
            said = body(data) if callable(body) else body
            time.sleep(wait)
            self.send_response(status)
            for name, value in dict(headers).items():
                self.send_header(name, value)
            self.end_headers()
            for place in range(0, len(said), 1 if drip else max(1, len(said))):
                self.wfile.write(said[place : place + (1 if drip else len(said))])
                time.sleep(drip)

        do_GET = do_POST

        def log_message(self, *_words):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_about):
            pass  # the client went away: that is what is tested

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join(20)
