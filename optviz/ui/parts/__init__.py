"""Controls and views that several pages share."""
