"""Where in the picture the cells of a layer lie, read off the traced graph."""
