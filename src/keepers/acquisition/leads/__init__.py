"""Which lead to call first: the chance that it becomes a customer, by when, times what such customers are worth."""
