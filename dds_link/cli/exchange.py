"""One request to the controller, and its answer: as it came over the wire, and as values."""

from typing import TYPE_CHECKING, Any, Callable, List, NamedTuple, Optional, Sequence

from dds_link.cli.words import UsageError
from dds_link.client.blocking import open_link
from dds_link.client.core import BadReply, Core
from dds_link.driver_place import TLS
from dds_link.errors import DDSRefused

if TYPE_CHECKING:
    from ssl import SSLContext

NAME = "aqcli_dds_link"
"""How events and records name this client."""


class FarEnd(NamedTuple):
    """The controller that is spoken to."""

    core: Core
    tls: "Optional[SSLContext]"
    """None: plain TCP."""


class Answer(NamedTuple):
    """What the controller answered."""

    result: Any
    """Exactly the ``result`` of the wire."""
    value: Any
    """The same, read."""


def far_end(host: str, port: int, timeout: float, ssl: Optional[Sequence[str]]) -> FarEnd:
    """A controller to speak to; nothing is sent yet.

    :param timeout: of connecting, and of each exchange, seconds.
    :param ssl: files with our certificate, our key, and the controller's certificate.
    :raises UsageError: for a setting that makes no sense, or a file that cannot be used.
    """
    try:
        core = Core(host, port, timeout, timeout, NAME, None, "raise")
    except ValueError as error:
        raise UsageError(str(error)) from None
    return FarEnd(core, client_context(ssl) if ssl else None)


def client_context(files: Sequence[str]) -> "SSLContext":
    """TLS with a client certificate, as sipyco's ``--ssl CERT KEY PEER``.

    :raises UsageError: if a file cannot be used.
    """
    try:
        return TLS(
            dict(zip(("client_cert", "client_key", "server_cert"), files))
        ).create_client_context()
    except DDSRefused as error:
        raise UsageError("--ssl {}: {}".format(" ".join(files), error.__cause__)) from None


def ask(
    far: FarEnd, verb: str, line: bytes, read: Callable[[Any], Any], greet: bool = True
) -> Answer:
    """Connect, send one request, disconnect.

    :param verb: what is asked, for error texts.
    :param line: the request.
    :param read: makes the value of the result; what it raises on the way makes the reply a bad one.
    :param greet: ask who is there first (``far.core.identity``).
    :raises DDSRefused: the controller refused; nothing changed.
    :raises DDSUnavailable: no controller, no answer, or no device; it may have been applied.
    """
    answers: List[Answer] = []

    def keep(result: Any) -> None:
        try:
            answers.append(Answer(result, read(result)))
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise BadReply("its result is not what it should be ({!r})".format(error)) from error

    steps = far.core.greeting() if greet else far.core.introduction()
    open_link(far.core, far.tls, [*steps, (verb, line, keep)]).close()
    return answers[0]
