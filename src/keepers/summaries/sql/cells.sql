-- Distinct histories with their numbers of customers; in order, so that a fit repeats to the last digit.
SELECT {key}, count(*) AS weight
FROM {summary}
GROUP BY {key}
ORDER BY {key}
