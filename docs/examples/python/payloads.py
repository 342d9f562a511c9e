"""Holds a payload against the document that `millrace api --json` printed, and says what is wrong with it:

    python3 payloads.py asyncapi.json ChatRoomMessage '{"text": "hello"}'

Needs jsonschema (pip install jsonschema, or apt-get install python3-jsonschema).
"""
import json
import sys
from pathlib import Path

from jsonschema import Draft7Validator


class Payloads:
    """Checks what is about to be published, before the server does."""

    def __init__(self, path):
        self.components = json.loads(Path(path).read_text("utf-8"))["components"]

    def problems(self, name, value):
        """What is wrong with a value of this schema, with the place; nothing for a good one."""
        # References in the document count from its root, so the schemas they lead to come along.
        schema = {"$ref": f"#/components/schemas/{name}", "components": self.components}
        for error in Draft7Validator(schema).iter_errors(value):
            place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
            yield f"data{place}: {error.message}"


if __name__ == "__main__":
    document, name, text = sys.argv[1:]
    problems = list(Payloads(document).problems(name, json.loads(text)))
    print(*problems or ["good"], sep="\n")
    sys.exit(1 if problems else 0)
