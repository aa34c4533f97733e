"""The YAML: its model, its loading, its errors with line and column."""
