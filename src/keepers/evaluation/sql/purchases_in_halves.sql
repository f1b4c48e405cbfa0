-- What customers who had bought by a day bought in the two halves of the time after it, and their histories by then.
WITH history AS (
    SELECT
        customer_key,
        count(*) - 1 AS frequency,
        date_diff('day', min(day), {at}) AS age,
        date_diff('day', max(day), {at}) AS since,
        sum(CASE WHEN date_diff('day', day, {at}) < 90 THEN 1 ELSE 0 END) AS lately,
        sum(CASE WHEN date_diff('day', day, {at}) < 365 THEN 1 ELSE 0 END) AS of_the_year
    FROM ({days}) AS known
    WHERE purchased_on IS NOT NULL
    GROUP BY customer_key
),
followed AS (
    SELECT
        customer_key,
        sum(CASE WHEN day <= {middle} THEN 1 ELSE 0 END) AS first_half,
        sum(CASE WHEN day > {middle} THEN 1 ELSE 0 END) AS second_half
    FROM ({later}) AS bought
    WHERE purchased_on IS NOT NULL
    GROUP BY customer_key
)
SELECT
    history.customer_key,
    frequency, age, since, lately, of_the_year,
    coalesce(first_half, 0) AS first_half,
    coalesce(second_half, 0) AS second_half
FROM history LEFT JOIN followed ON followed.customer_key = history.customer_key
ORDER BY hash(history.customer_key), history.customer_key
LIMIT {sample}
