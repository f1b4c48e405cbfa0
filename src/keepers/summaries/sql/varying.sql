-- Of each customer the day of the first purchase on the paths, the path, the days of the repeat purchases since then,
-- and sums of covariates over these.
WITH purchase_day AS (
    {purchase_days}
),
bought AS (
    SELECT
        summary.customer_key,
        {path} AS path,
        date_diff('day', summary.first_day, purchase_day.purchased_on) AS age,
        least(greatest(
            CAST(floor(date_diff('day', {start}, purchase_day.purchased_on) / {week}) AS BIGINT), 0), {last}) AS period
    FROM purchase_day
    INNER JOIN {summary} AS summary ON summary.customer_key = purchase_day.customer_key
    {keys}
    WHERE purchase_day.purchased_on > summary.first_day
),
seen AS (
    SELECT bought.customer_key, string_agg(CAST(bought.age AS VARCHAR), ' ' ORDER BY bought.age) AS days, {sums}
    FROM bought
    INNER JOIN {values} AS value ON value.path = bought.path AND value.period = bought.period
    GROUP BY bought.customer_key
)
SELECT
    summary.customer_key,
    CAST(date_diff('day', {start}, summary.first_day) AS DOUBLE) AS first_place,
    CAST({path} AS DOUBLE) AS path_place,
    coalesce(seen.days, '') AS days,
    {columns}
FROM {summary} AS summary
{keys}
LEFT JOIN seen ON seen.customer_key = summary.customer_key
