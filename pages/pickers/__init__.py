"""What people choose: model, picture, map and target."""
