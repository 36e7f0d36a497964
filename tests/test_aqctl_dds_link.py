"""The controller as a program: how it starts, what it says when it cannot, and how it ends."""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dds_link.aqctl_dds_link import get_argparser, new_event_loop
from tests.processes import Program
from tests.serving import PATIENCE, LoopThread, Peer, served
from tests.test_listening import answering, needs_ipv6
from tests.test_server import TELL_THE_END

MODULE = ("-m", "dds_link.aqctl_dds_link")
FREE = ("--simulation", "-p", "0", "--json-port", "0")
READY = re.compile(r"listening (?:rpc=(?P<rpc>\S+):(?P<rpc_port>\d+) )?json=(\S+):(?P<port>\d+)")
SET = {"command_id": "set", "channel": 0, "frequency": 80e6, "amplitude": 0.5}
PING = {"command_id": "ping"}


def port_of(program: Program) -> int:
    """The JSON port in the line that says that a controller is ready."""
    line = program.line()
    ready = READY.fullmatch(line)
    assert ready, f"{line!r}, {program.end()}"
    return int(ready["port"])


def sentence(*arguments: str) -> str:
    """What a controller that cannot start says; one sentence, and status 1."""
    with Program(*MODULE, *arguments) as program:
        status, out, err = program.end()
    assert (status, out) == (1, "")
    said = [line for line in err.splitlines() if not line.startswith("WARNING:")]
    assert len(said) == 1, err
    assert said[0].startswith("aqctl_dds_link: ")
    return said[0]


def main_with(prelude: str, *arguments: str) -> tuple[str, str]:
    """Arguments for Python: the controller's ``main`` after a prelude."""
    return "-c", f"{prelude}\nfrom dds_link.aqctl_dds_link import main\nmain({list(arguments)})"


# Ready


def test_it_says_when_and_where_it_is_ready() -> None:
    with Program(*MODULE, *FREE) as program, Peer(port_of(program)) as peer:
        assert peer.ask(PING) == {"device": "ready"}
        assert [c["name"] for c in peer.ask({"command_id": "describe"})["channels"]] == (
            ["cooling", "repump", "shelving", "raman"]
        )


FAKE_SIPYCO = """
import asyncio, sys, types
class Server:
    def __init__(self, targets, **options): pass
    async def start(self, hosts, port): pass
    async def wait_terminate(self): await asyncio.Event().wait()
    async def stop(self): pass
pc_rpc = types.ModuleType("sipyco.pc_rpc")
pc_rpc.Server = Server
sys.modules.update({"sipyco": types.ModuleType("sipyco"), "sipyco.pc_rpc": pc_rpc})
"""


def test_with_sipyco_both_ports_are_in_the_line() -> None:
    with Program(*main_with(FAKE_SIPYCO, *FREE)) as program:
        line = program.line()
        program.signal(signal.SIGTERM)
        status, _, err = program.end()
    assert re.fullmatch(r"listening rpc=127\.0\.0\.1:\d+ json=127\.0\.0\.1:\d+", line)
    assert (status, err) == (0, "")


CONFIG = """
[device]
type = "ad9910"
channels = 1
refclk = 25e6
sysclk = 1e9
transport = "spidev:0"
[device.pins]
io_update = "gpiochip0:17"
io_reset = "gpiochip0:22"
[[channel]]
index = 0
name = "lattice"
chip_select = 0
max_frequency = 120e6
"""


