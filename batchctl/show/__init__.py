"""Views: values to text, JSON and Markdown; the only part that writes to the terminal."""
