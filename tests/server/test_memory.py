"""Native memory stays where streams come and go."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

THREADS = """
import ctypes, threading
from maskstream.server.memory import bound_arenas
bound_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(12)
def work():
    together.wait()
    libc.malloc(100_000)
    together.wait()
threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.malloc_stats()
"""

FREED = """
import ctypes, os
from pathlib import Path
from maskstream.server.memory import give_back_freed_memory
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])
blocks = [libc.malloc(64_000) for _ in range(1000)]
for block in blocks: libc.memset(block, 1, 64_000)
for block in blocks[:-1]: libc.free(block)  # the last one holds the heap's end
before = pages()
give_back_freed_memory()
print((before - pages()) * os.sysconf("SC_PAGESIZE"))
"""


def run(program: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_threads_share_few_heaps() -> None:
    """However many there are."""
    told = run(THREADS).stderr

    assert told.count("Arena ") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_what_was_freed_in_the_middle_goes_back_to_the_system() -> None:
    """Also where something that is in use lies behind it."""
    given_back = int(run(FREED).stdout)

    assert given_back > 50_000_000
