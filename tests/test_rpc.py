"""The RPC target: the client's verbs with plain dicts, as sipyco serves them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from dds_link import config as configuration
from dds_link.client import Client
from dds_link.controller import Controller
from dds_link.rpc import TARGET, RPCTarget
from tests.serving import PATIENCE, LoopThread, Served, served

VERBS = {
    "ping", "hello", "identify", "describe", "set", "apply", "get", "sync", "kill", "arm_rf",
    "reset",
}  # fmt: skip
METHODS = dict(inspect.getmembers(RPCTarget, inspect.isfunction))
PUBLIC = {name: method for name, method in METHODS.items() if not name.startswith("_")}


@contextmanager
def target(loop: LoopThread, **options: Any) -> Iterator[tuple[Served, RPCTarget]]:
    with served(loop, **options) as board:
        yield board, RPCTarget(board.assembly.service, lambda: board.port)


# What list-methods and artiq_ctlmgr need


def test_the_verbs_are_the_clients() -> None:
    assert set(PUBLIC) == VERBS | {"json_port"}
    for verb in VERBS:
        ours = list(inspect.signature(PUBLIC[verb]).parameters)
        assert ours == list(inspect.signature(getattr(Client, verb)).parameters)


@pytest.mark.parametrize("name", PUBLIC)
def test_a_method_can_be_documented_by_sipyco(name: str) -> None:
    """It takes the ``__name__`` of every annotation, and the docstring; one that has none of these
    breaks ``list-methods`` for the whole target."""
    method = PUBLIC[name]
    for annotation in inspect.getfullargspec(method).annotations.values():
        assert isinstance(annotation.__name__, str)
    assert inspect.getdoc(method)
    defaults = inspect.getfullargspec(method).defaults or ()
    assert all(default is None or isinstance(default, bool) for default in defaults)


def test_nothing_but_methods_is_public() -> None:
    """A public nested class would break ``list-methods``, too."""
    public = {name for name in vars(RPCTarget) if not name.startswith("_")}
    assert public == set(PUBLIC)
    assert TARGET == "dds_link"


def test_ping_is_true(loop: LoopThread) -> None:
    """Anything else, and artiq_ctlmgr starts the controller again, for ever."""
    with target(loop) as (_, rpc):
        assert rpc.ping() is True


# The verbs


def test_every_verb(loop: LoopThread) -> None:
    with target(loop) as (board, rpc):
        run = loop.run
        assert rpc.json_port() == board.port
        assert run(rpc.hello("scan.py", 7)) == {"peer": "rpc", "client": "scan.py", "rid": 7}
        assert run(rpc.identify())["package"] == "dds_link"
        assert len(run(rpc.describe())["channels"]) == 4
        receipt = run(rpc.set("cooling", frequency=80e6, amplitude=0.5, phase=0.25))
        assert receipt["words"] == {"ftw": 343597384, "pow": 16384, "asf": 8192}
        assert board.look()[0] == (pytest.approx(80e6), pytest.approx(0.5, abs=1e-3))
        assert run(rpc.set(0, ftw=343597384, pow=16384, asf=8192)) == receipt
        changes = [{"channel": 1, "frequency": 81e6}, {"channel": 2, "enabled": False}]
        assert [one["channel"] for one in run(rpc.apply(changes))] == [1, 2]
        assert run(rpc.get("cooling")) == receipt
        assert len(run(rpc.get())) == 4
        assert run(rpc.get(0, verify=True))["verified"] is True
        assert [one["channel"] for one in run(rpc.sync([0, 1]))] == [0, 1]
        assert len(run(rpc.sync())) == 4
        assert run(rpc.kill())["killed"] is True
        assert board.look()[0][1] == 0.0
        assert run(rpc.arm_rf())["killed"] is False
        assert [one["frequency"] for one in run(rpc.reset())] == [None] * 4


def is_plain(value: Any) -> bool:
    if type(value) is dict:
        return all(type(key) is str and is_plain(item) for key, item in value.items())
    if type(value) is list:
        return all(map(is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


def test_answers_are_plain(loop: LoopThread) -> None:
    with target(loop) as (_, rpc):
        for answer in (rpc.identify(), rpc.describe(), rpc.set(0, 80e6), rpc.get(), rpc.kill()):
            assert is_plain(loop.run(answer))


def test_numpy_numbers_are_numbers(loop: LoopThread) -> None:
    """PYON carries them, and a kernel's integers arrive as such."""
    with target(loop) as (_, rpc):
        plain = loop.run(rpc.set(0, 80e6, 0.5, 0.25, True))
        numbers = (np.int32(0), np.float64(80e6), np.float32(0.5), np.float64(0.25), np.bool_(True))
        assert loop.run(rpc.set(*numbers)) == plain
        changes = [{"channel": np.int64(0), "frequency": np.float64(80e6)}]
        assert loop.run(rpc.apply(changes)) == [plain]
        assert len(loop.run(rpc.sync(np.array([0, 3])))) == 2


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"channel": "heating"}, "no_such_channel: "),
        ({"channel": 0, "frequency": 600e6}, "out_of_range: "),
        ({"channel": 0, "frequency": float("nan")}, "out_of_range: "),
        ({"channel": 0, "frequency": float("inf")}, "out_of_range: "),
        ({"channel": 0, "frequency": True}, "bad_command: "),
        ({"channel": 0, "frequency": "80e6"}, "bad_command: "),
        ({"channel": None}, "bad_command: "),
        ({"channel": 1.0}, "bad_command: "),
    ],
)
def test_a_refusal_is_a_value_error_with_its_code(
    loop: LoopThread, arguments: dict[str, Any], text: str
) -> None:
    """Only exact built-in classes cross sipyco."""
    with target(loop) as (_, rpc):
        before = loop.run(rpc.get())
        with pytest.raises(ValueError, match="^" + text) as caught:
            loop.run(rpc.set(**arguments))
        assert type(caught.value) is ValueError
        assert not set("{}") & set(str(caught.value))
        assert loop.run(rpc.get()) == before


