"""Where docs.kernel.org has the sections that clauses name.

Not for: whether a release's documentation has them (tests/tools/docs_sections).
"""

from __future__ import annotations

SITE = "https://docs.kernel.org/virt/kvm"

# Documents below Documentation/virt/kvm, by the names that clauses use.
DOCUMENTS = {
    "api.rst": "api",
    "vcpu.rst": "devices/vcpu",
    "vcpu-features.rst": "arm/vcpu-features",
    "arm-vgic.rst": "devices/arm-vgic",
    "arm-vgic-v3.rst": "devices/arm-vgic-v3",
    "arm-vgic-v5.rst": "devices/arm-vgic-v5",
}
# Anchors of sections; Sphinx makes them of the headings, without their numbers.
ANCHORS = {
    "api.rst 4.1": "kvm-get-api-version",
    "api.rst 4.2": "kvm-create-vm",
    "api.rst 4.4": "kvm-check-extension",
    "api.rst 4.7": "kvm-create-vcpu",
    "api.rst 4.10": "kvm-run",
    "api.rst 4.24": "kvm-create-irqchip",
    "api.rst 4.35": "kvm-set-user-memory-region",
    "api.rst 4.68": "kvm-set-one-reg",
    "api.rst 4.69": "kvm-get-one-reg",
    "api.rst 4.79": "kvm-create-device",
    "api.rst 4.80": "kvm-set-device-attr-kvm-get-device-attr",
    "api.rst 4.81": "kvm-has-device-attr",
    "api.rst 4.82": "kvm-arm-vcpu-init",
    "api.rst 4.83": "kvm-arm-preferred-target",
    "api.rst 5": "the-kvm-run-structure",
    "vcpu.rst 1": "group-kvm-arm-vcpu-pmu-v3-ctrl",
    "vcpu.rst 1.1": "attribute-kvm-arm-vcpu-pmu-v3-irq",
    "vcpu.rst 1.2": "attribute-kvm-arm-vcpu-pmu-v3-init",
    "vcpu.rst 1.3": "attribute-kvm-arm-vcpu-pmu-v3-filter",
    "vcpu.rst 1.4": "attribute-kvm-arm-vcpu-pmu-v3-set-pmu",
    "vcpu.rst 1.5": "attribute-kvm-arm-vcpu-pmu-v3-set-nr-counters",
}


def url(section: str) -> str:
    """The page of a section's document, at the section if its anchor is known; or empty."""
    page = DOCUMENTS.get(section.partition(" ")[0])
    if page is None:
        return ""
    anchor = f"#{ANCHORS[section]}" if section in ANCHORS else ""
    return f"{SITE}/{page}.html{anchor}"
