-- Purchase days of customers one after the other, oldest first, with how many years ago they were and what they brought.
WITH purchase_day AS (
    {purchase_days}
),
dated AS (
    SELECT
        customer_key,
        money,
        purchased_on,
        min(purchased_on) OVER (PARTITION BY customer_key) AS first_on,
        min(coalesce(money, 0)) OVER (PARTITION BY customer_key) AS least
    FROM purchase_day
    WHERE purchased_on IS NOT NULL
)
SELECT
    dense_rank() OVER (ORDER BY customer_key) AS customer,
    CAST(date_diff('day', purchased_on, {until}) AS DOUBLE) / 365.25 AS years_ago,
    CAST(money AS DOUBLE) AS value
FROM dated
WHERE least > 0 AND purchased_on >= first_on{after_first}{sample}
ORDER BY customer_key, purchased_on
