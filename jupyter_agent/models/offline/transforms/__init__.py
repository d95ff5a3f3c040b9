"""What changes a table: one typed value for each change, read by the grammar, written in the table's dialect, tried on a copy first."""
