"""Before an audit starts: what the pictures are, how the model reads them, what it will cost."""
