-- Histories as rows of the table of customers.
SELECT {number} AS number, orders, days, DATE {first} + first_day AS first_day, DATE {first} + last_day AS last_day,
       {revenue} AS revenue, {first_amount} AS first_amount{cell}
FROM {histories}
