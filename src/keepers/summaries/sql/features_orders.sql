-- How often, how recently, how regularly and for how much each customer bought.
WITH purchase AS (
    SELECT
        *,
        date_diff('day', day, cut) AS age,
        CASE WHEN bought THEN day END AS bought_on,
        CASE WHEN bought THEN date_diff('day', lag(day) OVER customer, day) END AS gap,
        row_number() OVER customer AS place,
        row_number() OVER (PARTITION BY customer_key, bought ORDER BY day DESC) AS from_last
    FROM {days} AS day_of_purchase
    WINDOW customer AS (PARTITION BY customer_key, bought ORDER BY day)
),
history AS (
    SELECT
        *,
        CASE WHEN bought AND from_last = 1 THEN gap END AS last_gap,
        CASE WHEN bought AND from_last = 1 THEN net / orders END AS last_mean,
        CASE WHEN bought AND place > 1 THEN net END AS repeat_net
    FROM purchase
)
SELECT
    customer_key,
    CAST(sum(orders) AS BIGINT) AS orders, -- orders so far, without those cancelled or wholly refunded [orders] zero
    count(bought_on) - 1 AS frequency, -- days with a purchase after the first one [days]
    date_diff('day', min(bought_on), max(bought_on)) AS recency_days, -- age at the last purchase [days]
    date_diff('day', min(bought_on), max(cut)) AS age_days, -- time since the first purchase [days]
    date_diff('day', max(bought_on), max(cut)) AS days_since_last, -- time since the last purchase [days]
    CAST(sum(CASE WHEN age < {window} THEN orders ELSE 0 END) AS BIGINT) AS orders_{window}d, -- orders of the last {window} days [orders] zero
    sum(net) AS revenue, -- net revenue so far [money] zero needs amount
    sum(CASE WHEN age < {window} THEN net ELSE 0 END) AS revenue_{window}d, -- net revenue of the last {window} days [money] zero needs amount
    sum(net) / sum(orders) AS mean_order, -- mean net revenue of an order [money] needs amount
    avg(repeat_net) AS monetary_value, -- mean net revenue of repeat days [money] needs amount
    max(largest) AS largest_order, -- largest order [money] needs amount
    max(last_mean) AS last_order, -- mean order on the last day of purchase [money] needs amount
    max(last_mean) / nullif(sum(net) / sum(orders), 0) AS last_to_mean_order, -- last order compared to the customer's mean order [ratio] needs amount
    CASE WHEN sum(orders) > 1 AND sum(net) > 0 THEN sqrt(greatest(sum(squares) / sum(orders) - power(sum(net) / sum(orders), 2), 0)) / (sum(net) / sum(orders)) END AS order_cv, -- spread of order values, coefficient of variation [ratio] needs amount
    regr_slope(CASE WHEN bought THEN net END, CASE WHEN bought THEN place END) AS spend_slope, -- change of spend from one day of purchase to the next, by least squares [money a purchase] needs amount
    avg(gap) AS gap_mean, -- the customer's own usual time between purchases [days]
    CASE WHEN count(gap) > 1 THEN stddev_samp(gap) / nullif(avg(gap), 0) END AS gap_cv, -- irregularity of the times between purchases, coefficient of variation [ratio]
    max(gap) AS gap_longest, -- longest time between two purchases [days]
    max(last_gap) AS gap_last, -- time between the last two purchases [days]
    max(last_gap) / nullif(avg(gap), 0) AS gap_last_to_mean, -- last time between purchases compared to the usual one [ratio]
    date_diff('day', max(bought_on), max(cut)) / nullif(avg(gap), 0) AS overdue_ratio, -- time since the last purchase compared to the customer's usual gap; above 1 is overdue [ratio]
    date_diff('day', max(bought_on), max(cut)) / nullif(CAST(max(gap) AS DOUBLE), 0) AS overdue_to_longest, -- time since the last purchase compared to the customer's longest gap [ratio]
    CAST(sum(CASE WHEN age < 90 THEN orders WHEN age < 180 THEN -orders ELSE 0 END) AS BIGINT) AS orders_change_90d, -- orders of the last 90 days less those of the 90 before [orders] zero
    sum(CASE WHEN age < 90 THEN net WHEN age < 180 THEN -net ELSE 0 END) AS revenue_change_90d, -- net revenue of the last 90 days less that of the 90 before [money] zero needs amount
    sum(orders) / (date_diff('day', min(day), max(cut)) + 1.0) * 365.25 AS orders_a_year, -- orders so far, scaled to a year [orders a year]
    sum(discount) / nullif(sum(net) + sum(discount), 0) AS discount_share, -- discounts as a share of list prices [share] needs discount
    CAST(sum(reduced) AS DOUBLE) / sum(orders) AS reduced_share, -- share of orders with a discount or a coupon [share] needs discount|discount_code
    CAST(sum(coupons) AS DOUBLE) / sum(orders) AS coupon_share, -- share of orders with a coupon [share] needs discount_code
    CAST(sum(CASE WHEN age < {window} THEN reduced ELSE 0 END) AS BIGINT) AS reduced_{window}d, -- orders with a discount or a coupon in the last {window} days [orders] zero needs discount|discount_code
    sum(contribution) AS contribution, -- contribution so far, revenue less the cost of what was sold [money] needs contribution
    sum(contribution) / nullif(sum(net_with_costs), 0) AS margin, -- contribution as a share of net revenue [share] needs contribution
    avg(CASE WHEN date_diff('day', DATE '1970-01-05', day) % 7 >= 5 THEN 1.0 ELSE 0.0 END) AS weekend_share, -- share of days of purchase on a weekend [share]
    avg(CASE WHEN extract(MONTH FROM day) >= 11 THEN 1.0 ELSE 0.0 END) AS year_end_share -- share of days of purchase in November and December [share]
FROM history
GROUP BY customer_key
