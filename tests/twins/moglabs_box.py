"""A MOGLabs box to talk to."""

from dds_link.twins.moglabs import MODELS, MoglabsBox
from tests.twins.manual_clock import ManualClock


def make(kind: str = "xrf", old: bool = False) -> MoglabsBox:
    """A box of this kind, on a clock of its own."""
    return MoglabsBox(MODELS["moglabs_" + kind], ManualClock(), old)


def say(box: MoglabsBox, line: str) -> str:
    """What a box answers to one line."""
    answer = box.receive(line.encode() + b"\r\n")
    assert answer.endswith(b"\r\n"), answer
    assert answer.count(b"\r\n") == 1, answer
    return answer[:-2].decode()


def check(box: MoglabsBox, *dialogue: str) -> None:
    """Check a dialogue: what is said and what is answered, in turns."""
    for line, answer in zip(dialogue[::2], dialogue[1::2], strict=True):
        assert say(box, line) == answer, line
