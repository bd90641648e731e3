"""The scripts of the figures, without a browser."""
