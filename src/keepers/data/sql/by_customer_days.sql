-- Days and the money of the first one for customers of whom two orders may have fallen on one day.
UPDATE {table} AS customer
SET days = known.days, first_amount = known.first_amount
FROM (
    SELECT customer_key, count(*) AS days, arg_min(amount, day) AS first_amount
    FROM (
        SELECT customer_key, day, sum({amount})::DECIMAL(38, 4) AS amount
        FROM {purchases}
        SEMI JOIN (FROM {table} WHERE bit_count(marks) < orders) AS doubtful USING (customer_key)
        GROUP BY customer_key, day
    )
    GROUP BY customer_key
) AS known
WHERE known.customer_key = customer.customer_key
