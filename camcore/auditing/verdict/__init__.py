"""From the tables of a run to findings: what is proven, and which leads."""
