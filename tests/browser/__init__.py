"""What a reader sees: the built book in a real Chromium, with the network cut."""
