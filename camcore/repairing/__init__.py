"""From a finding to a repaired model and its proof."""

from camcore.repairing.export import export_set
from camcore.repairing.pipeline import repair
from camcore.repairing.result import Repair

__all__ = ["Repair", "export_set", "repair"]
