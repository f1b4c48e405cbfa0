"""Models of contracts: how long a customer stays who says so when they leave."""
