"""``aqctl_dds_link``: the controller, with the arguments that ARTIQ's controllers have."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dds_link import logs

if TYPE_CHECKING:
    from dds_link.config import Config
    from dds_link.controller import Controller

RPC_PORT = 3293
JSON_PORT = 65432

logger = logging.getLogger(__name__)


def get_argparser() -> argparse.ArgumentParser:
    """The arguments; those of ARTIQ's controllers keep sipyco's names."""
    parser = argparse.ArgumentParser(
        prog="aqctl_dds_link", description="Controller of DDS RF sources: JSON and sipyco RPC."
    )
    add = parser.add_argument_group("device").add_argument
    add("-d", "--device", metavar="TRANSPORT", help="transport in place of the one in --config")
    add("--simulation", action="store_true", help="drive register-true models, whatever the device")
    add("--config", metavar="FILE.toml", help="device, pins, channels and limits; without it, and "
        "with --simulation: four AD9910 at 1 GSPS")  # fmt: skip
    add("--probe", action="store_true", help="ask the hardware what it is and how it is set up, "
        "tell what is wrong, and exit (status 1 if anything is); no output changes")  # fmt: skip
    add = parser.add_argument_group("network server").add_argument
    add(
        "--bind",
        default=[],
        action="append",
        metavar="ADDRESS",
        help="address or host name to listen on beside localhost; '*' for all; may be repeated",
    )
    add("--no-localhost-bind", action="store_true", help="do not listen on localhost")
    add(
        "-p",
        "--port",
        default=RPC_PORT,
        type=_port,
        help="TCP port of the RPC, 0 for any (default: %(default)d)",
    )
    add(
        "--json-port",
        default=JSON_PORT,
        type=_port,
        help="TCP port of the JSON protocol, 0 for any (default: %(default)d)",
    )
    add(
        "--ssl",
        nargs=3,
        metavar=("CERT", "KEY", "PEER"),
        help="TLS on both ports: our certificate, our key, certificates of the clients to trust",
    )
    add("--loop", choices=("auto", "asyncio", "uvloop"), default="auto",
        help="event loop; auto takes uvloop where it is installed")  # fmt: skip
    add = parser.add_argument_group("verbosity").add_argument
    add("-v", "--verbose", default=0, action="count", help="increase logging level")
    add("-q", "--quiet", default=0, action="count", help="decrease logging level")
    return parser


def _port(text: str) -> int:
    port = int(text) if text.isascii() and text.isdecimal() else -1
    if not 0 <= port < 1 << 16:
        raise argparse.ArgumentTypeError(f"a port is 0 ... 65535, not {text}")
    return port


def main(argv: Sequence[str] | None = None) -> None:
    """Run the controller until it is told to stop; exits 1 with one sentence if it cannot start."""
    args = get_argparser().parse_args(argv)
    logs.configure(args.verbose - args.quiet)
    try:
        from dds_link.controller import on_stop_signals  # noqa: F401  (are the libraries there?)
    except ImportError as error:
        sys.exit(f"aqctl_dds_link: {error}; install them with: pip install 'dds_link[controller]'")
    if args.probe:
        sys.exit(_probe(args))
    loop = new_event_loop(args.loop)
    asyncio.set_event_loop(loop)
    try:
        ended = loop.run_until_complete(_run(args))
    finally:
        loop.close()
    logs.flush()  # so that no record gets into the sentence that says why it ended
    sys.exit(ended)


def new_event_loop(kind: str = "auto") -> asyncio.AbstractEventLoop:
    """An event loop: uvloop's where it is installed (extra ``fast``), else asyncio's.

    :param kind: ``auto``, ``asyncio`` or ``uvloop``.
    """
    if kind != "asyncio":
        try:
            import uvloop
        except ImportError:
            if kind == "uvloop":
                sys.exit("aqctl_dds_link: uvloop is not installed; install dds_link[fast]")
        else:
            return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def _probe(args: argparse.Namespace) -> str | int:
    """Print what a look at the hardware finds. Returns the exit status, or the sentence for 1."""
    from dds_link.errors import ConfigError
    from dds_link.probe import probe, report

    try:
        config = _config(args)
        found = probe(config, args.simulation)
    except ConfigError as error:
        return f"aqctl_dds_link: {error}"
    print(report(config, found), flush=True)
    return int(any(finding.ok is False for finding in found))


async def _run(args: argparse.Namespace) -> str | int:
    """Start, serve, stop. Returns the exit status, or the sentence for status 1."""
    from dds_link.controller import Controller, PortTaken, on_stop_signals
    from dds_link.errors import ConfigError

    loop = asyncio.get_running_loop()
    try:
        controller = Controller(_config(args), args.simulation)
    except ConfigError as error:
        return f"aqctl_dds_link: {error}"
    on_stop_signals(loop, controller.request_stop)
    try:
        line = await _listen(args, controller)
    except (PortTaken, OSError) as error:
        await controller.close_ports()
        return f"aqctl_dds_link: {error}"
    try:
        controller.assembly.service.start()
        print(line, flush=True)
        await controller.run()
    finally:
        stopped = await controller.close()
    return 0 if stopped else 1


def _config(args: argparse.Namespace) -> Config:
    """The configuration that the arguments mean."""
    from dds_link import config
    from dds_link.assembly import load_config
    from dds_link.errors import ConfigError

    if args.config:
        return load_config(args.config, args.simulation, args.device)
    if args.simulation:
        return config.simulated_board()
    raise ConfigError(["nothing to drive: give --config FILE.toml for hardware, or --simulation"])


async def _listen(args: argparse.Namespace, controller: Controller) -> str:
    """Open both ports; returns the line that says that the controller is ready."""
    from dds_link import listening

    if args.port == args.json_port != 0:
        raise OSError(f"RPC and JSON cannot share port {args.port}: give another --json-port")
    hosts = listening.addresses(args.bind, args.no_localhost_bind)
    if not hosts:
        raise OSError("no address to listen on: give --bind, or leave --no-localhost-bind out")
    context = listening.server_context(*args.ssl) if args.ssl else None
    public = [host for host in hosts if not listening.is_loopback(host)]
    if public and context is None:
        logger.warning("anyone who reaches %s can switch the RF; use --ssl", " ".join(public))
    ready = []
    try:
        rpc_port = await controller.listen_rpc(hosts, args.port, args.ssl)
        ready.append(f"rpc={_address(hosts[0], rpc_port)}")
    except ImportError:
        logger.warning("sipyco is not installed: the JSON port works alone, without RPC")
    json_port = await controller.listen_json(hosts, args.json_port, context)
    ready.append(f"json={_address(hosts[0], json_port)}")
    return "listening " + " ".join(ready)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


if __name__ == "__main__":
    main()
