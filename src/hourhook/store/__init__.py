"""Storage: one database, its schema and its transactions; knows no rule of the house above it."""
