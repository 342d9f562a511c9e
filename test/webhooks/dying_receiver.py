"""
The receiver of the examples, which tells what comes and dies when it is told to: `dying_receiver.py EXAMPLES PORT FILE [unkept|kept NUMBER]`. It dies as by
kill -9 at the request of that number, before or after it has kept the events, and in either case without an answer.
"""

import json, os, signal, sys

sys.path.insert(0, sys.argv[1])
from receiver import Handler, serve  # noqa: E402

death = sys.argv[4] if len(sys.argv) > 4 else None
number = int(sys.argv[5]) if death else 0
requests = 0


class Dying(Handler):
    def do_POST(self):
        global requests
        requests += 1
        if death == "unkept" and requests == number:
            die()
        super().do_POST()

    def answer(self, status):
        if death == "kept" and requests == number:
            die()
        print(json.dumps({"status": status, "id": self.headers["webhook-id"]}), flush=True)
        super().answer(status)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


serve(int(sys.argv[2]), sys.argv[3], Dying)
