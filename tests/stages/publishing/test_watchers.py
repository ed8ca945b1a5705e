"""Pieces of a preview and those who take them, quickly or slowly."""

from __future__ import annotations

from threading import Thread

from maskstream.stages.publishing.watchers import Audience, Piece

HEAD = b"head"


def start(name: bytes, head: bytes = HEAD) -> Piece:
    """Return a piece that one may begin with."""
    return Piece(name, True, head)


def later(name: bytes, head: bytes = HEAD) -> Piece:
    """Return a piece that needs those before it."""
    return Piece(name, False, head)


def offer(audience: Audience, *pieces: Piece) -> None:
    """Offer several."""
    for piece in pieces:
        audience.offer(piece)


def test_a_watcher_begins_with_the_head_and_a_start() -> None:
    """What came before is nothing that could be shown."""
    audience = Audience(8)
    with audience.watch() as pieces:
        offer(audience, later(b"1"), start(b"2"), later(b"3"))

        assert [next(pieces) for _ in range(3)] == [HEAD, b"2", b"3"]


def test_another_head_is_sent_before_what_needs_it() -> None:
    """The size has changed."""
    audience = Audience(8)
    with audience.watch() as pieces:
        offer(audience, start(b"1"), start(b"2", b"other"), later(b"3", b"other"))

        assert [next(pieces) for _ in range(5)] == [HEAD, b"1", b"other", b"2", b"3"]


def test_a_slow_watcher_goes_on_at_the_next_start() -> None:
    """What waits is bounded; the others get everything."""
    audience = Audience(2)
    with audience.watch() as slow, audience.watch() as quick:
        audience.offer(start(b"1"))
        seen = [next(quick), next(quick)]
        for name in (b"2", b"3", b"4"):
            audience.offer(later(name))
            seen.append(next(quick))
        audience.offer(start(b"5"))
        seen.append(next(quick))

        assert seen == [HEAD, b"1", b"2", b"3", b"4", b"5"]
        assert [next(slow) for _ in range(2)] == [HEAD, b"5"]


def test_the_newest_picture_replaces_one_that_waits() -> None:
    """With room for one, as for JPEGs."""
    audience = Audience(1)
    with audience.watch() as pieces:
        offer(audience, *(Piece(bytes([n]), True) for n in range(5)))

        assert next(pieces) == bytes([4])


def test_watchers_are_sent_home_at_the_end() -> None:
    """Those who wait on another thread, and those who come afterwards."""
    audience = Audience(2)
    seen: list[bytes] = []
    with audience.watch() as pieces:
        waiting = Thread(target=lambda: seen.extend(pieces))
        waiting.start()
        audience.end()
        waiting.join(10)

        assert not waiting.is_alive()
    with audience.watch() as pieces:
        assert list(pieces) == seen == []


def test_a_watcher_may_be_sent_home_by_another_thread() -> None:
    """Leaving the context ends the iterator that somebody else waits at."""
    audience = Audience(2)
    watching = audience.watch()
    waiting = Thread(target=list, args=(watching.__enter__(),))
    waiting.start()

    assert audience
    watching.__exit__(None, None, None)
    waiting.join(10)

    assert not waiting.is_alive()
    assert not audience


def test_newcomers_are_told_of_once() -> None:
    """They want a keyframe."""
    audience = Audience(2)

    assert not audience.take_newcomers()
    with audience.watch(), audience.watch():
        assert audience.take_newcomers()
        assert not audience.take_newcomers()
