-- Each customer's days with orders that stand; all orders of a day are one purchase, unless returns left it below zero.
SELECT
    customer_key,
    cut,
    day,
    min(occurred_at) AS first_at,
    coalesce(sum(net), 0) >= 0 AS bought,
    count(*) AS orders,
    sum(net) AS net,
    max(net) AS largest,
    sum(net * net) AS squares,
    sum(contribution) AS contribution,
    sum(CASE WHEN contribution IS NOT NULL THEN net END) AS net_with_costs,
    sum(discount) AS discount,
    sum(coupon) AS coupons,
    sum(CASE WHEN discount > 0 OR coupon = 1 THEN 1 ELSE 0 END) AS reduced
FROM {placed} AS placed
WHERE stands
GROUP BY customer_key, cut, day
