"""What the client can do, against a server: python3 tour.py ws://localhost:8080/millrace. Prints a JSON line for each event
and ends when a message says "end". The repository's tests run it against a server that cuts its connection in between."""
import asyncio
import json
import sys

from millrace import Client
from rules import MillraceError


def tell(**event):
    print(json.dumps(event), flush=True)


async def main(url):
    client = Client(url)
    ended = asyncio.Event()

    def on_message(channel):
        def show(message, offset):
            tell(channel=channel, message=message, offset=offset)
            if message == "end":
                ended.set()

        return show

    def on_gap(channel):
        return lambda gap: tell(channel=channel, gap=gap["reason"], to=gap["to"]["offset"])

    async def double(number):
        return number * 2

    client.handle("device.double", double)
    for channel in ("chat:lobby", "short:lobby"):
        await client.subscribe(channel, on_message(channel), on_gap(channel))
    tell(published=(await client.publish("chat:lobby", "hello"))["offset"])
    tell(sum=await client.call("sum", [1, 2, 3]))
    try:
        await client.publish("quiet:lobby", "psst")
    except MillraceError as error:
        tell(refused=error.code, retry=error.retry)
    tell(ready=client.session)
    await ended.wait()
    await client.close()


asyncio.run(main(sys.argv[1]))
