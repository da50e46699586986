"""Pictures that people bring: folders, zips, tables, and what their labels mean."""
