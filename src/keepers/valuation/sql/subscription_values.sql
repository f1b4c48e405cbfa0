-- What every customer's last subscription will bring: the units of its situation times its price and the margin.
WITH customer AS (
    SELECT
        *,
        CASE WHEN ended THEN {gone} ELSE 0 END AS gone_periods,
        CASE WHEN ended THEN 0 ELSE periods END AS run_periods,
        CASE WHEN ended THEN 0 ELSE tenure END AS run_tenure,
        CASE WHEN ended THEN 0 ELSE on_free END AS free_periods,
        CASE WHEN {free} THEN {unit_price} ELSE mrr END * {scale} AS price
    FROM {latest} AS latest
)
SELECT
    customer.customer_key,
    customer.plan,
    customer.state,
    customer.started_on,
    customer.ended_on,
    customer.end_kind,
    customer.tenure,
    customer.mrr,
    customer.revenue,
    customer.revenue * {margin} AS clv_historic,
    {plain},
    {money},
    percent_rank() OVER (ORDER BY customer.price * cell.{value}) * 100 AS clv_percentile,
    {constants}
FROM customer JOIN {cells} AS cell
    ON cell.plan = customer.plan AND cell.state = customer.state AND cell.periods = customer.run_periods
    AND cell.tenure = customer.run_tenure AND cell.gone = customer.gone_periods
    AND cell.on_free = customer.free_periods{known}
ORDER BY customer.customer_key
