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
    dense_rank() OVER (ORDER BY dated.customer_key) AS customer,
    CAST(date_diff('day', dated.purchased_on, {until}) AS DOUBLE) / 365.25 AS years_ago,
    CAST(dated.money AS DOUBLE) AS value{kind}
FROM dated{kinds}
WHERE dated.least > 0 AND dated.purchased_on >= dated.first_on{after_first}{sample}
ORDER BY dated.customer_key, dated.purchased_on
