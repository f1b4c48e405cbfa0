-- A clean table's purchases by where they go, currency and month, in one pass: by day first, whose month is then few.
SELECT currency, destination, date_trunc('month', day)::DATE AS month, sum(orders)::BIGINT, sum(amount)
FROM (
    SELECT coalesce(currency, 'unspecified') AS currency, destination, day, count(*) AS orders, coalesce(sum(amount), 0) AS amount
    FROM {facts}
    GROUP BY ALL
)
GROUP BY ALL
ORDER BY ALL
