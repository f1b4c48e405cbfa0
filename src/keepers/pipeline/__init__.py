"""The hallway: from files to a folder of results."""
