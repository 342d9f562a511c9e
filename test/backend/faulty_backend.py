"""
The backend of docs/examples/backend with moods, for tests: each line on standard input is its mood from then on. Tells its port, then each mood it is in and each
question it was asked, one JSON a line. Whatever its mood, what it says would let everybody in who took it for an answer.
"""

import json, sys, threading, time
from http.server import ThreadingHTTPServer

sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import backend

mood = ["well"]
forever = threading.Event()
lock = threading.Lock()


def tell(what):
    with lock:
        print(json.dumps(what), flush=True)


class Faulty(backend.Handler):
    def do_POST(self):
        self.mood = mood[0]
        tell({"asked": self.path, "mood": self.mood})
        if self.path == "/elsewhere":
            return self.answer(200, self.kind_answer())
        super().do_POST()

    def kind_answer(self):
        return {"allow": True} if "authorize" in self.path else {"user": {"id": "ada"}}

    def answer(self, status, said):
        kind = json.dumps(self.kind_answer()).encode()
        if status != 200 or self.mood == "well" or self.path == "/elsewhere":
            super().answer(status, said)
        elif self.mood == "slow":
            time.sleep(0.6)
            super().answer(200, self.kind_answer())
        elif self.mood == "hanging":
            forever.wait()
        elif self.mood == "dying":
            self.send(200, kind, "application/json", length=len(kind) + 100)
            self.wfile.flush()
            self.close_connection = True
        elif self.mood == "broken":
            self.send(500, kind, "application/json")
        elif self.mood == "busy":
            self.send(503, kind, "application/json")
        elif self.mood == "a page":
            self.send(200, b"<!doctype html><pre>" + kind, "text/html")
        elif self.mood == "long":
            self.send(200, kind[:-1] + b" " * 10_000_000 + b"}", "application/json")
        elif self.mood == "moved":
            self.send_response(307)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()
        else:
            raise ValueError(self.mood)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # Whoever asked has gone, which is what some moods are about.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


server = Server(("127.0.0.1", 0), Faulty)
threading.Thread(target=server.serve_forever, daemon=True).start()
tell({"port": server.server_port})
for line in sys.stdin:
    mood[0] = line.strip()
    tell({"is": mood[0]})
