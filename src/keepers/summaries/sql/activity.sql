-- What customers did in the last period, by how many periods before it their last purchase was (0: they are new).
WITH purchase_day AS (
    {purchase_days}
),
customer AS (
    SELECT
        customer_key,
        min(purchased_on) AS first_day,
        max(CASE WHEN purchased_on <= {start} THEN purchased_on END) AS last_before,
        count(CASE WHEN purchased_on > {start} THEN 1 END) AS purchases,
        sum(CASE WHEN day > {start} THEN orders ELSE 0 END) AS orders,
        sum(CASE WHEN day > {start} THEN money ELSE 0 END) AS money,
        sum(CASE WHEN day <= {start} AND day > {start_before} THEN money ELSE 0 END) AS money_before
    FROM purchase_day
    GROUP BY customer_key
    HAVING count(purchased_on) > 0
)
SELECT
    CASE WHEN last_before IS NULL THEN 0 ELSE 1 + date_diff('day', last_before, {start}) // {period_days} END AS state,
    count(*) AS customers,
    count(CASE WHEN purchases > 0 THEN 1 END) AS buyers,
    CAST(sum(purchases) AS DOUBLE) AS purchases,
    CAST(sum(orders) AS DOUBLE) AS orders,
    CAST(coalesce(sum(money), 0) AS DOUBLE) AS money,
    CAST(coalesce(sum(money_before), 0) AS DOUBLE) AS money_before,
    CAST(sum(CASE WHEN purchases > 0 THEN date_diff('day', first_day, {until}) ELSE 0 END) AS DOUBLE) AS age_days
FROM customer
GROUP BY 1
ORDER BY 1
