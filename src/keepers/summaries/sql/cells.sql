-- Distinct histories with their numbers of customers; in order, so that a fit repeats to the last digit.
SELECT frequency, recency_days, T_days, count(*) AS weight
FROM {summary}
GROUP BY frequency, recency_days, T_days
ORDER BY frequency, recency_days, T_days
