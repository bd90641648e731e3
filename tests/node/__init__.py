"""The scripts of the figures in node, without a browser."""
