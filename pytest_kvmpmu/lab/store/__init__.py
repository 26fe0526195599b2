"""The lab's cache: its folders and locks, its entries, and its cleaning."""
