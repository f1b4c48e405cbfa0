-- Distinct numbers of gains and of other orders with their numbers of customers, and how many of these brought nothing.
SELECT
    gains,
    losses + zeros AS others,
    count(*) AS weight,
    CAST(sum(zeros) AS DOUBLE) AS zeros
FROM {sides}
GROUP BY 1, 2
ORDER BY 1, 2
