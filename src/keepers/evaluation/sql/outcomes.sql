-- Distinct histories and the purchases that followed, with their customers; in order, so that results repeat.
SELECT frequency, recency_days, T_days, holdout_frequency, count(*) AS customers
FROM {summary}
GROUP BY frequency, recency_days, T_days, holdout_frequency
ORDER BY frequency, recency_days, T_days, holdout_frequency
