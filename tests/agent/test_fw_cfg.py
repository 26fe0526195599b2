"""Reading QEMU's firmware configuration from a fake device."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from pytest_kvmpmu.agent import fw_cfg
from pytest_kvmpmu.agent.fw_cfg import CannotRead, FwCfg, Memory, Registers

PAGE = os.sysconf("SC_PAGESIZE")


class Scattered(Memory):
    """Memory whose pages are in descending order, from 1 MiB on."""

    def pages(self) -> list[int]:
        return [(1 << 20) + PAGE * n for n in reversed(range(len(self.bytes) // PAGE))]


class Device(Registers):
    """The device with those ``files``; it leaves ``leaves`` in the control word."""

    def __init__(self, memory: Memory, files: dict[str, bytes], leaves: int = 0) -> None:
        self._memory = memory
        self._leaves = leaves
        self._where = {address: n * PAGE for n, address in enumerate(memory.pages())}
        directory = struct.pack(">I", len(files))
        self._items = {0x19: directory}
        for item, (name, content) in enumerate(files.items(), 0x20):
            directory += struct.pack(">IHxx56s", len(content), item, name.encode())
            self._items[item] = content
        self._items[0x19] = directory
        self._left = b""
        self.copies: list[int] = []

    def start(self, address: int) -> None:
        at = self._at(address)
        control, length, target = struct.unpack_from(">IIQ", self._memory.bytes, at)
        if control & 8:
            self._left = self._items[control >> 16]
        if control & 2:
            chunk, self._left = self._left[:length], self._left[length:]
            self.copies.append(length)
            for n, value in enumerate(chunk):
                self._memory.bytes[self._at(target + n)] = value
        struct.pack_into(">I", self._memory.bytes, at, self._leaves)

    def _at(self, address: int) -> int:
        return self._where[address // PAGE * PAGE] + address % PAGE


CONTENT = bytes(n % 251 for n in range(4 * PAGE + 100))


def read(device: type[Memory], name: str = "opt/that", leaves: int = 0) -> tuple[bytes, Device]:
    memory = device(3 * PAGE)
    files = {"bootorder": b"", "opt/that": CONTENT, "opt/other": b"other"}
    made = Device(memory, files, leaves)
    return b"".join(bytes(piece) for piece in FwCfg(memory, made).read(name)), made


class Together(Memory):
    """Memory whose pages are contiguous."""

    def pages(self) -> list[int]:
        return [(1 << 20) + PAGE * n for n in range(len(self.bytes) // PAGE)]


@pytest.mark.parametrize("memory", [Scattered, Together])
def test_a_file_larger_than_the_memory_comes_in_pieces(memory: type[Memory]) -> None:
    assert read(memory)[0] == CONTENT


def test_pages_side_by_side_are_filled_at_once() -> None:
    assert read(Together)[1].copies[-3:] == [2 * PAGE, 2 * PAGE, 100]
    assert read(Scattered)[1].copies[-5:] == [PAGE, PAGE, PAGE, PAGE, 100]


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(CannotRead, match="QEMU was not given a file opt/none"):
        read(Together, "opt/none")


@pytest.mark.parametrize(("leaves", "why"), [(1, "refused to copy"), (2, "did not answer")])
def test_a_copy_that_fails_is_told(leaves: int, why: str) -> None:
    with pytest.raises(CannotRead, match=why):
        read(Together, leaves=leaves)


def test_who_may_not_know_where_memory_is_copies_nothing() -> None:
    class Hidden(Together):
        def pages(self) -> list[int]:
            return [0] * 3

    memory = Together(3 * PAGE)
    with pytest.raises(CannotRead, match="only root may read them"):
        FwCfg(Hidden(3 * PAGE), Device(memory, {}))


def test_memory_knows_its_pages() -> None:
    assert len(Memory(4 * PAGE).pages()) == 4


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fake device tree with the device, its driver, and memory."""
    node = tmp_path / "tree/fw-cfg@2010"
    node.mkdir(parents=True)
    (node / "reg").write_bytes(struct.pack(">QQ", 2 * PAGE + 16, 24))
    driver = tmp_path / "driver"
    driver.mkdir()
    (tmp_path / "mem").write_bytes(bytes(4 * PAGE))
    monkeypatch.setattr(fw_cfg, "TREE", tmp_path / "tree")
    monkeypatch.setattr(fw_cfg, "DRIVER", driver)
    monkeypatch.setattr(fw_cfg, "MEMORY", str(tmp_path / "mem"))
    return tmp_path


def test_the_registers_are_where_the_device_tree_says(machine: Path) -> None:
    Registers().start(0x1234567890)
    at = 2 * PAGE + 16 + 16
    assert (machine / "mem").read_bytes()[at : at + 8] == (0x1234567890).to_bytes(8, "big")


def test_a_driver_that_has_the_device_lets_go_of_it(machine: Path) -> None:
    (machine / "driver/2010.fw-cfg").touch()
    Registers()
    assert (machine / "driver/unbind").read_text() == "2010.fw-cfg"


def test_without_the_device_the_reason_is_told(machine: Path) -> None:
    (machine / "tree/fw-cfg@2010").rename(machine / "gone")
    with pytest.raises(CannotRead, match="no fw-cfg node"):
        Registers()


def test_without_dev_mem_the_reason_names_the_kernels_option(machine: Path) -> None:
    (machine / "mem").unlink()
    with pytest.raises(CannotRead, match=r"No such file or directory.*CONFIG_DEVMEM"):
        Registers()
