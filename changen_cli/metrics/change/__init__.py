"""What a step did to an image, read pair by pair."""
