"""What the pages of trainings share."""
