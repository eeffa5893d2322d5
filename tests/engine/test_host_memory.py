"""Freed memory is taken again by the next step instead of from the system."""

import mmap
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from optviz.engine.machine.host_memory import HUGE_PAGE, RESERVED

CODE = """
import resource, sys
import numpy as np
from optviz.engine.machine.host_memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(64 << 20, np.uint8)
before = faults()
for _ in range(5):
    np.ones(64 << 20, np.uint8)
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_page_faults():
    found = {}
    for how in ("plain", "kept"):
        done = subprocess.run(
            [sys.executable, "-c", CODE, how], capture_output=True, text=True, check=True
        )
        found[how] = int(done.stdout)
    pages = 5 * (64 << 20) // mmap.PAGESIZE
    assert found["kept"] < pages / 100
    assert found["kept"] < found["plain"] / 5


HEAP = """
import re
from pathlib import Path
from optviz.engine.machine.host_memory import keep_freed_memory
keep_freed_memory()
told = Path("/proc/self/smaps").read_text()
heaps = re.findall(r"\\[heap\\]\\nSize: +(\\d+) kB.*?VmFlags: ([a-z ]+)", told, re.DOTALL)
print(sum(int(size) for size, flags in heaps if "hg" in flags.split()))
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or not Path("/sys/kernel/mm/transparent_hugepage").exists(),
    reason="a system without huge pages",
)
def test_huge_pages_suit_the_heap():
    """Whether there are any to be had is up to the kernel."""
    done = subprocess.run([sys.executable, "-c", HEAP], capture_output=True, text=True, check=True)
    assert int(done.stdout) * 1024 > RESERVED - 2 * HUGE_PAGE
