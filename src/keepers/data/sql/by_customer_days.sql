-- Days and the money of the first one for customers of whom two orders may have fallen on one day.
UPDATE {table} AS customer
SET days = known.days, first_amount = known.first_amount
FROM (
    SELECT place, count(*) AS days, arg_min(amount, day) AS first_amount
    FROM (
        SELECT place, day, sum({amount})::DECIMAL(38, 4) AS amount
        FROM {purchases}
        JOIN (SELECT customer_key, rowid AS place FROM {table} WHERE bit_count(marks) < orders)
             AS doubtful USING (customer_key)
        GROUP BY place, day
    )
    GROUP BY place
) AS known
WHERE known.place = customer.rowid
