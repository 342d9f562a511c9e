"""Holds dialect.py and rules.py against the vectors: python3 check_vectors.py FOLDER. Prints one line per file."""
import base64
import json
import sys
from pathlib import Path

from dialect import read_frame, write_command
from rules import chain, retry


def model(value):
    """A model of the files: bytes stand in base64."""
    if isinstance(value, list):
        return [model(one) for one in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"codec", "base64"}:
        return {"codec": value["codec"], "bytes": base64.b64decode(value["base64"])}
    return {name: model(one) for name, one in value.items()}


def covers(read, expected):
    """Whether everything expected was read: a field that this client never looks at may stand beside it."""
    if isinstance(expected, dict):
        # A list that is absent is empty.
        return isinstance(read, dict) and all(covers(read.get(name, []), expected[name]) for name in expected)
    if isinstance(expected, list):
        return isinstance(read, list) and len(read) == len(expected) and all(map(covers, read, expected))
    return type(read) is type(expected) and read == expected


def commands(file):
    for vector in file["vectors"]:
        written = json.loads(write_command(model(vector["command"])))
        yield vector["name"], written == json.loads(vector["json"])


def messages(file):
    for vector in file["vectors"]:
        yield vector["name"], list(read_frame(vector["json"])) == [model(vector["message"])]


def lenient(file):
    for vector in file["vectors"]:
        if "json" in vector:
            yield vector["name"], covers(list(read_frame(vector["json"])), model(vector["messages"]))


def chains(file):
    for vector in file["vectors"]:
        last, good = vector["last"], True
        for publication in vector["publications"]:
            good = good and chain(last, publication) == publication["is"]
            last = publication["offset"] if publication["is"] == "next" else last
        yield vector["name"], good


def codes(file):
    for one in file["codes"] + file["unknown"]:
        yield one["code"], retry(one["code"]) == one["retry"]


failed = 0
for check in (commands, messages, lenient, chains, codes):
    results = list(check(json.loads(Path(sys.argv[1], f"{check.__name__}.json").read_text("utf-8"))))
    wrong = [name for name, good in results if not good]
    failed += len(wrong)
    print(f"{check.__name__}: {len(results) - len(wrong)} of {len(results)}", *wrong, sep="\n  ")
sys.exit(1 if failed else 0)
