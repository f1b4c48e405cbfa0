"""Services that Keepers pulls from, one file each, and how a pull goes on where it stopped."""
