"""A small client, following docs/writing-a-client.md step by step: connect, subscribe, recover, publish, call."""
import asyncio
import uuid

import websockets

from dialect import read_frame, write_frame
from rules import MillraceError, chain, delay, retry

TIMEOUT, CONNECTION_LOST, UNKNOWN_METHOD = 202, 205, 115


def json_payload(value):
    return {"codec": "json", "value": value}


class Subscription:
    """What a client keeps of a channel: the last position it handed on, and what waits behind a hole."""

    def __init__(self, client, channel, on_message, on_gap):
        self.client, self.channel = client, channel
        self.on_message, self.on_gap = on_message, on_gap
        self.position = None
        self.held = None  # publications that wait while a hole is being closed

    def command(self):
        body = {"channel": self.channel}
        if self.position is not None:
            body["since"] = self.position
        return body

    def subscribed(self, body):
        """Takes over a reply: what it lists comes first, then what arrives live."""
        if "gap" in body:
            self.lose(body["gap"])
        elif self.position is None or self.position["epoch"] != body["position"]["epoch"]:
            first = (body.get("publications") or [None])[0]
            start = body["position"]["offset"] if first is None else first["offset"] - 1
            self.position = {"epoch": body["position"]["epoch"], "offset": start}
        for publication in body.get("publications", []):
            self.hand_on(publication)
        self.position = body["position"]

    def live(self, publication):
        if self.held is not None:
            self.held.append(publication)
        elif self.position is not None and chain(self.position["offset"], publication) == "hole":
            self.held = [publication]
            asyncio.ensure_future(self.close_hole())
        else:
            self.hand_on(publication)

    async def close_hole(self):
        """Asks for what is missing until the answer reaches what was held back, or names a gap."""
        try:
            more = True
            while more:
                body = await self.client.request("history", {"channel": self.channel, "since": self.position})
                if "gap" in body:
                    self.lose(body["gap"])
                for publication in body.get("publications", []):
                    self.hand_on(publication)
                more = body.get("more", False)
        except MillraceError:
            return  # the connection was lost: the next subscribe recovers since the position
        finally:
            held, self.held = self.held or [], None
        for publication in held:
            self.live(publication)

    def hand_on(self, publication):
        if chain(self.position["offset"], publication) == "repeat":
            return
        self.position = {"epoch": self.position["epoch"], "offset": publication["offset"]}
        self.on_message(publication["data"].get("value"), publication["offset"])

    def lose(self, gap):
        self.position = gap["to"]
        self.on_gap(gap)


