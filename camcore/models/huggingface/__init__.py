"""Image classifiers of Hugging Face folders, by transformers and PyTorch."""
