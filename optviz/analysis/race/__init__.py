"""How races went, and what makes them fair."""
