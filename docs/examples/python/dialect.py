"""Step 2 of docs/writing-a-client.md: messages to text frames and back, in the JSON dialect.

A message is a dict {"id": int, "kind": str, "body": dict}; id 0 stands for none. A payload is a dict with "codec" and
"value" (JSON) or "bytes" (every other codec).
"""
import base64
import json

KINDS = {
    "error", "connected", "subscribed", "unsubscribed", "published", "sent", "history", "presence", "entered", "left",
    "answered", "publication", "ephemeral", "joined", "updated", "departed", "gap", "call", "ping", "pong", "disconnect",
    "refreshed",
}  # fmt: skip


def write_command(command):
    """One command as the text of a frame, or of a part of a frame of several."""
    envelope = {"id": command["id"]} if command["id"] != 0 else {}
    envelope[command["kind"]] = write_body(command["body"])
    return json.dumps(envelope, separators=(",", ":"))


def write_frame(commands):
    return "[" + ",".join(write_command(command) for command in commands) + "]"


def write_body(body):
    written = {}
    for name, value in body.items():
        if name != "data":
            written[name] = value
        elif value["codec"] == "json":
            written["data"] = value["value"]
        else:
            written["codec"] = value["codec"]
            written["data"] = base64.b64encode(value["bytes"]).decode("ascii")
    return written


def read_frame(text):
    """The messages of a frame, in order. What a newer server may say and this client does not know is left out."""
    parsed = json.loads(text)
    for one in parsed if isinstance(parsed, list) else [parsed]:
        kind = next((key for key in one if key in KINDS), None)
        if kind is not None:
            yield {"id": one.get("id") or 0, "kind": kind, "body": read_body(one[kind])}


def read_body(body):
    read = {}
    for name, value in body.items():
        if name == "data":
            read["data"] = read_payload(body)
        elif value is None or (name == "codec" and "data" in body):
            continue  # null is absent; a codec belongs to the payload beside it
        elif name == "member":
            read[name] = read_body(value)
        elif name in ("members", "publications"):
            read[name] = [read_body(one) for one in value]
        else:
            read[name] = value
    return read


def read_payload(body):
    codec = body.get("codec") or "json"
    if codec == "json":
        return {"codec": codec, "value": body["data"]}
    return {"codec": codec, "bytes": base64.b64decode(body["data"], validate=True)}
