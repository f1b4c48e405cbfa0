"""The vocabulary of the house: time, money, tables, decisions, outcomes and errors; no input or output."""
