"""Parts that move: the network's own components say where in each picture a cue may lie."""
