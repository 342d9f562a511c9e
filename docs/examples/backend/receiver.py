"""
A backend that is told what happens: `MILLRACE_SECRET=whsec_… python3 receiver.py 8000 events.db`. It keeps each event once, whatever happens to
it or to the server. It needs nothing but Python 3.9.
"""

import json, os, sqlite3, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from verify import verify


class Events:
    def __init__(self, file):
        self.database = sqlite3.connect(file)
        self.database.execute("create table if not exists events (number integer primary key, id text unique, event text)")

    def keep(self, request):
        """Keeps all that is new of a request, or nothing when this process ends meanwhile."""
        if "dropped" in request:
            print(f"{request['dropped']} events of {request['node']} are lost before these", file=sys.stderr)
        with self.database:
            for event in request["events"]:
                # What came before is known by its id.
                self.database.execute("insert or ignore into events (id, event) values (?, ?)", (event["id"], json.dumps(event)))


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not verify(os.environ["MILLRACE_SECRET"], self.headers, body):
            return self.answer(400)
        # First kept, then answered for.
        self.server.events.keep(json.loads(body))
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


def serve(port, file, handler=Handler):
    with HTTPServer(("127.0.0.1", port), handler) as server:
        server.events = Events(file)
        print(json.dumps({"port": server.server_port}), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
