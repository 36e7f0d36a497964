"""What ``import dds_link.client`` gives and what it costs."""

import subprocess
import sys

import pytest

import dds_link.client


@pytest.mark.parametrize("name", dds_link.client.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(dds_link.client, name).__doc__


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
