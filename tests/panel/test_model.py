"""What is known of a controller comes from its events."""

from __future__ import annotations

from typing import Any

import pytest

from dds_link.panel.model import CONNECTING, LIVE, LOG_LENGTH, LOST, Counter, Gap, Link, who

BY = {"peer": "10.0.0.5:50000", "client": "scan.py", "rid": 7}


def receipt(channel: int = 0, **more: Any) -> dict[str, Any]:
    words = {"ftw": 343597384, "pow": 0, "asf": 8192}
    return {"channel": channel, "name": f"ch{channel}", "frequency": 80e6, "amplitude": 0.5,
            "phase": 0.0, "enabled": True, "words": words, "epoch": 1, **more}  # fmt: skip


def snapshot(*receipts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"seq": 0, "killed": False, "device": "ready", "channels": list(receipts), **more}


def event(seq: int, *receipts: dict[str, Any], name: str = "changed", **more: Any) -> Any:
    return {"event": name, "seq": seq, "time": 100.0 + seq, "by": BY,
            "channels": list(receipts), **more}  # fmt: skip


def connected(*receipts: dict[str, Any], **more: Any) -> Link:
    link = Link("lab", "lab:65432")
    link.connected({"device": "ad9910"}, {}, snapshot(*receipts, **more), 10.0, 100.0)
    return link


def test_nothing_is_known_at_first() -> None:
    link = Link("lab", "lab:65432")
    assert (link.state, link.channels, link.contact) == (CONNECTING, {}, None)


def test_a_snapshot_says_everything_but_who_it_was() -> None:
    link = connected(receipt(0), receipt(1), killed=True)
    assert (link.state, link.killed, link.device, link.contact) == (LIVE, True, "ready", 10.0)
    assert sorted(link.channels) == [0, 1]
    assert (link.channels[0].by, link.channels[0].time) == ("", None)
    assert [entry.what for entry in link.log] == ["connected"]


def test_a_change() -> None:
    link = connected(receipt(0), receipt(1))
    seen = link.counter.last
    link.take(event(1, receipt(1, frequency=81e6)), 11.0)
    channel = link.channels[1]
    assert (channel.receipt["frequency"], channel.time) == (81e6, 101.0)
    assert channel.by == "scan.py, rid 7 (10.0.0.5:50000)"
    assert [i for i, each in link.channels.items() if each.version > seen] == [1]
    assert link.static_version <= seen
    assert (link.log[-1].event, link.log[-1].what) == ("changed", "ch1")
    assert link.contact == 11.0


def test_an_event_that_is_missing_is_noticed() -> None:
    link = connected(receipt(0))
    with pytest.raises(Gap):
        link.take(event(2, receipt(0)), 11.0)


def test_killed_and_armed() -> None:
    link = connected(receipt(0))
    link.take(event(1, name="killed"), 11.0)
    assert link.killed
    link.take(event(2, receipt(0)), 11.0)
    assert link.killed
    link.take(event(3, name="armed"), 12.0)
    assert not link.killed


def test_a_device_that_goes() -> None:
    link = connected(receipt(0))
    link.take({"event": "device", "seq": 1, "time": 1.0, "by": None, "device": "missing"}, 1.0)
    assert (link.device, link.log[-1].what, link.log[-1].by) == (
        "missing", "device missing", "controller")  # fmt: skip


def test_channels_that_come_later_are_known_then() -> None:
    link = connected()
    before = link.static_version
    link.take(event(1, receipt(0), name="device", device="ready"), 11.0)
    assert sorted(link.channels) == [0]
    assert link.static_version > before


def test_a_lost_link_keeps_its_values_and_says_why_once() -> None:
    link = connected(receipt(0))
    link.lost("no_link: refused", 200.0)
    version = link.counter.last
    link.lost("no_link: refused", 201.0)
    assert link.counter.last == version
    link.lost("no_link: still", 202.0)
    assert (link.state, link.reason, link.rtt, link.contact) == (LOST, "no_link: still", None, 10.0)
    assert link.channels[0].receipt["frequency"] == 80e6
    assert [entry.what for entry in link.log] == ["connected", "lost: no_link: refused"]


def test_after_a_loss_who_it_was_is_known_only_of_what_did_not_change() -> None:
    link = connected(receipt(0), receipt(1))
    link.take(event(1, receipt(0), receipt(1)), 11.0)
    link.lost("gone", 200.0)
    link.connected({}, {}, snapshot(receipt(0), receipt(1, phase=0.5)), 12.0, 201.0)
    assert link.channels[0].by == "scan.py, rid 7 (10.0.0.5:50000)"
    assert (link.channels[1].by, link.channels[1].time) == ("", None)
    link.take(event(1, receipt(0)), 13.0)  # numbers begin anew


def test_a_ping() -> None:
    link = connected(receipt(0))
    version = link.head_version
    link.heard(0.001, 20.0)
    assert (link.rtt, link.contact) == (0.001, 20.0)
    assert link.head_version > version


def test_the_log_counts_what_repeats_and_has_an_end() -> None:
    link = connected(receipt(0), receipt(1))
    for seq in range(1, 101):
        link.take(event(seq, receipt(0)), 11.0)
    assert (len(link.log), link.log[-1].count, link.log[-1].time) == (2, 100, 200.0)
    number = link.log[-1].number
    for seq in range(101, 1001):
        link.take(event(seq, receipt(seq % 2)), 11.0)
    assert len(link.log) == LOG_LENGTH
    assert link.log[-1].number > number


def test_many_channels_are_counted_in_the_log() -> None:
    receipts = [receipt(i) for i in range(5)]
    link = connected(*receipts)
    link.take(event(1, *receipts), 11.0)
    assert link.log[-1].what == "5 channels"


def test_every_change_wakes_the_viewers() -> None:
    woken = []
    counter = Counter(lambda: woken.append(1))
    assert (counter.next(), counter.next(), len(woken)) == (1, 2, 2)


@pytest.mark.parametrize(
    ("by", "text"),
    [
        (None, "controller"),
        ({"peer": "1.2.3.4:5", "client": None, "rid": None}, "1.2.3.4:5"),
        ({"peer": "1.2.3.4:5", "client": None, "rid": 3}, "rid 3 (1.2.3.4:5)"),
    ],
)
def test_who(by: Any, text: str) -> None:
    assert who(by) == text
