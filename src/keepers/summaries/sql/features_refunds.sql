-- What each customer gave back or called off.
SELECT
    customer_key,
    count(refunded) AS refunded_orders, -- orders of which something was given back [orders] zero needs refunds
    CAST(sum(cancelled) AS BIGINT) AS cancelled_orders, -- orders that were cancelled [orders] zero needs voided_on
    sum(coalesce(refunded, 0)) AS refunded, -- money given back so far [money] zero needs refunds
    sum(coalesce(refunded, 0)) / nullif(sum(paid), 0) AS refund_share, -- money given back as a share of what was paid [share] needs refunds
    date_diff('day', max(refunded_on), max(cut)) AS days_since_refund, -- time since money was last given back [days] needs refunds
    sum(CASE WHEN date_diff('day', refunded_on, cut) < {window} THEN 1 ELSE 0 END) AS refunded_orders_{window}d -- orders of which something was given back in the last {window} days [orders] zero needs refunds
FROM {placed} AS placed
GROUP BY customer_key
