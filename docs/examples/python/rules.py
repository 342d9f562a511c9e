"""What a client decides by itself: how publications follow each other, what a code means, when to come back."""
import random


def chain(last, publication):
    """Step 5: how a publication stands to the last offset that was handed on."""
    if publication["offset"] <= last:
        return "repeat"
    predecessor = publication.get("prev", publication["offset"] - 1)
    return "next" if predecessor <= last else "hole"


def retry(code):
    """Step 7: 'never', 'later' or 'reconnect', by the code's range, so that codes of a newer server are understood too."""
    if code in (1000, 1008, 1010) or code >= 4500 or 100 <= code < 200:
        return "never"
    return "later" if 200 <= code < 300 else "reconnect"


def delay(attempt, retry_after=None):
    """Step 7: seconds to wait before attempt 0, 1, 2 …: anywhere up to a limit that doubles, so that clients spread."""
    limit = retry_after / 1000 if retry_after else min(30, 0.5 * 2**attempt)
    return random.uniform(0, limit)


class MillraceError(Exception):
    def __init__(self, code, message, field=None):
        super().__init__(message)
        self.code = code
        self.field = field
        self.retry = retry(code)
