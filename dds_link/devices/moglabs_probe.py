"""What a MOGLabs box tells of itself when it is asked; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dds_link.devices import moglabs_protocol as box
from dds_link.devices.base import Finding
from dds_link.devices.moglabs_link import Link
from dds_link.errors import DeviceFault


def look(
    link: Link, quad: bool, channels: Iterable[int], check: Callable[[int], None]
) -> list[Finding]:
    """Ask a box whose identity is known.

    :param link: the conversation, in step.
    :param quad: a QRF, which reports neither its PLLs nor its switches in words.
    :param channels: those to look at.
    :param check: raises ``DeviceFault`` if a channel counts another clock than the driver.
    """
    found = [
        Finding("box", True, link.identity),
        Finding("firmware", None, _told(link, "VERSION")),
        Finding("reference", None, _told(link, "CLKSRC")),
    ]
    if not quad:
        found.append(_plls(_told(link, "CLKDIAG")))
    for channel in channels:
        found.append(_channel(link, channel, check))
    return found


def _told(link: Link, text: str) -> str:
    """The answer to a question that some firmware does not know, on one line."""
    return ", ".join(link.ask(text).splitlines())


def _plls(answer: str) -> Finding:
    """Whether every PLL has locked; one that has not says neither ``OK`` nor ``LOCKED``."""
    if box.is_refusal(answer):
        return Finding("PLLs", None, answer)
    locked = all("OK" in part and "LOCKED" in part for part in answer.split(","))
    advice = "" if locked else "; no reference, or one of another frequency or level than CLKSRC"
    return Finding("PLLs", locked, answer + advice)


def _channel(link: Link, channel: int, check: Callable[[int], None]) -> Finding:
    what = f"channel {channel}"
    try:
        check(channel)
    except DeviceFault as fault:
        return Finding(what, False, str(fault))
    names = ("MODE", "STATUS", "FREQ", "POW", "LIMIT")
    told = (f"{name} {_told(link, box.command(name, channel))}" for name in names)
    return Finding(what, True, "; ".join(told))
