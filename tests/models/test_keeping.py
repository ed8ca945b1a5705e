from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from maskstream.models.keeping import Keeper, make_key


class Maker:
    """Makes a file, and counts how often."""

    def __init__(self, content: bytes = b"costly") -> None:
        self.content = content
        self.num_calls = 0

    def __call__(self, folder: Path) -> None:
        """Make it in a folder."""
        self.num_calls += 1
        (folder / "thing").write_bytes(self.content)


def read(keeper: Keeper, key: str, make: Callable[[Path], None]) -> bytes:
    """Read the thing of a key."""
    with keeper.folder(key, make) as folder:
        return (folder / "thing").read_bytes()


def test_what_is_kept_is_made_once(tmp_path: Path) -> None:
    """Another process finds what one has made."""
    make = Maker()

    found = [read(Keeper(tmp_path), "key", make) for _ in range(2)]

    assert found == [b"costly", b"costly"]
    assert make.num_calls == 1


@pytest.mark.parametrize("damage", [b"costlx", b"", None])
def test_what_is_damaged_is_made_again(tmp_path: Path, damage: bytes | None) -> None:
    """A changed, a cut and a missing file are noticed before they are used."""
    make = Maker()
    read(Keeper(tmp_path), "key", make)
    if damage is None:
        (tmp_path / "key" / "thing").unlink()
    else:
        (tmp_path / "key" / "thing").write_bytes(damage)

    found = [read(Keeper(tmp_path), "key", make) for _ in range(2)]

    assert found == [b"costly", b"costly"]
    assert make.num_calls == 2


@pytest.mark.parametrize("num_lines", [0, 1])
def test_sums_that_were_cut_are_damage(tmp_path: Path, num_lines: int) -> None:
    """A power cut leaves an empty file, or a part of one."""

    def make(folder: Path) -> None:
        (folder / "thing").write_bytes(b"costly")
        (folder / "other").write_bytes(b"more")

    read(Keeper(tmp_path), "key", make)
    sums = tmp_path / "key" / "SHA256SUMS"
    lines = sums.read_text().splitlines(keepends=True)
    sums.write_text("".join(lines[:num_lines]))
    (tmp_path / "key" / "thing").write_bytes(b"costlx")

    assert read(Keeper(tmp_path), "key", make) == b"costly"
    assert sums.read_text().splitlines(keepends=True) == lines


@pytest.mark.slow
def test_many_may_make_the_same_at_once(tmp_path: Path) -> None:
    """Each reads what is whole, whether nothing was there before or what is damaged."""
    num, keys = 8, [f"key{index}" for index in range(30)]
    meet = Barrier(num, timeout=30)

    def make(folder: Path) -> None:
        meet.wait()
        (folder / "thing").write_bytes(b"costly")

    def read_all(_: int) -> list[bytes]:
        return [read(Keeper(tmp_path), key, make) for key in keys]

    for key in keys[::2]:
        (tmp_path / key).mkdir()
        (tmp_path / key / "SHA256SUMS").touch()
    with ThreadPoolExecutor(num) as pool:
        found = list(pool.map(read_all, range(num)))

    assert found == [[b"costly"] * len(keys)] * num
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(keys)


def test_what_else_lies_in_the_folder_stops_nothing(tmp_path: Path) -> None:
    """A file that somebody put there is left alone."""
    (tmp_path / "notes.txt").write_text("junk")
    keeper, make = Keeper(tmp_path, max_bytes=1), Maker()

    found = [read(keeper, key, make) for key in ("key", "key", "other")]

    assert found == [b"costly"] * 3
    assert make.num_calls == 2
    assert (tmp_path / "notes.txt").read_text() == "junk"


def test_what_was_used_just_now_is_not_removed(tmp_path: Path) -> None:
    """Another process may be reading it, so the bound has to wait."""
    keeper = Keeper(tmp_path, max_bytes=1)

    with keeper.folder("key", Maker()) as folder:
        read(keeper, "other", Maker())

        assert (folder / "thing").read_bytes() == b"costly"


def test_what_was_not_used_for_longest_goes(tmp_path: Path) -> None:
    """The folder stays within its bound, and what is in use stays in it."""
    keeper = Keeper(tmp_path, max_bytes=600)
    for age, key in enumerate(["new", "older", "oldest"]):
        read(keeper, key, Maker(b"." * 100))
        os.utime(tmp_path / key, (1000 - age, 1000 - age))
    read(keeper, "oldest", Maker())  # is used again

    read(keeper, "next", Maker(b"." * 100))

    assert {path.name for path in tmp_path.iterdir()} == {"new", "oldest", "next"}


def test_a_maker_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Half a thing is none."""

    def fail(folder: Path) -> None:
        (folder / "thing").write_bytes(b"half")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError), Keeper(tmp_path).folder("key", fail):
        pass

    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_kept_it_is_made_each_time(tmp_path: Path) -> None:
    """A home that cannot be written to costs time and nothing else."""
    (tmp_path / "file").touch()
    keeper, make = Keeper(tmp_path / "file" / "cache"), Maker()

    found = [read(keeper, "key", make) for _ in range(2)]

    assert found == [b"costly", b"costly"]
    assert make.num_calls == 2


def test_keys_differ_with_each_part() -> None:
    """Nothing that matters is lost in a key."""
    assert make_key("a", 1) == make_key("a", 1)
    assert len({make_key("a", 1), make_key("a", 2), make_key("a1"), make_key("a")}) == 4
