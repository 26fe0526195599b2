"""pytest plugin and conformance suite for ``KVM_ARM_VCPU_PMU_V3_SET_PMU``.

Importing this package imports nothing else: the agent runs from it on hosts
that have no pytest.
"""

__version__ = "0.1.0"
