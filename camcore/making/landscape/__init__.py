"""The parts of a rendered scene: noise, light, sky, ground, trees, tank and camera.

NumPy, SciPy and Pillow only. Everything is drawn in a square canvas of float32 colours, rows from
the top; places and lengths in the parts' dataclasses are shares of the canvas' side, so that a
scene is the same picture at every size.
"""
