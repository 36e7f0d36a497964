"""Lines, replies, epochs and failures, without a socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dds_link.client.core import BadReply, Core, Event, Expired, Lines
from dds_link.errors import DDSLinkError, DDSRefused, DDSStateLost, DDSUnavailable

from .cases import COOLING, COOLING_RECEIPT, EPOCH, EPOCHS, IDENTITY, REPUMP
from .scripted_server import line, refusal, success


def make(on_state_lost="raise", name=None, rid=None):
    return Core("lab.example", 65432, 5.0, 2.0, name, rid, on_state_lost)


# Lines


@given(
    st.lists(st.binary(max_size=8).map(lambda text: text.replace(b"\n", b"") + b"\n")), st.data()
)
def test_any_chunking_gives_the_same_lines(texts, data):
    stream = b"".join(texts) + b"rest"
    lines, taken = Lines(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        lines.feed(stream[:size])
        stream = stream[size:]
        for _ in range(data.draw(st.integers(0, 3))):
            taken.append(lines.pop())
    taken += [lines.pop() for _ in range(len(texts) + 1)]
    assert [text for text in taken if text is not None] == texts
    assert lines.buffer == b"rest"


@given(st.lists(st.sampled_from([b"", b"a", b"\n", b"bc\n", b"d\ne", b"12345\n", b"123456"])))
def test_passing_through_is_feeding_and_popping(chunks):
    one, other = Lines(limit=5), Lines(limit=5)
    for chunk in chunks:
        other.feed(chunk)
        try:
            expected = other.pop()
        except BadReply:
            with pytest.raises(BadReply):
                one.pass_through(chunk)
            return
        assert one.pass_through(chunk) == expected
        assert one.buffer == other.buffer


def test_a_line_at_the_limit_is_taken_and_one_over_it_is_not():
    lines = Lines(limit=4)
    lines.feed(b"1234\n12345\n")
    assert lines.pop() == b"1234\n"
    with pytest.raises(BadReply, match="4 bytes"):
        lines.pop()


def test_a_line_over_the_limit_is_noticed_before_its_end():
    lines = Lines(limit=4)
    lines.feed(b"1234")
    assert lines.pop() is None
    lines.feed(b"5")
    with pytest.raises(BadReply, match="4 bytes"):
        lines.pop()


# Replies


@given(st.binary() | st.text().map(str.encode) | st.from_regex(rb'\{"status":.*\}'))
def test_whatever_comes_only_documented_exceptions_leave(data):
    core = make()
    for read in (core.receipt, core.receipts, core.identified, core.killed):
        try:
            read(core.result(data))
        except (BadReply, DDSLinkError):
            pass


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_whatever_the_result_only_documented_exceptions_leave(result):
    core = make()
    for read in (core.receipt, core.receipts, core.identified, core.killed):
        try:
            read(result)
        except BadReply:
            pass


@given(st.dictionaries(st.sampled_from(["event", "seq", "time", "by", "channels"]), JSON))
def test_whatever_the_event_only_documented_exceptions_leave(data):
    try:
        Event.from_wire(data)
    except BadReply:
        pass


def test_a_refusal_has_the_code_and_the_text_of_the_controller():
    with pytest.raises(DDSRefused) as refused:
        make().result(refusal("out_of_range", "600 MHz is too much"))
    assert refused.value.args == ("out_of_range: 600 MHz is too much",)


def test_an_error_text_has_no_braces_because_artiq_formats_it():
    with pytest.raises(DDSUnavailable) as unavailable:
        make().result(refusal("device_fault", "register {0x0e}"))
    assert "{" not in str(unavailable.value)
    assert "register (0x0e)" in str(unavailable.value)


def test_an_outcome_that_the_controller_calls_open_is_not_called_so_twice():
    text = "SPI failed; the command may have been applied"
    with pytest.raises(DDSUnavailable) as unavailable:
        make().result(refusal("device_fault", text))
    assert unavailable.value.args == ("device_fault: " + text,)


def test_fields_that_this_version_does_not_know_are_ignored():
    reply = line({"status": "success", "result": {**COOLING, "later": {}}, "id": 7, "later": []})
    core = make()
    assert core.receipt(core.result(reply)) == COOLING_RECEIPT


# Epochs


def test_the_first_identify_and_first_receipts_are_adopted():
    core = make()
    core.receipt(COOLING)
    core.identified(IDENTITY)
    core.check_state()


def test_every_channel_that_changed_is_named_and_only_once():
    core = make()
    core.identified(IDENTITY)
    core.receipts([{**COOLING, "epoch": 1}, {**REPUMP, "epoch": 2}, {**COOLING, "epoch": 3}])
    with pytest.raises(DDSStateLost, match="lab.example port 65432 .* channel 0, 1: "):
        core.check_state()
    core.check_state()


def test_a_loss_that_was_not_reported_yet_survives_our_own_sync():
    core = make()
    core.identified(IDENTITY)
    core.receipt({**COOLING, "epoch": 1})
    core.renewed([{**REPUMP, "epoch": 2}])
    with pytest.raises(DDSStateLost, match="channel 0: "):
        core.check_state()


def test_our_own_kill_may_cost_the_phases():
    core = make()
    core.identified(IDENTITY)
    core.receipt({**COOLING, "epoch": 1})
    answer = core.killed({"killed": True, "channels": [{**REPUMP, "epoch": 2}]})
    assert answer["channels"][0].epoch == 2
    with pytest.raises(DDSStateLost, match="channel 0: "):
        core.check_state()
    core.receipt({**REPUMP, "epoch": 2})
    core.check_state()


def test_an_identify_that_fails_half_way_changes_nothing_known():
    core = make()
    core.identified(IDENTITY)
    with pytest.raises(BadReply):
        core.identified({**IDENTITY, "epochs": None})
    core.receipt(COOLING)
    core.check_state()


def test_a_sibling_has_the_settings_and_the_name_but_no_epochs():
    core = make()
    core.hello = b"hello"
    core.identified(IDENTITY)
    sibling = core.sibling()
    assert (sibling.where, sibling.timeout, sibling.hello) == (core.where, 5.0, b"hello")
    sibling.identified({**IDENTITY, "epochs": [epoch + 1 for epoch in EPOCHS]})
    sibling.check_state()
    core.check_state()


def test_a_connection_for_calls_subscribes_before_it_asks_who_is_there():
    """Its last request must not be ``subscribe``: see ``opening``."""
    assert [verb for verb, _, _ in make().opening()] == ["subscribe", "identify"]
    assert [verb for verb, _, _ in make(rid=7).opening()] == ["hello", "subscribe", "identify"]


def test_a_connection_starts_with_hello_if_there_is_a_name_and_identify():
    assert [verb for verb, _, _ in make().greeting()] == ["identify"]
    assert [verb for verb, _, _ in make(name="scan.py").greeting()] == ["hello", "identify"]
    assert [verb for verb, _, _ in make(rid=7).introduction()] == ["hello"]


# Failures


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Expired(), "timeout"),
        (BadReply("it is not JSON"), "bad_reply"),
        (ConnectionResetError(104, "Connection reset by peer"), "no_link"),
        (EOFError(), "no_link"),
    ],
    ids=repr,
)
def test_a_failure_names_place_and_verb_and_says_that_it_may_have_been_applied(error, code):
    failure = make().failure("set", error)
    assert isinstance(failure, DDSUnavailable)
    assert failure.code == code
    assert failure.args == (str(failure),)
    for part in ("lab.example port 65432", "'set'", "may have been applied", "get()"):
        assert part in str(failure)


@pytest.mark.parametrize("verb", ["hello", "identify", "subscribe"])
def test_a_failure_before_the_callers_command_says_that_nothing_was_changed(verb):
    assert "Nothing was changed" in str(make().failure(verb, EOFError()))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError(), DDSRefused("busy: ")])
def test_what_is_no_failure_of_the_link_stays_what_it_is(error):
    assert make().failure("set", error) is None
    assert make().ended(error) is None


def test_an_unreachable_controller_is_named_with_the_reason_and_what_to_do():
    error = ConnectionRefusedError(111, "Connection refused")
    text = str(make().unreachable(error))
    assert text == (
        "no_link: cannot connect to lab.example port 65432 (Connection refused); nothing was sent. "
        "Start the controller there (aqctl_dds_link), or correct host and port"
    )


def test_success_is_read_by_either_codec():
    assert make().result(success({"epoch": EPOCH})) == {"epoch": EPOCH}


# The short cut of replies that are receipts


def test_receipts_straight_from_the_bytes() -> None:
    assert make().receipt_in(success(COOLING)) == COOLING_RECEIPT
    assert make().receipts_in(success([COOLING, COOLING])) == [COOLING_RECEIPT] * 2


def test_the_short_cut_compares_epochs_too() -> None:
    core = make()
    core.receipt_in(success(COOLING))
    core.receipts_in(success([{**COOLING, "epoch": 1}]))
    with pytest.raises(DDSStateLost):
        core.check_state()


@pytest.mark.parametrize("read", ["receipt_in", "receipts_in"])
def test_the_short_cut_is_no_way_round_the_status(read: str) -> None:
    result = COOLING if read == "receipt_in" else [COOLING]
    line = success(result).replace(b"success", b"nonsense")
    with pytest.raises(BadReply):
        getattr(make(), read)(line)


@pytest.mark.parametrize("read", ["receipt_in", "receipts_in"])
def test_a_refusal_takes_the_long_way(read: str) -> None:
    with pytest.raises(DDSRefused, match="out_of_range"):
        getattr(make(), read)(refusal("out_of_range", "600 MHz is too much"))


@pytest.mark.parametrize("read", ["receipt_in", "receipts_in"])
def test_what_is_no_receipt_is_a_bad_reply(read: str) -> None:
    with pytest.raises(BadReply):
        getattr(make(), read)(success({"epoch": EPOCH}))
