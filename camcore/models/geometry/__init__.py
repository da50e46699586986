"""Where the tensors of a network lie in the picture, whatever library runs it."""
