"""The same as script.mjs, with Python's websockets: argv[1] is the URL."""
import asyncio
import json
import sys

import websockets

TEXT = "grüße " + "x" * 60_000 + " 👋"


async def main(url):
    seen = []
    async with websockets.connect(url, subprotocols=["millrace.json"]) as socket:
        await socket.send(json.dumps([
            {"id": 1, "connect": {"version": 1}},
            {"id": 2, "subscribe": {"channel": "any:thing"}},
        ]))
        while not ("publication" in seen and "published" in seen):
            message = json.loads(await socket.recv())
            kind = next(key for key in message if key != "id")
            seen.append(kind)
            if kind == "subscribed":
                await socket.send(json.dumps({"id": 3, "publish": {"channel": "any:thing", "data": {"text": TEXT}}}))
            if kind == "publication":
                assert message["publication"]["data"]["text"] == TEXT
        await (await socket.ping())
        await socket.close(1000, "done")
        print(json.dumps({"seen": seen, "code": socket.close_code, "protocol": socket.subprotocol}))


asyncio.run(main(sys.argv[1]))
