-- Each customer's mean spend with the orders brought to the level of now, the newest counting most: sum of the discounted
-- over what so many orders count for.
WITH purchase_day AS (
    {purchase_days}
),
dated AS (
    SELECT
        customer_key,
        money,
        purchased_on,
        min(purchased_on) OVER (PARTITION BY customer_key) AS first_on,
        row_number() OVER (PARTITION BY customer_key ORDER BY purchased_on DESC) AS place
    FROM purchase_day
    WHERE purchased_on IS NOT NULL
),
leveled AS (
    SELECT
        customer_key,
        CAST(money AS DOUBLE)
        * exp({log_growth} * CAST(date_diff('day', purchased_on, {until}) AS DOUBLE) / 365.25 - {forgetting} * (place - 1))
            AS level,
        exp(-{forgetting} * (place - 1)) AS counted
    FROM dated
    WHERE purchased_on >= first_on{after_first}
)
SELECT customer_key, sum(level) / sum(counted) AS level
FROM leveled
GROUP BY customer_key
HAVING count(*) = count(level)
