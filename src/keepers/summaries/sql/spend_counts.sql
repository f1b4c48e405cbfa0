-- Distinct numbers of gains and of other orders{and_pattern} with their numbers of customers, and how many of these brought
-- nothing.
SELECT
    gains,
    losses + zeros AS others{pattern},
    count(*) AS weight,
    CAST(sum(zeros) AS DOUBLE) AS zeros
FROM {sides}
GROUP BY 1, 2{pattern}
ORDER BY 1, 2{pattern}
