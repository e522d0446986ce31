"""Storage: one database, its schema and its transactions; knows no business rule."""
