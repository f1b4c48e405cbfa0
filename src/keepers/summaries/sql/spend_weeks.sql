-- What customers whose orders all brought something spent in each period of the paths of covariates{and_pattern}.
WITH purchase_day AS (
    {purchase_days}
),
dated AS (
    SELECT
        customer_key,
        CAST(money AS DOUBLE) AS money,
        purchased_on,
        min(purchased_on) OVER (PARTITION BY customer_key) AS first_on,
        min(coalesce(money, 0)) OVER (PARTITION BY customer_key) AS least
    FROM purchase_day
    WHERE purchased_on IS NOT NULL
)
SELECT
    dense_rank() OVER (ORDER BY dated.customer_key) AS customer,
    {path} AS path,
    least(greatest(CAST(floor(date_diff('day', {start}, dated.purchased_on) / {week}) AS BIGINT), 0), {last}) AS period{kind},
    sum(dated.money) AS amount,
    sum(ln(dated.money)) AS logs,
    count(*) AS orders
FROM dated{keys}{kinds}
WHERE dated.least > 0 AND dated.purchased_on >= dated.first_on{after_first}{sample}
GROUP BY dated.customer_key, 2, 3{pattern}
ORDER BY 1, 3
