"""The lesson: from feature maps to the class activation map, one step at a time."""
