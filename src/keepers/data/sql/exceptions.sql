-- Unusual amounts and days far from the rest, against what is usual (`middle`, `high`, `early`).
SELECT count(*) FILTER (amount > {large}), sum(amount) FILTER (amount > {large}), max(amount),
       count(*) FILTER (amount = 0), count(*) FILTER (day < {early}), min(day)
FROM {facts}
WHERE destination = 'counted'
