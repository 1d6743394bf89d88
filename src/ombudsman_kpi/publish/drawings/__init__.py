"""Drawings of figures: what is drawn, in which words, and how, as SVG for the page and by matplotlib. Internal."""