class Client:
    def __init__(self, url, token=None):
        self.url, self.token = url, token
        self.socket, self.session = None, None
        self.subscriptions, self.handlers, self.pending = {}, {}, {}
        self.next_id, self.silence = 1, 15
        self.opened = asyncio.Event()
        self.retry_after = None
        self.life = asyncio.ensure_future(self.live())

    # Step 7: one connection after the other, until a close code says to stay away.
    async def live(self):
        attempt = 0
        while True:
            code = 1006
            try:
                async with websockets.connect(self.url, subprotocols=["millrace.json"]) as socket:
                    self.socket = socket
                    await self.open()
                    attempt = 0
                    await self.read()
            except MillraceError as error:
                if error.retry == "never":
                    raise
            except (OSError, websockets.InvalidHandshake):
                pass
            except websockets.ConnectionClosed as closed:
                code = closed.rcvd.code if closed.rcvd else 1006
            self.opened.clear()
            self.fail_pending()
            if retry(code) == "never":
                raise MillraceError(code, f"closed with {code}")
            await asyncio.sleep(delay(attempt, self.retry_after))
            self.retry_after = None
            attempt += 1

    # Step 3: connect and every subscription in the first frame, which takes one round trip.
    async def open(self):
        body = {"version": 1, "client": "example-python/1.0"}
        if self.token is not None:
            body["token"] = self.token
        if self.session is not None:
            body["session"] = self.session
        commands = [self.command("connect", body)]
        for subscription in self.subscriptions.values():
            commands.append(self.command("subscribe", subscription.command()))
        replies = [self.expect(command) for command in commands]
        await self.socket.send(write_frame(commands))
        while not replies[0].done():
            self.take(await self.socket.recv())
        connected = replies[0].result()
        self.session = connected["session"]
        self.silence = (connected["heartbeat"] + connected["patience"]) / 1000
        self.opened.set()

    # Step 6: a connection on which nothing arrives any more is asked once, then given up.
    async def read(self):
        asked = False
        while True:
            try:
                frame = await asyncio.wait_for(self.socket.recv(), self.silence)
                asked = False
                self.take(frame)
            except asyncio.TimeoutError:
                if asked:
                    return
                asked = True
                await self.send("ping", {})

    def take(self, frame):
        for message in read_frame(frame):
            kind, body = message["kind"], message["body"]
            subscription = self.subscriptions.get(body.get("channel"))
            if kind == "subscribed" and subscription is not None:
                subscription.subscribed(body)
            if message["id"] != 0:
                self.reply(message["id"], kind, body)
            elif kind == "publication" and subscription is not None:
                subscription.live(body)
            elif kind == "gap" and subscription is not None:
                subscription.lose(body)
            elif kind == "ping":
                asyncio.ensure_future(self.send("pong", {}))
            elif kind == "call":
                asyncio.ensure_future(self.answer(body))
            elif kind == "disconnect":
                self.retry_after = body.get("retryAfter")

    # Step 4: a reply finds its command by the id.
    def command(self, kind, body, id=None):
        if id is None:
            id, self.next_id = self.next_id, self.next_id + 1
        return {"id": id, "kind": kind, "body": body}

    def expect(self, command):
        future = asyncio.get_event_loop().create_future()
        self.pending[command["id"]] = future
        return future

    def reply(self, id, kind, body):
        future = self.pending.pop(id, None)
        if future is None or future.done():
            return
        if kind == "error":
            future.set_exception(MillraceError(body["code"], body["message"], body.get("field")))
            future.exception()  # read once, so that nobody has to
        else:
            future.set_result(body)

    def fail_pending(self):
        for id in list(self.pending):
            self.reply(id, "error", {"code": CONNECTION_LOST, "message": "the connection was lost"})

    async def send(self, kind, body):
        await self.socket.send(write_frame([self.command(kind, body, id=0)]))

    async def request(self, kind, body, timeout=10):
        await asyncio.wait_for(self.opened.wait(), timeout)
        command = self.command(kind, body)
        future = self.expect(command)
        try:
            await self.socket.send(write_frame([command]))
            return await asyncio.wait_for(future, timeout)
        except websockets.ConnectionClosed:
            raise MillraceError(CONNECTION_LOST, "the connection was lost") from None
        except asyncio.TimeoutError:
            raise MillraceError(TIMEOUT, f"no answer within {timeout} s") from None
        finally:
            self.pending.pop(command["id"], None)

    # Step 5. Waits for the connection first: what is listed before is subscribed with the first frame.
    async def subscribe(self, channel, on_message, on_gap):
        subscription = Subscription(self, channel, on_message, on_gap)
        await self.opened.wait()
        self.subscriptions[channel] = subscription
        await self.request("subscribe", subscription.command())

    # Step 8: a publication that was not answered is sent again with the same id, and stored once.
    async def publish(self, channel, value, attempts=3):
        body = {"channel": channel, "id": str(uuid.uuid4()), "data": json_payload(value)}
        for attempt in range(attempts):
            try:
                return (await self.request("publish", body))["position"]
            except MillraceError as error:
                if error.retry == "never" or attempt == attempts - 1:
                    raise

    # Step 9: calls, in both directions.
    async def call(self, method, value, timeout=10):
        body = {"method": method, "timeout": int(timeout * 1000), "data": json_payload(value)}
        return (await self.request("call", body, timeout))["data"].get("value")

    def handle(self, method, handler):
        self.handlers[method] = handler

    async def answer(self, call):
        body = {"call": call["call"]}
        try:
            if call["method"] not in self.handlers:
                raise MillraceError(UNKNOWN_METHOD, f"no handler for {call['method']}")
            body["data"] = json_payload(await self.handlers[call["method"]](call["data"].get("value")))
        except MillraceError as error:
            body["error"] = {"code": error.code, "message": str(error)}
        await self.send("answer", body)

    async def close(self):
        self.life.cancel()
        await asyncio.gather(self.life, return_exceptions=True)
