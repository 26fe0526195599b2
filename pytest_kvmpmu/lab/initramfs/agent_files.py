"""Our files in a lab VM: the agent, and /init, which starts it.

Not for: the rest of the initramfs (`userspace`).
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from ...support.resources import PACKAGE, fixtures_dir

# The folder of the agent's sources in the guest, and its working directory.
HOME = "agent"
ROOMS = ("agent", "wire", "uapi")

# Process 1.  The terminal is made raw before Python writes to it.  When Python ends, the
# machine ends too, so that the host sees the end of the stream.  The terminal's work stays
# on CPU 0, which also gets its interrupts: waking another emulated CPU for each chunk made
# a request take up to four times as long.  Files may fill all memory, not half.  The kernel's
# command line names the CPUs to take offline (`vm.hardware`).
_INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /root
/bin/busybox --install -s /bin
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -o remount,size=100% / 2>/dev/null
echo 1 > /sys/devices/virtual/workqueue/cpumask
echo 1 > /proc/sys/kernel/printk
IFS=,
for cpu in $kvmpmu_offline; do echo 0 > /sys/devices/system/cpu/cpu$cpu/online; done
unset IFS kvmpmu_offline
exec </dev/console >/dev/console 2>&1
/bin/busybox stty raw -echo
cd /{home}
/bin/python3 -S -E {what}
echo "Python ended with status $?"
/bin/busybox poweroff -f
"""


def init(what: str) -> str:
    """/init, which runs Python with the arguments ``what``, quoted for a shell."""
    return _INIT.format(home=HOME, what=what)


INIT = init("-m pytest_kvmpmu.agent")


def sources() -> list[tuple[str, Path]]:
    """The agent's files: each path below its folder in the guest, and the path here."""
    files = [PACKAGE / "__init__.py"]
    for room in ROOMS:
        files.extend((PACKAGE / room).rglob("*.py"))
    named = [(f"{PACKAGE.name}/{file.relative_to(PACKAGE).as_posix()}", file) for file in files]
    fixtures = fixtures_dir()
    for file in (fixtures / "payloads").glob("*.words"):
        named.append((f"fixtures/{file.relative_to(fixtures).as_posix()}", file))
    return sorted(named)


def sources_hash() -> str:
    """A hash over `sources` and /init."""
    digest = hashlib.sha256(INIT.encode())
    for name, path in sources():
        content = path.read_bytes()
        digest.update(f"\n{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
