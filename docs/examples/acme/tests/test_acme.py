"""The specs of ACME's clauses."""

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import Vcpu
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi.errno import Errno


@pytest.mark.kvmpmu_requires("pmu")
@pytest.mark.kvmpmu_clause("acme.set-pmu.eperm")
def test_the_first_pmu_is_eperm(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    with refused(Errno.EPERM):
        vcpu.set_pmu(pmus[0])
