"""PyTorch modules behind the protocol of classifiers."""
