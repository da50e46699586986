"""One pass over the files: properties, answers and maps."""
