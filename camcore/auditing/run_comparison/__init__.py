"""Two runs side by side: before and after retraining."""
