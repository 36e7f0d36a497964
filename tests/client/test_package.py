"""What ``import dds_link.client`` gives and what it costs."""

import inspect
import subprocess
import sys

import pytest

import dds_link.client
from dds_link.client import AsyncClient, Client, send_data


@pytest.mark.parametrize("name", dds_link.client.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(dds_link.client, name).__doc__


SETTINGS = {
    "host": "127.0.0.1",
    "port": 65432,
    "timeout": 5.0,
    "connect_timeout": 2.0,
    "name": None,
    "rid": None,
    "on_state_lost": "raise",
    "ssl": None,
}
VERBS = "connect close ping hello identify describe set apply get sync kill arm_rf reset events"


def parameters(function):
    """Names, kinds and defaults."""
    found = inspect.signature(function).parameters.values()
    return [(one.name, one.kind, one.default) for one in found]


@pytest.mark.parametrize("client", [Client, AsyncClient])
def test_the_settings_of_a_client_and_their_defaults(client):
    assert {name: default for name, _, default in parameters(client)} == SETTINGS


@pytest.mark.parametrize("verb", VERBS.split())
def test_both_clients_take_the_same_arguments(verb):
    assert parameters(getattr(AsyncClient, verb)) == parameters(getattr(Client, verb))


def test_the_interface_of_the_template():
    names = "json_data host port debug server_success server_fail fail_connect timeout"
    assert [name for name, _, _ in parameters(send_data)] == names.split()
    keyword_only = [name for name, kind, _ in parameters(send_data) if kind == 3]
    assert keyword_only == names.split()[4:]


def test_a_name_that_does_not_exist():
    with pytest.raises(AttributeError, match="Clinet"):
        dds_link.client.Clinet  # noqa: B018  # the look-up is the test


def test_the_blocking_client_imports_neither_asyncio_nor_ssl():
    code = (
        "import sys; before = set(sys.modules); sys.modules['msgspec'] = None\n"
        "import dds_link.client\n"
        "print(sorted({'asyncio', 'ssl', 'numpy'} & (set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
