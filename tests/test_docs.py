"""The wiring pages: their config files work, their pins exist, their drawings show their tables."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from dds_link.assembly import load_config
from dds_link.clock import RealClock
from dds_link.config import Config
from dds_link.probe import probe
from dds_link.transports.registry import make_transport
from dds_link.transports.wiring import chip_selects, wiring

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("ad99*.md"))
ON_A_PI = [page for page in PAGES if "raspberry" in page.name]
#: GPIO at each pin of the 40-pin header (Raspberry Pi documentation).
HEADER = {
    3: 2, 5: 3, 7: 4, 8: 14, 10: 15, 11: 17, 12: 18, 13: 27, 15: 22, 16: 23, 18: 24, 19: 10, 21: 9,
    22: 25, 23: 11, 24: 8, 26: 7, 27: 0, 28: 1, 29: 5, 31: 6, 32: 12, 33: 13, 35: 19, 36: 16,
    37: 26, 38: 20, 40: 21,
}  # fmt: skip
GROUNDS = {6, 9, 14, 20, 25, 30, 34, 39}
SPI = {"SCLK": 11, "SDIO": 10, "SDIO_0": 10, "SDO": 9, "SDIO_2 (SDO)": 9, "CS": 8}
by_name = {"ids": lambda page: page.stem}


def rows(page: Path) -> list[list[str]]:
    """The table of wires."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def config(page: Path, tmp_path: Path) -> Config:
    """The config file that a page shows."""
    [text] = re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "lab.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path, simulation=False)


def labels(page: Path) -> list[str]:
    """Every text of the drawing."""
    tree = ElementTree.parse(page.with_suffix(".svg"))
    return ["".join(text.itertext()) for text in tree.iter("{http://www.w3.org/2000/svg}text")]


def test_there_is_a_page_for_each_chip_on_each_host() -> None:
    assert [page.stem for page in PAGES] == [
        "ad9910-ft232h", "ad9910-raspberry-pi", "ad9959-ft232h", "ad9959-raspberry-pi",
    ]  # fmt: skip


@pytest.mark.parametrize("page", PAGES, **by_name)
def test_the_config_works(page: Path, tmp_path: Path) -> None:
    shown = config(page, tmp_path)
    assert page.stem.startswith(shown.device.type)
    assert make_transport(shown.device, shown.channels, RealClock()).blocking
    assert all(finding.ok for finding in probe(shown, simulation=True))


@pytest.mark.parametrize("page", PAGES, **by_name)
def test_the_config_uses_the_pins_of_the_table(page: Path, tmp_path: Path) -> None:
    shown = config(page, tmp_path)
    table: dict[str, list[str]] = {}
    for pin, second, _, key, *_ in rows(page):
        place = f"gpiochip0:{second[4:]}" if second.startswith("GPIO") else pin
        table.setdefault(key.strip("`").partition(" ")[0], []).append(place)
    used = wiring(shown.device, shown.channels)
    for name, place in used.items():
        key = re.sub(r"\d+$", "", name)
        assert place in table[key], name
    assert sum(len(table[key]) for key in {re.sub(r"\d+$", "", name) for name in used}) == len(used)
    assert chip_selects(shown.channels) == (0,)
    assert "`chip_select = 0`" in [row[3] for row in rows(page)]


@pytest.mark.parametrize("page", ON_A_PI, **by_name)
def test_pins_of_the_header(page: Path) -> None:
    text = page.read_text(encoding="utf-8") + "\n".join(labels(page))
    found = re.findall(r"(\d+)(?:,| \|| ·) GPIO(\d+)", text)
    assert len(found) > 2 * (len(rows(page)) - 1)
    assert all(HEADER[int(pin)] == int(gpio) for pin, gpio in found)
    for pin, gpio, name, *_ in rows(page):
        if name == "GND":
            assert int(pin) in GROUNDS
        if name in SPI:
            assert gpio == f"GPIO{SPI[name]}"


@pytest.mark.parametrize("page", PAGES, **by_name)
def test_the_drawing_is_the_table(page: Path) -> None:
    drawn = labels(page)
    for pin, second, name, *_ in rows(page):
        host = f"{pin} · {second or 'GND'}" if pin != "GND" else "GND"
        place = drawn.index(host)
        wanted = {"CS": "CS (low: selected)", "(RF switch)": "RF switch (not the chip)"}
        assert drawn[place + 1] == wanted.get(name, name)


@pytest.mark.parametrize("page", [*PAGES, DOCS / "faults.md"], **by_name)
def test_links_and_files_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (DOCS / target).is_file(), target
    for target in re.findall(r"`(examples/[^`]+)`", text):
        assert (ROOT / target).is_file(), target
