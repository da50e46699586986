"""Small models and pictures that CAM Audit made itself, and the code that made them."""

from camcore.bundled.registry import MODELS, SAMPLES, BundledModel, Sample

__all__ = ["MODELS", "SAMPLES", "BundledModel", "Sample"]
