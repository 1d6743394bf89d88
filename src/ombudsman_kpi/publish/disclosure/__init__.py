"""Small numbers: what isn't published of them, and the proof that nothing published gives them away. Internal."""
