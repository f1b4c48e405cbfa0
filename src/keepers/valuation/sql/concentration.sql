-- Customers and value by twentieths of the customers, the most valuable first.
SELECT floor((100 - clv_percentile) / 5) AS twentieth, count(*) AS customers, sum({value}) AS value
FROM {values}
GROUP BY 1
ORDER BY 1
