"""Export formats, one declarative file each."""
