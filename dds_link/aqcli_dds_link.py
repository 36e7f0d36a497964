"""``aqcli_dds_link``: the controller of DDS sources from the command line."""

import argparse
import os
import sys
from typing import Any, NoReturn, Optional, Sequence

from dds_link.cli.ddb_template import RPC_PORT
from dds_link.cli.exchange import NAME, FarEnd, far_end
from dds_link.cli.panel import run_panel
from dds_link.cli.tables import clean
from dds_link.cli.verbs import OK, UNAVAILABLE, run, run_ddb_template
from dds_link.cli.watch import watch
from dds_link.cli.words import UsageError, shield
from dds_link.client import Client
from dds_link.driver_place import JSON_PORT
from dds_link.errors import DDSLinkError, DDSRefused

REFUSED = 1
USAGE = 2
INTERRUPTED = 130

_WORDS = """\
what a channel shall do, in any order; what is not said stays:
  80MHz  frequency=80.5e6   frequency: Hz kHz MHz GHz
  -3dB  50%  amplitude=0.5  amplitude: fraction of full scale, % or dB of it
  90deg  phase=0.25         phase offset: turn deg rad
  attenuation=10dB          of the attenuator behind the channel, if there is one
  on  off                   RF; off keeps the amplitude for on
  ftw=  pow=  asf=          the word itself, 123 or 0x7b
A number alone is a frequency in Hz, and only from 1000 on.
"""

_STATUS = """\
examples:
  aqcli_dds_link set cooling 80MHz -3dB phase=90deg
  aqcli_dds_link apply cooling 80MHz on , raman 81MHz amplitude=0.5
  aqcli_dds_link get --verify
  aqcli_dds_link -s 10.0.0.5 kill

RF in tables: on; off; silent (on, but without frequency or amplitude);
unknown (a failure left the state of the hardware uncertain).

exit status:
  0  done (watch: ended by Ctrl-C)
  1  refused by the controller; nothing changed
  2  the command line means nothing
  3  no controller, no answer, or a device that is missing or faulty
     (also: ping says anything but ready); the command may have been applied
130  interrupted
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(USAGE, "{0}: {1}; see: {0} --help\n".format(self.prog, message))


class _Server(argparse.Action):
    """The last one counts, but all are known: ``panel`` shows several."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> None:
        namespace.server = values
        namespace.servers = [*getattr(namespace, "servers", ()), values]


def get_argparser() -> argparse.ArgumentParser:
    """The arguments."""
    plain = argparse.RawDescriptionHelpFormatter
    parser = _Parser(
        prog=NAME,
        description="Talk to a controller of DDS RF sources (aqctl_dds_link).",
        epilog=_STATUS,
        formatter_class=plain,
    )
    _add_common(parser, is_top=True)
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def add(name: str, text: str, **options: Any) -> argparse.ArgumentParser:
        sub = subparsers.add_parser(name, help=text, description=text, **options)
        _add_common(sub, is_top=False)
        return sub

    add("ping", "is the device ready?")
    add("identify", "who answers: versions, simulation or not")
    add("describe", "channels with limits, resolution and clock; what the device can do")
    sub = add("set", "change one channel", epilog=_WORDS, formatter_class=plain)
    sub.add_argument("channel", metavar="CHANNEL", help="index or name")
    sub.add_argument(
        "words", metavar="WORD", nargs="*", help="80MHz -3dB phase=90deg on; see below"
    )
    sub = add(
        "apply",
        "change several channels at once, all or nothing",
        epilog="CHANNEL WORDS , CHANNEL WORDS ...  (a comma begins the next channel)\n\n" + _WORDS,
        formatter_class=plain,
    )
    sub.add_argument("words", metavar="WORD", nargs="*", help="cooling 80MHz on , raman 81MHz -3dB")
    sub.add_argument(
        "-f",
        "--file",
        help="a JSON array of set bodies instead, as on the wire; '-' for standard input",
    )
    sub = add("get", "what one channel holds, or all")
    sub.add_argument("channel", metavar="CHANNEL", nargs="?", help="index or name")
    sub.add_argument("--verify", action="store_true", help="read the hardware back and compare")
    sub = add("sync", "start the phases of channels together, of all if none is named")
    sub.add_argument("words", metavar="CHANNEL", nargs="*", help="index or name")
    add("kill", "RF off on every channel, until arm-rf")
    add("arm-rf", "allow RF again; switch the channels on one by one then")
    add("reset", "initialise the device again; settings and phases are lost")
    sub = add("watch", "follow what happens: a table on a terminal, else JSON lines")
    sub.add_argument(
        "--interval", type=float, metavar="SECONDS", help="gather changes of a channel for so long"
    )
    _add_panel(add("panel", "a web page that shows and changes all of it, until Ctrl-C"))
    sub = add("ddb-template", "print entries for ARTIQ's device_db")
    sub.add_argument(
        "--rpc-port", type=_port, default=RPC_PORT, help="of the controller (default: %(default)d)"
    )
    sub.add_argument(
        "--key", default="dds_link", help="device_db key of the link (default: %(default)s)"
    )
    return parser


