"""What the in-process chain has for the hot loop alone."""

from __future__ import annotations

from tests.chain.support import ANN, START_S, Subject, word
from underwater.chain.revm import RevmChain


def test_several_views_answer_as_each_alone_and_leave_nothing_behind() -> None:
    subject = Subject(RevmChain(START_S - 1_000_000))
    chain, at = subject.chain, subject.at
    assert isinstance(chain, RevmChain)
    subject.run(subject.call("count"))
    assert chain.views(at["count"], [b"", b""]) == [word(2), word(2)] == [subject.view("count").data] * 2
    assert chain.views(at["echo"], [b"one", b"", b"three"]) == [b"one", b"", b"three"]
    assert subject.run(subject.call("count", sender=ANN))[0].data == word(2)


def test_a_view_that_fails_is_empty_and_those_after_it_answer() -> None:
    subject = Subject(RevmChain(START_S - 1_000_000))
    chain, at = subject.chain, subject.at
    assert isinstance(chain, RevmChain)
    assert chain.views(at["revert"], [b"why", b""]) == [b"", b""]
    assert chain.views(at["invalid"], [b""]) == [b""]
    assert chain.views(at["count"], [b""]) == [word(1)]
