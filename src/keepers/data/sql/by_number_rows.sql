-- Histories as rows of the table of customers.
SELECT {key} AS customer_key, orders, days, DATE {first} + first_day AS first_day, DATE {first} + last_day AS last_day,
       {revenue} AS revenue, {first_amount} AS first_amount{cell}
FROM (SELECT * REPLACE (number + {least} AS number) FROM {histories})
