"""What vbmake makes by itself, without a key or a network: stand-ins for pictures, clips, sounds; music; outlines."""
