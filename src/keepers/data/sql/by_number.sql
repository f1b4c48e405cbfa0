-- Each purchase as whole numbers, beside its id where that is a text.
SELECT {columns}
FROM (SELECT customer_key, day, {amount} AS amount, {number} AS number FROM {purchases})