def test_simulation_has_the_channels_and_limits_of_the_config(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(CONFIG)
    arguments = (*FREE, "--config", str(path), "--device", "spidev:1")
    with Program(*MODULE, *arguments) as program, Peer(port_of(program)) as peer:
        assert peer.ask({"command_id": "get", "channel": "lattice"})["channel"] == 0
        peer.send({**SET, "frequency": 121e6})
        answer = peer.receive()
        assert answer["code"] == "out_of_range"
        assert "lab.toml" in answer["error"]


# A look at the hardware


def test_a_probe_of_the_twin() -> None:
    with Program(*MODULE, "--probe", "--simulation") as program:
        status, out, err = program.end()
    assert (status, err) == (0, "")
    assert out.startswith("simulated board: ad9910, channels: 4\nok    transport")
    assert out.endswith("all is well\n")


def test_a_probe_of_what_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(CONFIG.replace("spidev:0", "spidev:97"))
    with Program(*MODULE, "--probe", "--config", str(path)) as program:
        status, out, err = program.end()
    assert (status, err) == (1, "")
    assert out.startswith("lab.toml: ad9910, channels: 1\nFAIL  transport  ")
    assert out.endswith("1 of these is wrong\n")


def test_a_probe_of_nothing() -> None:
    assert "--simulation" in sentence("--probe")


# Not ready


def test_without_device_and_simulation_it_says_so() -> None:
    assert "--simulation" in sentence()
    assert "--config" in sentence("--device", "spidev:0")


def test_every_problem_of_a_config_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(CONFIG.replace("120e6", "-1.0") + 'max_amplitude = 2\ncolour = "red"\n')
    with Program(*MODULE, "--config", str(path)) as program:
        status, out, err = program.end()
    assert (status, out) == (1, "")
    for key in ("max_frequency", "max_amplitude", "colour"):
        assert sum(key in line and "lab.toml" in line for line in err.splitlines()) >= 1, err
    assert "Traceback" not in err


def test_a_config_that_is_not_there_is_named() -> None:
    assert "absent.toml" in sentence("--config", "absent.toml")


def test_a_device_that_is_no_transport_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(CONFIG)
    assert "--device colour" in sentence("--config", str(path), "--device", "colour")


def test_simulation_takes_any_device() -> None:
    with Program(*MODULE, *FREE, "-d", "/dev/ttyUSB0") as program, Peer(port_of(program)) as peer:
        assert peer.ask(PING) == {"device": "ready"}


def test_what_does_not_exist_is_told_with_the_rest_and_the_path(tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(CONFIG.replace("ad9910", "ad9999").replace("spidev:0", "usb:3") + "bogus = 1\n")
    with Program(*MODULE, "--config", str(path)) as program:
        status, out, err = program.end()
    assert (status, out) == (1, "")
    for text in ("bogus", "'ad9999'", "'usb:3'"):
        assert any(f"{path}: " in line and text in line for line in err.splitlines()), err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--no-localhost-bind"], "no address to listen on"),
        (["--bind", "no-such-host.invalid"], "--bind no-such-host.invalid"),
        (["--bind", "192.0.2.1"], "(192.0.2.1)"),
        (["--ssl", "absent.pem", "absent.pem", "absent.pem"], "absent.pem"),
        (["-p", "4000", "--json-port", "4000"], "cannot share port 4000"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_where_it_cannot_listen_is_told(arguments: list[str], text: str) -> None:
    assert text in sentence(*FREE, *arguments)


def test_who_answers_on_a_taken_port_is_told() -> None:
    with LoopThread("asyncio") as loop, served(loop) as board:
        said = sentence("--simulation", "-p", "0", "--json-port", str(board.port))
    assert f"JSON port {board.port} is taken: a dds_link controller, version " in said
    assert said.endswith("a simulation answers there")


@pytest.mark.parametrize(
    ("answer", "who"),
    [
        (b'{"targets": ["lda"], "description": null}\n', "an ARTIQ controller with the target lda"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "another program"),
    ],
)
def test_who_else_answers_is_told(answer: bytes, who: str) -> None:
    with answering(answer) as port:
        said = sentence("--simulation", "-p", "0", "--json-port", str(port))
    assert said == f"aqctl_dds_link: JSON port {port} is taken: {who} answers there"


def test_a_start_that_fails_leaves_the_hardware_alone() -> None:
    """It may be the hardware of the controller that was there first."""
    with answering(b"SSH-2.0-OpenSSH_9.2\r\n") as port:
        arguments = ("--simulation", "-p", "0", "--json-port", str(port))
        with Program(*main_with(TELL_THE_END, *arguments)) as program:
            status, out, _ = program.end()
    assert (status, out) == (1, "")


@pytest.mark.artiq
def test_who_answers_on_a_taken_rpc_port_is_told() -> None:
    pytest.importorskip("sipyco", reason="sipyco is not installed")
    with Program(*MODULE, *FREE) as program:
        ready = READY.fullmatch(program.line())
        assert ready
        said = sentence("--simulation", "-p", ready["rpc_port"], "--json-port", "0")
    assert said.endswith("an ARTIQ controller with the target dds_link answers there")


def test_a_missing_library_is_told_with_its_extra() -> None:
    prelude = "import sys; sys.modules['msgspec'] = None"
    with Program(*main_with(prelude, *FREE)) as program:
        status, out, err = program.end()
    assert (status, out) == (1, "")
    assert err.startswith("aqctl_dds_link: ")
    assert err.strip().endswith("pip install 'dds_link[controller]'")
    assert len(err.splitlines()) == 1


def test_without_sipyco_the_json_side_works_alone_and_says_so() -> None:
    prelude = "import sys; sys.modules['sipyco'] = sys.modules['sipyco.pc_rpc'] = None"
    with Program(*main_with(prelude, *FREE)) as program:
        line = program.line()
        ready = READY.fullmatch(line)
        assert ready
        assert ready["rpc"] is None
        with Peer(int(ready["port"])) as peer:
            assert peer.ask(PING) == {"device": "ready"}
        program.signal(signal.SIGTERM)
        status, _, err = program.end()
    assert status == 0
    assert "sipyco is not installed: the JSON port works alone" in err


# Addresses


@needs_ipv6
def test_one_number_serves_all_addresses_and_duplicates_do_no_harm() -> None:
    binds = ("--bind", "127.0.0.1", "--bind", "127.0.0.2", "--bind", "localhost", "--bind", "::1")
    with Program(*MODULE, *FREE, *binds) as program:
        port = port_of(program)
        for host in ("127.0.0.1", "::1", "127.0.0.2"):
            with Peer(port, host) as peer:
                assert peer.ask(PING) == {"device": "ready"}
        program.signal(signal.SIGTERM)
        assert "anyone who reaches" not in program.end()[2]


def test_loopback_can_be_left_out() -> None:
    binds = ("--no-localhost-bind", "--bind", "127.0.0.2")
    with Program(*MODULE, *FREE, *binds) as program:
        line = program.line()
        assert " json=127.0.0.2:" in f" {line.split()[-1]}"
        port = int(line.rpartition(":")[2])
        with Peer(port, "127.0.0.2") as peer:
            assert peer.ask(PING) == {"device": "ready"}
        with pytest.raises(ConnectionRefusedError):
            Peer(port)


@needs_ipv6
def test_an_ipv6_address_is_written_in_brackets() -> None:
    with Program(*MODULE, *FREE, "--no-localhost-bind", "--bind", "::1") as program:
        assert re.fullmatch(r"listening (rpc=\[::1\]:\d+ )?json=\[::1\]:\d+", program.line())


@pytest.mark.parametrize("everywhere", ["*", "0.0.0.0"])
def test_beyond_loopback_without_tls_it_warns(everywhere: str) -> None:
    with Program(*MODULE, *FREE, "--bind", everywhere) as program:
        with Peer(port_of(program)) as peer:
            assert peer.ask(PING) == {"device": "ready"}
        program.signal(signal.SIGTERM)
        status, _, err = program.end()
    assert status == 0
    assert "anyone who reaches 0.0.0.0" in err
    assert "--ssl" in err


# TLS


class Certificates(NamedTuple):
    """Files: certificate and key of a server and of a client."""

    cert: str
    key: str
    client_cert: str
    client_key: str

    def context(self, with_client: bool = True) -> ssl.SSLContext:
        """A client's context."""
        context = ssl.create_default_context(cafile=self.cert)
        if with_client:
            context.load_cert_chain(self.client_cert, self.client_key)
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not installed")
    folder = tmp_path_factory.mktemp("tls")
    names = [str(folder / name) for name in ("s.pem", "s.key", "c.pem", "c.key")]
    for cert, key in (names[:2], names[2:]):
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=dds_link test", "-keyout", key, "-out", cert,
             "-addext", "subjectAltName=IP:127.0.0.1"],
            check=True, capture_output=True, timeout=PATIENCE,
        )  # fmt: skip
    return Certificates(*names)


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
def test_over_tls_only_clients_with_a_certificate_are_served(
    certificates: Certificates, kind: str
) -> None:
    if kind == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop (extra fast) is not installed")
    files = (certificates.cert, certificates.key, certificates.client_cert)
    arguments = (*FREE, "--loop", kind, "--bind", "0.0.0.0", "--ssl", *files)

    def ask(port: int, context: ssl.SSLContext | None) -> bytes:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as sock:
            if context is not None:
                sock = context.wrap_socket(sock, server_hostname="127.0.0.1")
            with sock:
                sock.sendall(b'{"command_id":"ping"}\n')
                return sock.recv(4096)

    with Program(*MODULE, *arguments) as program:
        port = port_of(program)
        assert b'"device":"ready"' in ask(port, certificates.context())
        assert unserved(ask, port, certificates.context(with_client=False))
        assert unserved(ask, port, None)
        assert b'"device":"ready"' in ask(port, certificates.context())
        program.signal(signal.SIGTERM)
        status, _, err = program.end()
    assert status == 0
    assert "anyone who reaches" not in err


def unserved(ask: Any, port: int, context: ssl.SSLContext | None) -> bool:
    """True if there is no reply, but a closed connection or a complaint of TLS itself."""
    try:
        return not ask(port, context).startswith(b"{")
    except OSError:
        return True


@pytest.mark.artiq
def test_the_rpc_port_is_tls_too(certificates: Certificates) -> None:
    pc_rpc = pytest.importorskip("sipyco.pc_rpc", reason="sipyco is not installed")
    tools = pytest.importorskip("sipyco.tools", reason="sipyco is not installed")
    files = (certificates.cert, certificates.key, certificates.client_cert)
    with Program(*MODULE, *FREE, "--ssl", *files) as program:
        ready = READY.fullmatch(program.line())
        assert ready
        config = tools.SimpleSSLConfig(
            certificates.client_cert, certificates.client_key, certificates.cert
        )
        remote = pc_rpc.Client(
            "127.0.0.1", int(ready["rpc_port"]), "dds_link", timeout=PATIENCE, ssl_config=config
        )
        try:
            assert remote.ping() is True
            assert remote.json_port() == int(ready["port"])
        finally:
            remote.close_rpc()


# The end


@pytest.mark.parametrize("kind", ["asyncio", "uvloop"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_by_the_stop_policy_with_status_0(number: int, kind: str) -> None:
    if kind == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop (extra fast) is not installed")
    with Program(*main_with(TELL_THE_END, *FREE, "--loop", kind)) as program:
        with Peer(port_of(program)) as peer:
            assert peer.ask(SET)["amplitude"] > 0.4
            program.signal(number)
            assert peer.rest() == b""
        status, out, err = program.end()
    assert status == 0
    assert out == "amplitude at the end 0.0\n"
    assert "Traceback" not in err


def test_hardware_that_does_not_stop_is_a_failure() -> None:
    prelude = (
        "from dds_link.assembly import Assembly\n"
        "async def hangs(self): return False\n"
        "Assembly.stop = hangs"
    )
    with Program(*main_with(prelude, *FREE)) as program:
        port_of(program)
        program.signal(signal.SIGTERM)
        status, _, err = program.end()
    assert status == 1
    assert "CRITICAL:dds_link.controller:" in err
    assert "RF MAY STILL BE ON" in err


# Logs


def test_records_that_nobody_reads_freeze_nothing() -> None:
    """With every record shown, a pipe of 64 KiB is full very soon."""
    with Program(*MODULE, *FREE, "-vv") as program, Peer(port_of(program)) as peer:
        for _ in range(20):
            peer.send(b'junk\n{"command_id":"x"}\n{"command_id":"set","channel":9}\n' * 200)
            assert {peer.receive()["status"] for _ in range(600)} == {"error"}
        assert peer.ask(PING) == {"device": "ready"}
        program.signal(signal.SIGTERM)
        assert program.line() == ""  # it ends although its last records have no place to go
        status, _, err = program.end()
    assert status == 0
    assert len(err) > 1 << 15


@pytest.mark.artiq
def test_bad_rpc_connections_freeze_nothing() -> None:
    pytest.importorskip("sipyco", reason="sipyco is not installed")
    with Program(*MODULE, *FREE) as program:
        ready = READY.fullmatch(program.line())
        assert ready
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", int(ready["rpc_port"])), PATIENCE) as sock:
                sock.sendall(b"ARTIQ pc_rpc\ndds_link pyon_v2\n(\n")
                while sock.recv(4096):
                    pass
        with Peer(int(ready["port"])) as peer:
            assert peer.ask(PING) == {"device": "ready"}
        program.signal(signal.SIGTERM)
        status, _, err = program.end()
    assert (status, err) == (0, "")


def test_a_stderr_that_nobody_reads_freezes_nothing() -> None:
    """A pipe holds 64 KiB; what clients do wrong must not fill it."""
    with Program(*MODULE, *FREE) as program, Peer(port_of(program)) as peer:
        for _ in range(20):
            peer.send(b'junk\n{"command_id":"x"}\n{"command_id":"set","channel":9}\n' * 200)
            assert {peer.receive()["status"] for _ in range(600)} == {"error"}
        assert peer.ask(PING) == {"device": "ready"}
        program.signal(signal.SIGTERM)
        status, _, err = program.end()
    assert status == 0
    assert len(err) < 1000


def test_faults_of_clients_are_shown_on_demand() -> None:
    with Program(*MODULE, *FREE, "-vv") as program:
        with Peer(port_of(program)) as peer:
            assert peer.refusal(b"junk\n") == "bad_frame"
        program.signal(signal.SIGTERM)
        _, _, err = program.end()
    assert re.search(r"^DEBUG:dds_link\.json_shell:127\.0\.0\.1:\d+: bad_frame: ", err, re.M)


# Arguments and event loops


@pytest.mark.parametrize("option", ["-p", "--json-port"])
@pytest.mark.parametrize("text", ["70000", "-1", "x", "65536"])
def test_what_is_no_port_is_a_usage_error(
    option: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        get_argparser().parse_args([option, text])
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"a port is 0 ... 65535, not {text}")


def test_the_highest_port_is_one() -> None:
    assert get_argparser().parse_args(["-p", "65535", "--json-port", "0"]).port == 65535


def test_the_defaults() -> None:
    args = get_argparser().parse_args([])
    assert (args.port, args.json_port) == (3293, 65432)
    assert (args.bind, args.no_localhost_bind, args.ssl) == ([], False, None)
    assert (args.device, args.simulation, args.config) == (None, False, None)
    assert (args.verbose, args.quiet, args.loop) == (0, 0, "auto")


@pytest.mark.artiq
@pytest.mark.parametrize(
    "line",
    [[], ["-p", "4000"], ["--port", "4000", "-vvq"], ["--bind", "::1", "--bind", "*"],
     ["--no-localhost-bind", "--ssl", "a", "b", "c"]],
)  # fmt: skip
def test_the_arguments_are_sipycos(line: list[str]) -> None:
    common_args = pytest.importorskip("sipyco.common_args", reason="sipyco is not installed")
    theirs = argparse.ArgumentParser()
    common_args.simple_network_args(theirs, 3293, ssl=True)
    common_args.verbosity_args(theirs)
    assert vars(theirs.parse_args(line)).items() <= vars(get_argparser().parse_args(line)).items()


def test_uvloop_is_taken_where_it_is_installed() -> None:
    uvloop = pytest.importorskip("uvloop", reason="uvloop (extra fast) is not installed")
    for kind in ("auto", "uvloop"):
        loop = new_event_loop(kind)
        assert isinstance(loop, uvloop.Loop)
        loop.close()
    loop = new_event_loop("asyncio")
    assert not isinstance(loop, uvloop.Loop)
    loop.close()


def test_uvloop_is_missed_only_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    loop = new_event_loop("auto")
    assert isinstance(loop, asyncio.SelectorEventLoop)
    loop.close()
    with pytest.raises(SystemExit, match=r"uvloop is not installed; install dds_link\[fast\]"):
        new_event_loop("uvloop")
