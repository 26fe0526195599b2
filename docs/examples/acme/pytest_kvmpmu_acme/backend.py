"""ACME's kernel as a backend: the model, with ACME's change applied to each call first."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kvmpmu.backends.model import ModelBackend, ModelWorld
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome


class AcmeBackend(ModelBackend):
    name = "acme"

    def world(self) -> AcmeWorld:
        return AcmeWorld(self)


class AcmeWorld(ModelWorld):
    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for call in calls:
            if self._is_kept(call):
                outcomes.append(Outcome(-1, Errno.EPERM))
            else:
                outcomes += super().execute([call], seconds=seconds)
            if until_refused and outcomes[-1].ret < 0:
                break
        return outcomes

    def _is_kept(self, call: Call) -> bool:
        """Whether the call is SET_PMU with the PMU that was probed first."""
        pmus = self._backend.host.pmus
        return bool(
            pmus
            and call.ioctl == "KVM_SET_DEVICE_ATTR"
            and call.on.startswith("vcpu")
            and call.args["group"] == k.KVM_ARM_VCPU_PMU_V3_CTRL
            and call.args["attr"] == k.KVM_ARM_VCPU_PMU_V3_SET_PMU
            and call.args["addr"].values == (pmus[0].type,)
        )
