"""The page in a real browser: what somebody does there is done, and what is so is shown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import pytest

from dds_link.client import Client
from tests.panel.browser import Browser, panel, place
from tests.running import Running, running

pytestmark = pytest.mark.browser


class Lab:
    """A controller, its panel in a browser, and another client."""

    def __init__(self, running: Running, page: Browser, url: str, other: Client) -> None:
        self.board = running
        self.page = page
        self.url = url
        self.other = other


@pytest.fixture(scope="module")
def bench(chromium: Browser) -> Iterator[Lab]:
    with running() as board, panel("-s", f"127.0.0.1:{board.json_port}") as url:
        with Client("127.0.0.1", board.json_port, name="scan.py", on_state_lost="continue") as dds:
            yield Lab(board, chromium, url, dds)


@pytest.fixture
def lab(bench: Lab) -> Lab:
    bench.other.arm_rf()
    bench.other.apply(
        [
            {"channel": i, "frequency": 80e6, "amplitude": 0.5, "phase": 0.0, "enabled": True}
            for i in range(4)
        ]
    )
    bench.page.open(bench.url)
    bench.page.until(lambda: bench.page.text(".badge.good") == "● live")
    bench.page.until(lambda: bench.page.value(0, "frequency") == "80.0000000 MHz")
    return bench


@pytest.mark.parametrize(
    ("field", "text", "shown", "meant"),
    [
        ("frequency", "81.5 MHz", "81.5000000 MHz", 81.5e6),
        ("amplitude", "-6 dB", "0.50120", 10 ** (-6 / 20)),
        ("phase", "90deg", "0.25000 turn", 0.25),
    ],
)
def test_what_is_typed_is_in_the_registers(
    lab: Lab, field: str, text: str, shown: str, meant: float
) -> None:
    lab.page.type(1, field, text)
    lab.page.until(lambda: lab.page.value(1, field) == shown)
    tone = lab.board.tone(1)
    assert getattr(tone, field) == pytest.approx(meant, abs=0.2 if meant > 1 else 1e-4)
    assert lab.board.tone(0).frequency == pytest.approx(80e6, abs=0.2)


def test_arrow_keys_step_the_digit_under_the_cursor(lab: Lab) -> None:
    from selenium.webdriver.common.keys import Keys

    entry = lab.page.input(2, "frequency")
    lab.page.script("arguments[0].focus(); arguments[0].setSelectionRange(1, 1)", entry)
    entry.send_keys(Keys.ARROW_UP, Keys.ARROW_UP)
    lab.page.until(lambda: lab.page.value(2, "frequency") == "82.0000000 MHz")
    entry.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    lab.page.until(lambda: lab.page.value(2, "frequency") == "81.9000000 MHz")
    lab.page.until(lambda: lab.page.script("return arguments[0].selectionStart", entry) == 3)
    assert lab.board.tone(2).frequency == pytest.approx(81.9e6, abs=0.2)


def test_a_value_that_is_refused_is_explained_at_its_field_and_the_true_one_stays(
    lab: Lab,
) -> None:
    lab.page.type(0, "frequency", "600 MHz")
    error = '.card[data-channel="0"] .frequency .error'
    lab.page.until(lambda: lab.page.text(error))
    assert "600 MHz: out_of_range: channel 'cooling': frequency 600000000 Hz is outside" in (
        lab.page.text(error)
    )
    assert lab.page.value(0, "frequency") == "80.0000000 MHz"
    assert len(lab.page.all(".field .error")) == 1
    lab.page.type(0, "frequency", "81 MHz")
    lab.page.until(lambda: lab.page.value(0, "frequency") == "81.0000000 MHz")
    assert not lab.page.all(".field .error")


def test_what_is_being_typed_is_no_value_yet(lab: Lab) -> None:
    from selenium.webdriver.common.keys import Keys

    entry = lab.page.input(0, "frequency")
    entry.send_keys(Keys.CONTROL, "a")
    entry.send_keys("99 MHz")
    lab.other.set(0, frequency=82e6)
    lab.page.until(lambda: "Esc leaves 82.0000000 MHz" in lab.page.text(".note"))
    entry.send_keys(Keys.ESCAPE)
    lab.page.until(lambda: lab.page.value(0, "frequency") == "82.0000000 MHz")
    assert lab.other.get(0).frequency == pytest.approx(82e6, abs=0.2)


def test_the_switch_of_a_channel(lab: Lab) -> None:
    switch = '.card[data-channel="3"] .switch'
    lab.page.one(switch).click()
    lab.page.until(lambda: lab.page.one(switch).get_attribute("aria-checked") == "false")
    assert lab.page.text('.card[data-channel="3"] .state') == "○ off"
    assert lab.board.tone(3).amplitude == 0
    assert lab.page.value(3, "amplitude") == "0.50003"  # kept for on


def test_kill_asks_nothing_and_arm_asks(lab: Lab) -> None:
    lab.page.one(".kill.all").click()
    lab.page.until(lambda: "RF KILLED" in lab.page.text(".badge.bad"))
    assert [lab.board.tone(i).amplitude for i in range(4)] == [0, 0, 0, 0]
    lab.page.one('.card[data-channel="0"] .switch').click()
    lab.page.until(lambda: "rf_killed" in lab.page.text('.card[data-channel="0"] .error'))
    lab.page.one(".about button.arm").click()
    lab.page.until(lambda: lab.page.one("dialog").is_displayed())
    assert lab.page.all(".badge.bad")
    lab.page.one("dialog button.arm").click()
    lab.page.until(lambda: not lab.page.all(".badge.bad"))
    assert lab.page.text(".state") == "○ off ○ off ○ off ○ off"


def test_the_key_for_kill(lab: Lab) -> None:
    lab.page.one("body").send_keys("K")
    lab.page.until(lambda: "RF KILLED" in lab.page.text(".badge.bad"))
    assert lab.board.tone(0).amplitude == 0


def test_it_tells_who_changed_a_channel(lab: Lab) -> None:
    lab.other.set(0, phase=0.5)
    card = '.card[data-channel="0"] .changed'
    lab.page.until(lambda: "by scan.py (127.0.0.1:" in lab.page.text(card))
    assert "changed cooling" in lab.page.text(".log li:first-child").replace("  ", " ")


def test_the_words_are_folded_out(lab: Lab) -> None:
    words = '.card[data-channel="0"] details'
    lab.page.one(words + " summary").click()
    lab.page.until(lambda: "343597384" in lab.page.text(words))
    assert "0 Hz … 499.99999976" in lab.page.text(words)


def test_filter_and_order(lab: Lab) -> None:
    lab.page.one("#filter").send_keys("r")
    lab.page.until(lambda: lab.page.text(".card h3") == "repump raman")
    lab.page.one("#filter").send_keys("am")
    lab.page.until(lambda: lab.page.text(".card h3") == "raman")
    lab.page.script("document.querySelector('#filter').value = ''")
    lab.page.one("#filter").send_keys(" ")
    lab.other.set("raman", frequency=10e6)
    lab.page.one('select option[value="frequency"]').click()
    lab.page.until(lambda: lab.page.text(".card h3").startswith("raman"))


def test_a_change_by_another_client_is_on_the_page(lab: Lab) -> None:
    """Prints how long it takes; the targets live in benchmarks/."""
    lab.page.script(
        """const seen = (window.seen = []);
        const field = document.querySelector('.card[data-channel="0"] .frequency .readout');
        const note = () => seen.push([field.textContent, Date.now()]);
        new MutationObserver(() => requestAnimationFrame(note))
          .observe(field, { childList: true, subtree: true, characterData: true });"""
    )
    sent = {}
    for step in range(50):
        frequency = 90e6 + step * 1e5
        wanted = f"{frequency / 1e6:.7f} MHz"
        sent[wanted.replace(" ", "")] = time.time()
        lab.other.set(0, frequency=frequency)
        lab.page.until(lambda wanted=wanted: lab.page.value(0, "frequency") == wanted)
    seen = {text: at / 1e3 for text, at in lab.page.script("return seen")}
    delays = [seen[key] - sent[key] for key in sent if key in seen]
    assert len(delays) > 40
    median = statistics.median(delays)
    print(f"change by another client to page: median {median * 1e3:.1f} ms of {len(delays)}")
    assert median < 5


def test_no_request_leaves_the_host_of_the_page(lab: Lab) -> None:
    lab.page.type(0, "frequency", "81 MHz")
    lab.page.until(lambda: lab.page.value(0, "frequency") == "81.0000000 MHz")
    urls = lab.page.requests()
    assert any(url.startswith("ws://") for url in urls)
    assert [u for u in urls if place(u) != place(lab.url) and not u.startswith("data:")] == []
    assert lab.page.complaints() == []