def test_a_caller_that_has_gone_is_not_missed(
    loop: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    with target(loop, threaded=True) as (board, rpc):
        gate = board.hold("verify")

        async def hang_up() -> None:
            call = asyncio.ensure_future(rpc.get(0, verify=True))
            await asyncio.to_thread(gate.wait)
            call.cancel()
            gate.open()
            assert await rpc.get(0, verify=True)

        loop.run(hang_up())
        assert not caplog.records
        loop.run(loop.loop.shutdown_default_executor())


# Over sipyco itself


@pytest.fixture
def pc_rpc() -> Any:
    return pytest.importorskip("sipyco.pc_rpc", reason="sipyco is not installed")


@contextmanager
def controller(loop: LoopThread) -> Iterator[tuple[Controller, int, Any]]:
    async def start() -> tuple[Controller, int, Any]:
        one = Controller(configuration.simulated_board(), simulation=True)
        port = await one.listen_rpc(["127.0.0.1"], 0, None)
        await one.listen_json(["127.0.0.1"], 0, None)
        one.assembly.service.start()
        return one, port, asyncio.ensure_future(one.run())

    one, port, ended = loop.run(start())
    try:
        yield one, port, ended
    finally:

        async def stop() -> None:
            one.request_stop()
            await ended
            await one.close()

        loop.run(stop())


@pytest.mark.artiq
def test_sipyco_serves_it(loop: LoopThread, pc_rpc: Any) -> None:
    with controller(loop) as (one, port, _):
        remote = pc_rpc.Client("127.0.0.1", port, "dds_link", timeout=PATIENCE)
        try:
            assert remote.ping() is True
            assert remote.json_port() == one.json_port
            receipt = remote.set(np.int32(0), frequency=np.float64(80e6), amplitude=0.5)
            assert receipt["words"]["ftw"] == 343597384
            assert remote.get(0) == receipt
            assert len(remote.apply([{"channel": 1, "phase": 0.5}])) == 1
            with pytest.raises(ValueError, match="^out_of_range: "):
                remote.set(0, frequency=600e6)
        finally:
            remote.close_rpc()


@pytest.mark.artiq
def test_sipyco_lists_its_methods(loop: LoopThread, pc_rpc: Any) -> None:
    with controller(loop) as (_, port, _):
        remote = pc_rpc.Client("127.0.0.1", port, pc_rpc.AutoTarget, timeout=PATIENCE)
        try:
            listed = remote.get_rpc_method_list()
        finally:
            remote.close_rpc()
        assert set(listed["methods"]) == set(PUBLIC) | {"terminate"}
        argspec, documentation = listed["methods"]["set"]
        assert argspec["args"][1:3] == ["channel", "frequency"]
        assert "Hz" in documentation


@pytest.mark.artiq
def test_terminate_over_sipyco_ends_by_the_stop_policy(loop: LoopThread, pc_rpc: Any) -> None:
    with controller(loop) as (one, port, ended):
        remote = pc_rpc.Client("127.0.0.1", port, "dds_link", timeout=PATIENCE)
        try:
            remote.set(0, frequency=80e6, amplitude=0.5)
            remote.terminate()
        finally:
            remote.close_rpc()
        loop.run(asyncio.wait_for(ended, PATIENCE))
        loop.run(one.close())
        assert loop.call(lambda: one.assembly.board.tone(0).amplitude) == 0.0
