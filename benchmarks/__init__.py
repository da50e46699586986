"""Measurements that print what they measured, as ratios within one run."""
