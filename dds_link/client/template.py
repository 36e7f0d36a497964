"""The client half of the two-file template that dds_link grew out of: one call, one exchange.

::

    from dds_link.client import send_data

    send_data({"command_id": "set", "channel": 0, "frequency": 80e6})
"""

import json
import socket
from time import monotonic
from typing import Any, Callable, Dict, Optional

from .core import MAX_REPLY_BYTES

_CHUNK = 1 << 16


def server_success(response_data: Dict[str, Any]) -> None:
    """Called when the server did it: print the result.

    :param response_data: the whole answer; ``response_data["result"]`` is the result.
    """
    print("Success: {}".format(response_data.get("result", response_data)))


def server_fail(response_data: Dict[str, Any]) -> None:
    """Called when the server refused: print why.

    :param response_data: the whole answer; ``response_data["error"]`` is the reason.
    """
    print("Error: {}".format(response_data.get("error", response_data)))


def fail_connect() -> None:
    """Called when there is no server, or no answer in time: print so."""
    print("Error: no connection to the server, or no answer from it")


def send_data(
    json_data: Any,
    host: str = "127.0.0.1",
    port: int = 65432,
    debug: bool = False,
    *,
    server_success: Callable[[Dict[str, Any]], Any] = server_success,
    server_fail: Callable[[Dict[str, Any]], Any] = server_fail,
    fail_connect: Callable[[], Any] = fail_connect,
    timeout: float = 5.0,
) -> Any:
    """Connect, send one object, wait for the answer, disconnect, and call one of three functions.

    :param json_data: the object; numpy numbers are taken. NaN and infinity are not sent:
        ``server_fail`` is called with code ``out_of_range``, as a controller would answer.
    :param host: name or address of the server.
    :param port: its port.
    :param debug: print what goes over the wire.
    :param server_success: called with the answer if its ``status`` is ``"success"``.
    :param server_fail: called with the answer otherwise; ``response_data["error"]`` says why.
    :param fail_connect: called without arguments when there is no connection or no answer in time.
        In the second case the command may have been applied.
    :param timeout: for all of it together, seconds.
    :return: what the called function returned.
    :raises TypeError: for what JSON cannot express.
    """
    try:
        request = json.dumps(json_data, allow_nan=False, default=_plain)
    except ValueError as error:
        text = "not sent, a number is not finite: {}".format(error)
        return server_fail({"status": "error", "code": "out_of_range", "error": text})
    _show(debug, "Sent", request)
    try:
        answer = _exchange(request.encode("utf-8") + b"\n", host, port, monotonic() + timeout)
    except (OSError, UnicodeError) as error:
        _show(debug, "No answer", str(error))
        return fail_connect()
    _show(debug, "Received", answer.decode("utf-8", "replace").strip())
    response = _first_object(answer)
    if response is None:
        text = "the server's answer is not a JSON object"
        return server_fail({"status": "error", "code": "bad_reply", "error": text})
    if response.get("status") == "success":
        return server_success(response)
    return server_fail(response)


def _plain(value: Any) -> Any:
    """The Python number in a numpy scalar, for ``json``."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError("{} is not JSON serializable".format(type(value).__name__))


def _show(debug: bool, what: str, text: str) -> None:
    if debug:
        print("{}: {}".format(what, text), flush=True)


def _exchange(request: bytes, host: str, port: int, deadline: float) -> bytes:
    """The bytes of the answer: up to its closing brace, or whatever came before the end.

    :raises OSError: without connection, or at the deadline, or if nothing came.
    """
    with socket.create_connection((host, port), _left(deadline)) as sock:
        sock.settimeout(_left(deadline))
        sock.sendall(request)
        answer = b""
        while len(answer) <= MAX_REPLY_BYTES:
            sock.settimeout(_left(deadline))
            chunk = sock.recv(_CHUNK)
            answer += chunk
            if not answer:
                raise OSError("the server closed the connection without an answer")
            # A brace may end the answer; servers after the old template send no newline.
            if not chunk or (b"}" in chunk and _first_object(answer) is not None):
                break
        return answer


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise OSError("no answer in time")
    return left


def _first_object(answer: bytes) -> Optional[Dict[str, Any]]:
    """The JSON object that ``answer`` starts with; None if that is not (yet) one."""
    try:
        value, _ = json.JSONDecoder().raw_decode(answer.decode("utf-8").lstrip())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
