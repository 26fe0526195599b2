"""The forms of a report: Markdown, KTAP, HTML, a matrix, and a comparison of two runs."""
