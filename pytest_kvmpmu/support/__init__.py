"""Shared by several folders: whole files, JSON lines, deadlines, and the data's location."""
