"""``panel``: the web panel of one or several controllers, served until Ctrl-C."""

from argparse import Namespace

from dds_link.cli.exchange import client_context
from dds_link.cli.words import UsageError


def run_panel(args: Namespace) -> int:
    """Serve the panel; returns the exit status.

    :raises UsageError: without NiceGUI, for a place that is none, or a port that is taken.
    """
    try:
        from dds_link.panel.app import BindError, serve
    except ImportError as error:
        raise UsageError(
            "the panel needs {}: pip install 'dds_link[panel]'".format(error.name)
        ) from None
    from dds_link.panel.places import PlaceError, from_device_db, from_servers

    servers = getattr(args, "servers", None)
    try:
        if args.device_db:
            if servers:
                raise UsageError("give either -s or --device-db")
            places = from_device_db(args.device_db)
        else:
            tls = client_context(args.ssl) if args.ssl else None
            places = from_servers(servers or [args.server], args.port, tls)
        serve(places, args.bind, args.web_port, args.host_name)
    except KeyboardInterrupt:
        pass  # That is how it ends.
    except (BindError, PlaceError) as error:
        raise UsageError(str(error)) from None
    return 0