def _add_panel(sub: argparse.ArgumentParser) -> None:
    """What only the panel has; it looks at several controllers."""
    group = sub.add_argument_group("panel")
    group.add_argument(
        "--device-db", metavar="FILE", help="the controllers in a device_db.py, instead of -s"
    )
    group.add_argument(
        "--bind",
        metavar="ADDRESS",
        default="127.0.0.1",
        help="where to serve the page (default: %(default)s; any other lets others set channels)",
    )
    group.add_argument(
        "--web-port", type=_web_port, default=3296, help="of the page (default: %(default)d)"
    )
    group.add_argument(
        "--host-name",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name of this computer under which browsers may ask for the page",
    )


def _add_common(parser: argparse.ArgumentParser, is_top: bool) -> None:
    """What may stand before the verb and behind it."""

    def default(value: Any) -> Any:
        # Behind the verb a default would undo what was said before it.
        return value if is_top else argparse.SUPPRESS

    group = parser.add_argument_group("controller")
    group.add_argument(
        "-s",
        "--server",
        action=_Server,
        metavar="HOST",
        default=default("127.0.0.1"),
        help="default: 127.0.0.1; panel: HOST or HOST:JSON_PORT, may be repeated",
    )
    group.add_argument(
        "-p",
        "--port",
        type=_port,
        metavar="JSON_PORT",
        default=default(JSON_PORT),
        help="its JSON port (default: {})".format(JSON_PORT),
    )
    group.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        default=default(5.0),
        help="longest time for connecting, and for each answer (default: 5)",
    )
    group.add_argument(
        "--ssl",
        nargs=3,
        metavar=("CERT", "KEY", "PEER"),
        default=default(None),
        help="TLS: our certificate, our key, the controller's certificate",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=default(False),
        help="print the result as it came over the wire, for scripts",
    )


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 1 << 16:
        raise argparse.ArgumentTypeError("a port is 1 ... 65535, not {}".format(text))
    return port


def _web_port(text: str) -> int:
    return 0 if text == "0" else _port(text)


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments, with words behind an option taken for words (argparse would refuse them)."""
    parser = get_argparser()
    args, rest = parser.parse_known_args(shield(argv))
    if rest:
        if not hasattr(args, "words") or any(word.startswith("-") for word in rest):
            parser.error("unrecognized arguments: {}".format(" ".join(rest)))
        args.words += rest
    return args


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Carry out one verb; returns the exit status, which ``--help`` explains."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # A name that the terminal cannot show is no failure.
            stream.reconfigure(errors="backslashreplace")
    args = _parsed(sys.argv[1:] if argv is None else argv)
    try:
        status = _carried_out(args)
        sys.stdout.flush()
        return status
    except UsageError as error:
        return _sentence(error, USAGE)
    except DDSRefused as error:
        return _sentence(error, REFUSED)
    except DDSLinkError as error:
        return _sentence(error, UNAVAILABLE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read has seen enough. Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _carried_out(args: argparse.Namespace) -> int:
    if args.verb == "panel":
        return run_panel(args)
    far = far_end(args.server, args.port, args.timeout, args.ssl)
    if args.verb == "ddb-template":
        return run_ddb_template(args, far)
    if args.verb == "watch":
        return _watch(args, far)
    return run(args.verb, args, far)


def _watch(args: argparse.Namespace, far: FarEnd) -> int:
    core = far.core
    options: Any = {"timeout": core.timeout, "connect_timeout": core.timeout, "ssl": far.tls}
    with Client(core.host, core.port, name=NAME, **options) as client:
        watch(client, args.json, args.interval)
    return OK


def _sentence(error: Exception, status: int) -> int:
    print("{}: {}".format(NAME, clean(str(error))), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
