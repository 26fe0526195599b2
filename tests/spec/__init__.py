"""The catalogue, and what is made of it."""
