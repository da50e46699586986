"""The interventions of the audit: pure functions on the pixels that the model sees."""

from camcore.auditing.edits.catalogue import (
    global_probes,
    local_probes,
    object_probes,
    probe_named,
    refine,
)
from camcore.auditing.edits.composition import objects, without_objects
from camcore.auditing.edits.images import Images
from camcore.auditing.edits.probe import Probe
from camcore.auditing.edits.translation import shift
from camcore.auditing.edits.transplant import Transplant

__all__ = [
    "Images",
    "Probe",
    "Transplant",
    "global_probes",
    "local_probes",
    "object_probes",
    "objects",
    "probe_named",
    "refine",
    "shift",
    "without_objects",
]
