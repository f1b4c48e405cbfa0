-- Each purchase as whole numbers; below zero where an id is not the one that is written for its number.
SELECT {columns}
FROM (SELECT customer_key, day, {amount} AS amount, {number} AS number FROM {purchases})
