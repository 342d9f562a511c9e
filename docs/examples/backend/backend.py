"""
A backend that decides who connects to Millrace and who may do what there: `MILLRACE_SECRET=whsec_… python3 backend.py 8000`.
It needs nothing but Python 3.9.
"""

import json, os, sys
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from verify import verify

# What is in your tables.
SIGNED_IN = {"token-of-ada": "ada", "token-of-eve": "eve"}
MEMBERS = {"lobby": {"ada", "eve"}, "staff": {"ada"}}


def authenticate(question):
    cookies = SimpleCookie(question.get("headers", {}).get("cookie", ""))
    token = question.get("token") or (cookies["sid"].value if "sid" in cookies else None)
    user = SIGNED_IN.get(token)
    if user is None:
        return {"error": {"message": "Sign in first"}}
    return {"user": {"id": user}}


def authorize(question):
    if question["user"]["id"] in MEMBERS.get(question["params"]["room"], ()):
        return {"allow": True, "cache": 60}
    return {"allow": False, "message": "Only for members"}


DECISIONS = {"/millrace/auth": authenticate, "/millrace/authorize": authorize}


class Handler(BaseHTTPRequestHandler):
    # Connections are used again, by answers that say how long they are.
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        decide = DECISIONS.get(self.path)
        if decide is None:
            self.answer(404, {"problem": "nothing is decided here"})
        elif not verify(os.environ["MILLRACE_SECRET"], self.headers, body):
            # Not 401, which would say that the client is refused.
            self.answer(400, {"problem": "the signature is wrong"})
        else:
            self.answer(200, decide(json.loads(body)))

    def answer(self, status, said):
        self.send(status, json.dumps(said).encode(), "application/json")

    def send(self, status, body, kind, length=None):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
