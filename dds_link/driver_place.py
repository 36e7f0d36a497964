"""Where a controller is: what a device_db says about it, and how its JSON port is found.

The driver speaks JSON to the controller. An entry of type ``controller`` names the RPC port; the
JSON port is asked for there, so that nobody writes it down twice. Nothing here keeps a connection.
"""

import inspect
import os
from typing import TYPE_CHECKING, Any, Dict, NamedTuple, Optional

from dds_link.errors import DDSLinkError, DDSRefused, DDSUnavailable, plain_text

if TYPE_CHECKING:
    from ssl import SSLContext

JSON_PORT = 65432
"""JSON port of a controller that was not told another one."""


class Address(NamedTuple):
    """A JSON port."""

    host: str
    port: int
    tls: "Optional[SSLContext]"
    """None: plain TCP."""


class TLS:
    """The certificates of ``simple_ssl_config``; what sipyco calls an ``ssl_config``.

    :param files: ``client_cert``, ``client_key`` and ``server_cert``; ``{ARTIQ_SSL_DIR}`` in them
        stands for that environment variable.
    """

    def __init__(self, files: Dict[str, str]) -> None:
        self._files = files

    def create_client_context(self) -> "SSLContext":
        """A context that trusts the one server certificate, whatever host it runs on.

        :raises DDSRefused: ``bad_config`` for a missing key or an unusable file.
        """
        import ssl  # here, because it takes as long to import as the rest of the driver

        directory = os.environ.get("ARTIQ_SSL_DIR", "")
        try:
            cert, key, peer = (
                self._files[name].replace("{ARTIQ_SSL_DIR}", directory)
                for name in ("client_cert", "client_key", "server_cert")
            )
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.load_verify_locations(cafile=peer)
            context.load_cert_chain(cert, key)
        except (KeyError, OSError) as error:  # ssl.SSLError is an OSError
            text = plain_text("simple_ssl_config: {!r}".format(error))
            raise DDSRefused("bad_config: {}".format(text)) from error
        return context


class DirectPlace:
    """A JSON port given as such.

    :param host: name or address.
    :param port: JSON port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = Address(host, port, None)

    def __str__(self) -> str:
        return "{} port {}".format(self._address.host, self._address.port)

    def start_hint(self) -> str:
        """How to start the controller; empty, because nothing is known about it."""
        return ""

    def locate(self, timeout: float) -> Address:
        """The JSON port."""
        return self._address


class ControllerPlace:
    """An entry of type ``controller`` in the device_db.

    :param dmgr: ARTIQ's device manager.
    :param key: key of the entry.
    """

    def __init__(self, dmgr: Any, key: str) -> None:
        self._dmgr = dmgr
        self._key = key
        self._json_port = 0  # not known yet

    def _entry(self) -> Dict[str, Any]:
        # What a device manager raises depends on where it runs: in the worker of a master the
        # exception has come through a pipe.
        try:
            entry = self._dmgr.get_desc(self._key)
        except Exception as error:
            raise DDSRefused(
                "bad_config: the device_db has no entry {!r}".format(self._key)
            ) from error
        if entry.get("type") != "controller" or not {"host", "port"} <= set(entry):
            raise DDSRefused(
                "bad_config: device_db entry {!r} is no controller with host and port".format(
                    self._key
                )
            )
        return dict(entry)

    def __str__(self) -> str:
        try:
            entry = self._entry()
        except DDSLinkError:
            return "controller {!r}".format(self._key)
        ports = "port {}".format(entry["port"])
        if self._json_port:
            ports = "JSON port {} (RPC port {})".format(self._json_port, entry["port"])
        return "controller {!r} at {} {}".format(self._key, entry["host"], ports)

    def start_hint(self) -> str:
        """One sentence that tells how to start the controller; empty if the entry does not say."""
        try:
            entry = self._entry()
            command = str(entry["command"])
        except (DDSLinkError, KeyError):
            return ""
        try:
            # As artiq_ctlmgr fills it in.
            directory = os.environ.get("ARTIQ_SSL_DIR", "")
            command = command.format(
                name=self._key, bind=entry["host"], ARTIQ_SSL_DIR=directory, **entry
            )
        except (LookupError, ValueError, TypeError):
            pass  # Show it as it is; the manager would have refused it.
        return "Start it with: {}".format(command)

    def locate(self, timeout: float) -> Address:
        """Ask the controller for its JSON port.

        Without sipyco the entry's ``json_port`` counts, or the default.

        :param timeout: of each step, seconds.
        :raises DDSUnavailable: if it does not answer, or something else answers there.
        :raises DDSRefused: ``bad_config``, if the device_db is of no use.
        """
        entry = self._entry()
        files = entry.get("simple_ssl_config")
        tls = TLS(files) if files else None
        try:
            from sipyco.pc_rpc import AutoTarget, Client
        except ImportError:
            self._json_port = int(entry.get("json_port", JSON_PORT))
        else:
            target = entry.get("target_name")
            options = {"ssl_config": tls} if tls else {}  # older sipyco has no such argument
            try:
                rpc = Client(
                    entry["host"],
                    entry["port"],
                    AutoTarget if target is None else target,
                    timeout=timeout,
                    **options,
                )
                try:
                    self._json_port = int(rpc.json_port())
                finally:
                    rpc.close_rpc()
            except DDSLinkError:
                raise
            # Whatever happens to answer there may raise anything: a wrong target, no such method,
            # no PYON, a closed connection.
            except Exception as error:
                raise DDSUnavailable(_reason(error)) from error
        context = None if tls is None else tls.create_client_context()
        return Address(entry["host"], self._json_port, context)


def _reason(error: Exception) -> str:
    """Why RPC failed: code and text."""
    if isinstance(error, ConnectionRefusedError):
        return "no_link: connection refused: nothing listens there"
    if isinstance(error, OSError):
        reason = plain_text(str(error)) or type(error).__name__
        return "no_link: cannot connect ({})".format(reason)
    reason = plain_text("{}: {}".format(type(error).__name__, error))
    return "bad_reply: what answers there is no dds_link controller ({})".format(reason)


def device_key(device: object, dmgr: Any, arguments: Dict[str, Any]) -> str:
    """Key of ``device`` in the device_db; ARTIQ does not tell a device its own.

    :param arguments: what the device was made with, defaults included.
    :returns: the key, or an empty string if no entry fits.
    """
    signature = inspect.signature(type(device))
    try:
        entries = dmgr.get_device_db()
    except Exception:  # For an error text only: no failure to find a name may hide the error.
        return ""
    for key, entry in entries.items():
        if isinstance(entry, dict) and entry.get("class") == type(device).__name__:
            try:
                bound = signature.bind(None, **entry.get("arguments", {}))
            except TypeError:
                continue
            bound.apply_defaults()
            if dict(bound.arguments, dmgr=None) == dict(arguments, dmgr=None):
                return str(key)
    return ""
