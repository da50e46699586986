"""What a run's store alone says: associations, attention, strategies, responses."""
