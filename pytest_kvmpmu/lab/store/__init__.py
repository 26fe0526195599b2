"""The lab's cache: its folders and locks, what is kept in it, and how it is cleaned."""
