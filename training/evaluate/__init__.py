"""What a model is worth on the robot: dialogues that it never saw, played through the real session and guard."""
