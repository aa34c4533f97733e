"""How a page looks and how it is sent."""
