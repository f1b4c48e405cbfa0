-- Contracts that began after a cut, with the age that they have by now or would have.
WITH began AS (
    SELECT *, {whole} AS whole
    FROM {later}
    WHERE started_on > {cut}
)
SELECT
    plan,
    CAST(whole AS DOUBLE) AS whole,
    CAST(whole + {part} AS DOUBLE) AS age,
    CAST(periods AS DOUBLE) AS periods,
    tenure,
    CAST(ended AS DOUBLE) AS ended{further}
FROM began
ORDER BY customer_key, started_on
