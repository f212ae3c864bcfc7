"""`/admin/settings`: forms for the settings, those of plugins among them."""
