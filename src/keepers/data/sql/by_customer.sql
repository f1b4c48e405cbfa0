-- Purchases by customer. `marks` has a bit for each day, counted in 126s: with as many bits as there are orders, no two fell
-- on one day.
SELECT customer_key, count(*) AS orders, count(*) AS days, min(day) AS first_day, max(day) AS last_day,
       sum({amount}) AS revenue, arg_min({amount}, day)::DECIMAL(38, 4) AS first_amount,
       bit_or(1::HUGEINT << (abs(day - DATE '1970-01-01') % 126)::HUGEINT) AS marks
FROM {purchases}
GROUP BY customer_key
