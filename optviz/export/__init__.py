"""A race taken away: pages, pictures, tables and code."""
