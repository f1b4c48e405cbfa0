-- A clean table's purchases by where they go, currency and month, in one pass.
SELECT coalesce(currency, 'unspecified'), destination, date_trunc('month', day)::DATE AS month, count(*), coalesce(sum(amount), 0)
FROM {facts}
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
