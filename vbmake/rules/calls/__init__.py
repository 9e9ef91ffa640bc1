"""What the rules beside the core pipeline do in Python: pictures of codes, of source, of pages and of sounds."""
