"""Charts as plain dictionaries of ECharts options, each with the table that says the same."""
