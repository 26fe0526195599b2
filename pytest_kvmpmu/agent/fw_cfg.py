"""QEMU's firmware configuration device, read from user space: it has what the host passes to a VM.

The device copies whole files into the guest's memory, at the speed of a copy; the serial
line takes 11 us for a byte.  The kernel's own driver is not usable here: Debian builds it as a
module, and it reads byte by byte.  So this module drives the device itself, through /dev/mem,
and asks /proc/self/pagemap where its own memory is.  Only root may do that, in a VM.

The device: docs/specs/fw_cfg.rst of QEMU.  Not for: what the files are (`files`).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from pathlib import Path
from typing import Iterator

TREE = Path("/sys/firmware/devicetree/base")
DRIVER = Path("/sys/bus/platform/drivers/fw_cfg")
MEMORY = "/dev/mem"
BUFFER = 4 << 20

_PAGE = mmap.PAGESIZE
_DMA_REGISTER = 16
# Bits of the control word; its upper half is the item to select.
_ERROR, _READ, _SELECT = 1, 2, 8
_DIRECTORY = 0x19
_REQUEST = struct.Struct(">IIQ")  # control, length, address
_FILE = struct.Struct(">IHxx56s")  # size, item, name
_PFN = (1 << 55) - 1


class CannotRead(Exception):
    """The device is not usable here, or does not have that file; the message says why."""


class Memory:
    """``size`` bytes of this process's memory, and their physical addresses."""

    def __init__(self, size: int = BUFFER) -> None:
        self.bytes = memoryview(mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
        for page in range(0, size, _PAGE):
            self.bytes[page] = 1  # makes the kernel allocate the page

    def pages(self) -> list[int]:
        """The physical address of each page."""
        first = ctypes.addressof(ctypes.c_char.from_buffer(self.bytes)) // _PAGE
        count = len(self.bytes) // _PAGE
        fd = os.open("/proc/self/pagemap", os.O_RDONLY)
        try:
            entries = os.pread(fd, 8 * count, 8 * first)
        finally:
            os.close(fd)
        return [(entry & _PFN) * _PAGE for (entry,) in struct.iter_unpack("<Q", entries)]


class Registers:
    """The device's registers, found through the device tree."""

    def __init__(self) -> None:
        nodes = list(TREE.glob("fw-cfg@*"))
        if not nodes:
            raise CannotRead("the device tree has no fw-cfg node")
        (address,) = struct.unpack_from(">Q", (nodes[0] / "reg").read_bytes())
        for device in DRIVER.glob("*.fw-cfg"):  # only if the driver is built in
            (DRIVER / "unbind").write_text(device.name)
        try:
            fd = os.open(MEMORY, os.O_RDWR | os.O_SYNC)
            try:
                base = address // _PAGE * _PAGE
                shared = mmap.mmap(fd, _PAGE, offset=base)
            finally:
                os.close(fd)
        except OSError as error:
            raise CannotRead(
                f"{MEMORY} cannot be used ({error.strerror}); the kernel needs CONFIG_DEVMEM"
            ) from error
        self._dma = ctypes.c_uint64.from_buffer(shared, address - base + _DMA_REGISTER)

    def start(self, address: int) -> None:
        """Have the device carry out the request at the physical ``address``."""
        self._dma.value = int.from_bytes(address.to_bytes(8, "big"), "little")


class FwCfg:
    """The device.  The first page of the memory holds its requests, the rest what it reads."""

    def __init__(self, memory: Memory, registers: Registers) -> None:
        self._memory = memory
        self._registers = registers
        self._pages = memory.pages()
        if not all(self._pages):
            raise CannotRead("the kernel hides physical addresses; only root may read them")

    def read(self, name: str) -> Iterator[memoryview]:
        """The content of a file, in pieces; each is valid until the next one is requested."""
        size, item = self._find(name)
        self._ask(_SELECT | item << 16, 0, 0)
        while size:
            length = min(size, len(self._memory.bytes) - _PAGE)
            yield self._fill(length)
            size -= length

    def _find(self, name: str) -> tuple[int, int]:
        self._ask(_SELECT | _DIRECTORY << 16, 0, 0)
        (count,) = struct.unpack(">I", self._fill(4))
        for _ in range(count):
            size, item, found = _FILE.unpack(self._fill(_FILE.size))
            if found.rstrip(b"\0") == name.encode():
                return size, item
        raise CannotRead(f"QEMU was not given a file {name}")

    def _fill(self, length: int) -> memoryview:
        """The next ``length`` bytes of the selected item."""
        at = _PAGE
        while at < _PAGE + length:
            end = at + _PAGE
            while end < _PAGE + length and self._where(end) == self._where(end - 1) + 1:
                end += _PAGE
            end = min(end, _PAGE + length)
            self._ask(_READ, end - at, self._where(at))
            at = end
        return self._memory.bytes[_PAGE : _PAGE + length]

    def _where(self, offset: int) -> int:
        return self._pages[offset // _PAGE] + offset % _PAGE

    def _ask(self, control: int, length: int, address: int) -> None:
        _REQUEST.pack_into(self._memory.bytes, 0, control, length, address)
        self._registers.start(self._pages[0])
        (left,) = struct.unpack_from(">I", self._memory.bytes)
        if left:
            raise CannotRead(
                "QEMU refused to copy" if left & _ERROR else "QEMU did not answer at once"
            )
