-- Everything that one pass tells of a table in place: rows, money, days and numbers by destination and month.
SELECT
    destination,
    CAST(date_trunc('month', day) AS DATE) AS month,
    count(*) AS placed,
    coalesce(sum(amount), 0) AS money,
    count(*) - count(amount) AS unpriced,
    count(CASE WHEN amount < 0 THEN 1 END) AS below,
    min(day) AS first_day,
    max(day) AS last_day,
    count(order_id) AS numbered,
    min(currency) AS one_currency,
    max(currency) AS other_currency
FROM {rows} AS placed
GROUP BY 1, 2
ORDER BY 1, 2
