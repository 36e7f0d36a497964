"""The wire as a table. A new command or code adds a row, and every test of the protocol drives it.

``COMMANDS``   what a client says, the command that it means, a result, and the reply line
``BAD_FRAMES`` what is refused before any rule is asked: the code, a part of the text, the echoed id
``REFUSALS``   every code as it goes out
``RULES``      what the service refuses: the code, after which other commands (the simulated board)
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Raw
from msgspec.structs import replace

from dds_link import errors
from dds_link.errors import WireError
from dds_link.protocol import commands
from dds_link.protocol.commands import Change, Set
from dds_link.protocol.replies import ReceiptReply
from dds_link.words import Words

EPOCH = 1795357200000

RECEIPT = ReceiptReply(
    channel=0,
    name="cooling",
    frequency=80000000.0745058,
    amplitude=0.50003,
    phase=0.25,
    enabled=True,
    words=Words(ftw=343597384, pow=16384, asf=8192),
    epoch=EPOCH,
)
RECEIPT_JSON = (
    b'{"channel":0,"name":"cooling","frequency":80000000.0745058,"amplitude":0.50003,"phase":0.25,'
    b'"enabled":true,"words":{"ftw":343597384,"pow":16384,"asf":8192},"epoch":1795357200000}'
)


# Behind an attenuator; without one the field is not there.
ATTENUATED = replace(RECEIPT, attenuation=10.0)
ATTENUATED_JSON = RECEIPT_JSON[:-1] + b',"attenuation":10.0}'


class Command(NamedTuple):
    """One request that is good, and a reply to it."""

    name: str
    request: bytes
    command: Any
    result: Any
    reply: bytes


def ok(result: bytes, request_id: bytes = b"") -> bytes:
    """The line that says ``success``."""
    echo = b'"id":%b,' % request_id if request_id else b""
    return b'{"status":"success",%b"result":%b}\n' % (echo, result)


def shown(name: str, request: bytes, command: Any, result: Any = None, reply: bytes = b"{}") -> Any:
    """A row whose result does not matter, unless it is given."""
    return Command(name, request, command, {} if result is None else result, ok(reply))


# One row for each command_id, then what else a request may look like.
COMMANDS: list[Command] = [
    shown("ping", b'{"command_id":"ping"}', commands.Ping(), {"device": "ready"},
          b'{"device":"ready"}'),
    shown("hello", b'{"command_id":"hello","client":"scan.py","rid":7}',
          commands.Hello("scan.py", 7)),
    shown("identify", b'{"command_id":"identify"}', commands.Identify(), {"protocol": 1},
          b'{"protocol":1}'),
    shown("describe", b'{"command_id":"describe"}', commands.Describe()),
    Command(
        "set",
        b'{"command_id":"set","id":7,"channel":"cooling","frequency":80e6,"amplitude":0.5,'
        b'"phase":0.25}',
        Set("cooling", 80e6, 0.5, 0.25, id=Raw(b"7")),
        RECEIPT,
        ok(RECEIPT_JSON, b"7"),
    ),
    shown("apply", b'{"command_id":"apply","changes":[{"channel":0,"frequency":80e6},'
          b'{"channel":"raman","enabled":false}]}',
          commands.Apply([Change(0, 80e6), Change("raman", enabled=False)]),
          [RECEIPT, RECEIPT], b"[%b,%b]" % (RECEIPT_JSON, RECEIPT_JSON)),
    shown("get", b'{"command_id":"get","channel":0,"verify":true}', commands.Get(0, True), RECEIPT,
          RECEIPT_JSON),
    shown("sync", b'{"command_id":"sync","channels":[0,"raman"]}', commands.Sync([0, "raman"]), [],
          b"[]"),
    shown("kill", b'{"command_id":"kill"}', commands.Kill()),
    shown("arm_rf", b'{"command_id":"arm_rf"}', commands.ArmRF()),
    shown("reset", b'{"command_id":"reset"}', commands.Reset()),
    shown("subscribe", b'{"command_id":"subscribe","interval":0.1,"events":["changed"]}',
          commands.Subscribe(0.1, ["changed"])),
    # Fields
    shown("words in place of quantities",
          b'{"command_id":"set","channel":0,"ftw":343597384,"pow":16384,"asf":8192}',
          Set(0, ftw=343597384, pow=16384, asf=8192)),
    shown("frequency and ftw together are a question of rules, not of types",
          b'{"command_id":"set","channel":0,"frequency":80e6,"ftw":1}', Set(0, 80e6, ftw=1)),
    Command(
        "an attenuation",
        b'{"command_id":"set","channel":0,"attenuation":10.2}',
        Set(0, attenuation=10.2),
        ATTENUATED,
        ok(ATTENUATED_JSON),
    ),
    shown("null is absent", b'{"command_id":"set","channel":0,"frequency":null,"enabled":null}',
          Set(0)),
    shown("null is absent in every command",
          b'{"command_id":"get","channel":null,"verify":null,"id":null}',
          commands.Get(id=Raw(b"null"))),
    shown("an integer is a number", b'{"command_id":"set","channel":0,"frequency":80000000}',
          Set(0, 80e6)),
    shown("a number that is all but too large",
          b'{"command_id":"set","channel":0,"frequency":1e308}',
          Set(0, 1e308)),
    shown("a number that rounds to zero", b'{"command_id":"set","channel":0,"phase":1e-400}',
          Set(0, phase=0.0)),
    shown("a name beyond ASCII", '{"command_id":"get","channel":"kühlung"}'.encode(),
          commands.Get("kühlung")),
    shown("escapes mean what they stand for",
          b'{"c\\u006fmmand_id":"\\u0067et","channel":"\\ud83d\\ude00"}',
          commands.Get("\N{GRINNING FACE}")),
    shown("colons in a string are no keys", b'{"command_id":"hello","client":"a:b::c"}',
          commands.Hello("a:b::c")),
    shown("braces in a string are no objects", b'{"command_id":"hello","client":"}{\\"}"}',
          commands.Hello('}{"}')),
    shown("white space", b'{ "command_id" : "get" ,\t"channel" : 0 }', commands.Get(0)),
]  # fmt: skip

IDS = [b"0", b"7", b"-1.50", b"1e5", b"true", b"false", b'""', b'"7"', b'"a:{b}"', b'"\xc3\xa4"',
       b'"\\u0000"', b"123456789012345678901234567890",
       b'"%b"' % (b"x" * 62), b"9" * 64]  # fmt: skip
"""Every kind of scalar that is echoed as it came; the last two have 64 bytes."""


class BadFrame(NamedTuple):
    """One frame that is refused."""

    name: str
    frame: bytes
    code: str
    text: str = ""
    """A part of the error text."""
    id: bytes = b""


def bad(name: str, frame: bytes, text: str = "") -> BadFrame:
    """A ``bad_frame``."""
    return BadFrame(name, frame, "bad_frame", text)


def wrong(name: str, frame: bytes, text: str = "", request_id: bytes = b"") -> BadFrame:
    """A ``bad_command``."""
    return BadFrame(name, frame, "bad_command", text, request_id)


def huge(name: str, frame: bytes, text: str = "", request_id: bytes = b"") -> BadFrame:
    """A number that no double holds."""
    return BadFrame(name, frame, "out_of_range", text, request_id)


SET = b'{"command_id":"set","channel":0,"frequency":%b}'

BAD_FRAMES: list[BadFrame] = [
    # Not JSON, or no object
    bad("a word", b"hello"),
    bad("a half object", b'{"command_id":"ping"'),
    bad("a comma too many", b'{"command_id":"ping",}'),
    bad("single quotes", b"{'command_id':'ping'}"),
    bad("a leading zero", b'{"command_id":"ping","id":01}'),
    bad("a bare control character", b'{"command_id":"hello","client":"a\tb"}'),
    bad("byte order mark", b'\xef\xbb\xbf{"command_id":"ping"}', "BOM"),
    bad("an array", b'[{"command_id":"ping"}]', "got an array"),
    bad("a string", b'"ping"', "got a string"),
    bad("a number", b"7", "got a number"),
    bad("a boolean", b"true", "got a boolean"),
    bad("null", b"null", "got null"),
    # Not a number
    bad("NaN", SET % b"NaN", "NaN"),
    bad("Infinity", SET % b"Infinity", "Infinity"),
    bad("-Infinity", SET % b"-Infinity", "-Infinity"),
    bad("NaN as id", b'{"command_id":"ping","id":NaN}', "NaN"),
    # The same key twice
    bad("duplicate key", b'{"command_id":"set","channel":0,"channel":1}', "'channel' stands twice"),
    bad("duplicate key, equal values", b'{"command_id":"ping","command_id":"ping"}', "twice"),
    bad("duplicate key, hidden by an escape", b'{"command_id":"ping","id":1,"\\u0069d":1}', "'id'"),
    bad("duplicate key, nested",
        b'{"command_id":"apply","changes":[{"channel":0,"channel":1}]}', "'channel'"),
    bad("duplicate key in a field that is unknown",
        b'{"command_id":"ping","x":{"a":1,"a":2}}', "'a'"),
    bad("duplicate key with a colon in a string",
        b'{"command_id":"hello","client":"a:b","client":"c"}', "'client'"),
    # Nesting bombs
    bad("100,000 open arrays", b"[" * 100_000, "nested too deeply"),
    bad("100,000 arrays in a field",
        b'{"command_id":"ping","x":%b%b}' % (b"[" * 100_000, b"]" * 100_000), "nested too deeply"),
    bad("100,000 arrays as id",
        b'{"command_id":"ping","id":%b%b}' % (b"[" * 100_000, b"]" * 100_000), "nested too deeply"),
    bad("100,000 objects", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    # Not UTF-8, or not text
    bad("invalid UTF-8", b'{"command_id":"\xff"}', "not UTF-8 at byte 15"),
    bad("invalid UTF-8 as id", b'{"command_id":"ping","id":"\xff"}', "not UTF-8"),
    bad("a surrogate as UTF-8", b'{"command_id":"get","channel":"\xed\xa0\x80"}', "not UTF-8"),
    bad("UTF-16", '{"command_id":"ping"}'.encode("utf-16")),
    bad("half a surrogate pair", b'{"command_id":"get","channel":"\\ud800"}', "surrogate"),
    bad("the other half", b'{"command_id":"get","channel":"\\udc00x"}', "surrogate"),
    bad("half a surrogate pair as id", b'{"command_id":"ping","id":"\\ud800"}', "surrogate"),
    bad("half a surrogate pair in an unknown command",
        b'{"command_id":"x","y":"\\ud800"}', "surrogate"),
    # Unknown command
    BadFrame("unknown command", b'{"command_id":"explode","id":"q"}', "unknown_command",
             "no command 'explode'; known commands: ping hello", b'"q"'),
    BadFrame("case matters", b'{"command_id":"PING"}', "unknown_command", "'PING'"),
    BadFrame("braces in an unknown command", b'{"command_id":"{0}"}', "unknown_command", "'(0)'"),
    BadFrame("a very long command", b'{"command_id":"%b"}' % (b"z" * 5000), "unknown_command"),
    # Missing, unknown and wrongly typed fields
    wrong("no command_id", b'{"id":3}', "command_id is missing", b"3"),
    wrong("an empty object", b"{}", "command_id is missing"),
    wrong("command_id null", b'{"command_id":null}', "command_id is missing"),
    wrong("command_id a number", b'{"command_id":3}', "command_id must be a string, not a number"),
    wrong("command_id a boolean", b'{"command_id":true}', "not a boolean"),
    wrong("command_id an object", b'{"command_id":{}}', "not an object"),
    wrong("set without channel", b'{"command_id":"set","id":1}', "`channel`", b"1"),
    wrong("channel null", b'{"command_id":"set","channel":null}', "channel"),
    wrong("channel 1.0", b'{"command_id":"set","channel":1.0}', "channel"),
    wrong("channel a boolean", b'{"command_id":"set","channel":true}', "channel"),
    wrong("channel a list", b'{"command_id":"get","channel":[0]}', "channel"),
    wrong("frequency a boolean", SET % b"true", "frequency"),
    wrong("frequency a string", SET % b'"80e6"', "frequency"),
    wrong("enabled a number", b'{"command_id":"set","channel":0,"enabled":1}', "enabled"),
    wrong("attenuation a string",
          b'{"command_id":"set","channel":0,"attenuation":"10dB"}', "attenuation"),
    wrong("ftw with a point", b'{"command_id":"set","channel":0,"ftw":1.0}', "ftw"),
    wrong("verify a number", b'{"command_id":"get","verify":1}', "verify"),
    wrong("unknown field", b'{"command_id":"set","channel":0,"freq":80e6,"id":9}', "`freq`", b"9"),
    wrong("unknown field of a change",
          b'{"command_id":"apply","changes":[{"channel":0,"id":1}]}', "changes[0]"),
    wrong("apply without changes", b'{"command_id":"apply"}', "`changes`"),
    wrong("changes null", b'{"command_id":"apply","changes":null}', "changes"),
    wrong("changes an object", b'{"command_id":"apply","changes":{}}', "changes"),
    wrong("1025 changes", b'{"command_id":"apply","changes":[%b]}'
          % b",".join([b'{"channel":0}'] * (commands.MAX_CHANGES + 1)), "1024"),
    wrong("sync of a boolean", b'{"command_id":"sync","channels":[true]}', "channels[0]"),
    wrong("a long client name", b'{"command_id":"hello","client":"%b"}' % (b"x" * 65), "client"),
    wrong("rid with a point", b'{"command_id":"hello","rid":1.5}', "rid"),
    wrong("interval a string", b'{"command_id":"subscribe","interval":"1"}', "interval"),
    wrong("an event that there is not", b'{"command_id":"subscribe","events":["x"]}', "events"),
    wrong("a very long field", b'{"command_id":"ping","%b":1}' % (b"z" * 5000), "zzz"),
    # The id
    wrong("id a list", b'{"command_id":"ping","id":[1]}', "id must be a JSON scalar"),
    wrong("id an object", b'{"command_id":"ping","id":{}}', "id must be a JSON scalar"),
    wrong("id of 65 bytes", b'{"command_id":"ping","id":"%b"}' % (b"x" * 63), "at most 64 bytes"),
    wrong("65 digits as id", b'{"command_id":"ping","id":%b}' % (b"9" * 65), "at most 64 bytes"),
    # Beyond a double
    huge("1e400", b'{"command_id":"set","channel":0,"id":4,"frequency":1e400}',
         "frequency: the number is too large", b"4"),
    huge("-1e400", SET % b"-1e400", "frequency"),
    huge("310 digits", SET % (b"9" * 310), "frequency"),
    huge("100,000 digits", SET % (b"9" * 100_000), "frequency"),
    huge("1e400 as a word", b'{"command_id":"set","channel":0,"ftw":1e400}', "ftw"),
    huge("1e400 in a change",
         b'{"command_id":"apply","changes":[{"channel":0},{"channel":1,"phase":1e400}]}',
         "changes.1.phase"),
    huge("1e400 as interval", b'{"command_id":"subscribe","interval":1e400}', "interval"),
    huge("1e400 as id", b'{"command_id":"ping","id":1e400}', "id", b"1e400"),
]  # fmt: skip

REFUSALS: list[tuple[WireError, bytes]] = [
    (kind("expected {this}, got %d" % number),
     b'{"status":"error","code":"%b","error":"expected (this), got %d"}\n'
     % (code.encode(), number))
    for number, (code, kind) in enumerate(
        [
            ("bad_frame", errors.BadFrame),
            ("frame_too_long", errors.FrameTooLong),
            ("unknown_command", errors.UnknownCommand),
            ("bad_command", errors.BadCommand),
            ("no_such_channel", errors.NoSuchChannel),
            ("out_of_range", errors.OutOfRange),
            ("unsupported", errors.Unsupported),
            ("rf_killed", errors.RFKilled),
            ("busy", errors.Busy),
            ("unauthorized", errors.Unauthorized),
            ("device_unavailable", errors.DeviceUnavailable),
            ("device_fault", errors.DeviceFault),
            ("internal", errors.InternalError),
        ]
    )
]  # fmt: skip


class Rule(NamedTuple):
    """What the service of the simulated board refuses."""

    name: str
    request: dict[str, Any]
    code: str
    before: tuple[dict[str, Any], ...] = ()


def setting(**fields: Any) -> dict[str, Any]:
    """A ``set`` of channel 0, unless another one is given."""
    return {"command_id": "set", "channel": 0, **fields}


KILL = {"command_id": "kill"}

RULES: list[Rule] = [
    Rule("no such name", setting(channel="heating"), "no_such_channel"),
    Rule("no such index", setting(channel=4), "no_such_channel"),
    Rule("a negative index", setting(channel=-1), "no_such_channel"),
    Rule("a huge index", setting(channel=10**30), "no_such_channel"),
    Rule("an empty name", setting(channel=""), "no_such_channel"),
    Rule("frequency above half the clock", setting(frequency=600e6), "out_of_range"),
    Rule("a negative frequency", setting(frequency=-1.0), "out_of_range"),
    Rule("amplitude above one", setting(amplitude=1.001), "out_of_range"),
    Rule("a negative amplitude", setting(amplitude=-0.001), "out_of_range"),
    Rule("a word that is too wide", setting(ftw=1 << 31), "out_of_range"),
    Rule("a negative word", setting(pow=-1), "out_of_range"),
    Rule("a quantity and its word", setting(frequency=80e6, ftw=1), "bad_command"),
    Rule("an attenuation where there is no attenuator", setting(attenuation=10.0), "unsupported"),
    Rule("an attenuation while killed", setting(attenuation=31.5), "rf_killed", (KILL,)),
    Rule("a channel twice", {"command_id": "apply", "changes": [{"channel": 0}, {"channel": 0}]},
         "bad_command"),
    Rule("a negative interval", {"command_id": "subscribe", "interval": -1}, "out_of_range"),
    Rule("a set while killed", setting(frequency=80e6), "rf_killed", (KILL,)),
    Rule("an enable while killed", setting(enabled=True), "rf_killed", (KILL,)),
    Rule("a reset while killed", {"command_id": "reset"}, "rf_killed", (KILL,)),
    Rule("a sync while killed", {"command_id": "sync"}, "rf_killed", (KILL,)),
]  # fmt: skip
