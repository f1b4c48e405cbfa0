-- Distinct histories and the purchases that followed, with their customers; in order, so that results repeat.
SELECT {key}, holdout_frequency, count(*) AS customers
FROM {summary}
GROUP BY {key}, holdout_frequency
ORDER BY {key}, holdout_frequency
