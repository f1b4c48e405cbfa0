-- Each customer's mean spend with every order divided by the effect of its period.
WITH purchase_day AS (
    {purchase_days}
),
dated AS (
    SELECT
        customer_key,
        CAST(money AS DOUBLE) AS money,
        purchased_on,
        min(purchased_on) OVER (PARTITION BY customer_key) AS first_on
    FROM purchase_day
    WHERE purchased_on IS NOT NULL
),
placed AS (
    SELECT
        dated.customer_key,
        dated.money,
        {path} AS path,
        least(greatest(CAST(floor(date_diff('day', {start}, dated.purchased_on) / {week}) AS BIGINT), 0), {last}) AS period
    FROM dated{keys}
    WHERE dated.purchased_on >= dated.first_on{after_first}
)
SELECT placed.customer_key, avg(placed.money / effect.factor) AS level
FROM placed
INNER JOIN {effects} AS effect ON effect.path = placed.path AND effect.period = placed.period
GROUP BY placed.customer_key
HAVING count(*) = count(placed.money)
