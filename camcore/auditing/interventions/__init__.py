"""Interventions: cues are swapped between images, and the model's answers are counted."""
