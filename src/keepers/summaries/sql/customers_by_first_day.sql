-- How many customers each day brought.
SELECT first_day, count(*) AS customers
FROM {summary}
GROUP BY first_day
ORDER BY first_day
