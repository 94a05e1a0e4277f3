"""What actors do first in their processes."""

import platform
import subprocess
import sys

import pytest

GROW_AND_FREE = """
import threading, numpy, psutil
from pipeline.cluster.actor_process import memory_trimmer

trim = memory_trimmer()
assert trim is not None

def work():
    for _ in range(20):
        blocks = [numpy.ones(20_000) for _ in range(200)]

def resident():
    return psutil.Process().memory_info().rss

work()
before = resident()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
trim()
print((resident() - before) >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only this C library can be told so")
def test_freed_memory_of_many_threads_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", GROW_AND_FREE], capture_output=True, text=True, check=True, timeout=60.0
    )
    assert int(done.stdout) < 64
