"""``python -m dds_link.twins``: serve the twin of a box, for any program that talks to that box."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from dds_link.clock import RealClock
from dds_link.config import load, parse
from dds_link.devices import registry
from dds_link.errors import ConfigError
from dds_link.twins.base import TextBox
from dds_link.twins.serving import PtyTwin, TcpTwin


def get_argparser() -> argparse.ArgumentParser:
    """The arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m dds_link.twins",
        description="Serve the twin of a box that talks over a serial line or the network.",
    )
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help="type of device, as in a config file; may be many"
    )
    parser.add_argument("--config", metavar="FILE.toml", help="describes the device (only one)")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--pty", action="store_true", help="on a pseudo-terminal; prints its path")
    where.add_argument(
        "--tcp",
        type=int,
        metavar="PORT",
        help="behind a TCP port, for several devices from there on; 0 takes a free one",
    )
    parser.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS", help="address for --tcp")
    return parser


def make_box(name: str, config_file: str | None) -> TextBox:
    """Make the twin of a type of device.

    :raises ConfigError: if there is no such type, its config file is bad, or it is no box.
    """
    try:
        entry = registry.find(name)
    except LookupError as error:
        raise ConfigError([f"{name}: {error}"]) from None
    if config_file is not None:
        config = load(config_file, registry.check)
        if config.device.type != name:
            raise ConfigError([f"{config_file}: device.type is {config.device.type}, not {name}"])
    elif entry.simulated:
        config = parse(registry.load(entry.simulated), name, registry.check)
    else:
        raise ConfigError([f"{name}: needs a --config"])
    box = registry.load(entry.board)(config.device, config.channels, RealClock())
    if not isinstance(box, TextBox):
        raise ConfigError([f"{name}: sits on an SPI bus: no other program can talk to its twin"])
    return box


async def serve(args: argparse.Namespace) -> str | int:
    """Serve until told to stop. Returns the exit status, or the sentence for status 1."""
    stopped = asyncio.Event()
    with suppress(NotImplementedError):  # Windows: Ctrl-C ends it all the same
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    serving: list[TcpTwin | PtyTwin] = []
    try:
        for place, name in enumerate(args.names):
            box = make_box(name, args.config)
            port = args.tcp and args.tcp + place
            serving.append(PtyTwin(box) if args.pty else TcpTwin(box, args.bind, port))
            print("listening", await serving[-1].start(), flush=True)
        await stopped.wait()
    except (ConfigError, OSError, OverflowError) as error:
        return f"python -m dds_link.twins: {error}"
    finally:
        for one in serving:
            await one.close()
    return 0


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    parser = get_argparser()
    args = parser.parse_args(argv)
    if args.config and len(args.names) > 1:
        parser.error("--config describes one device")
    sys.exit(asyncio.run(serve(args)))


if __name__ == "__main__":
    main()
