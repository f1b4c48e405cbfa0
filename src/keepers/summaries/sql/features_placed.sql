-- Every order that counts and was placed by its customer's cut, net of what was given back by then, and whether it still stands.
WITH placed AS (
    {orders}
),
back AS (
    SELECT placed.order_id, sum(refund.amount) AS refunded, max(refund.day) AS refunded_on
    FROM placed INNER JOIN {refunds} AS refund ON refund.order_id = placed.order_id AND refund.day <= placed.cut
    GROUP BY placed.order_id
)
SELECT
    placed.customer_key,
    placed.cut,
    placed.day,
    placed.occurred_at,
    placed.order_id,
    CAST(placed.amount AS DOUBLE) AS paid,
    CAST(back.refunded AS DOUBLE) AS refunded,
    back.refunded_on,
    CAST(placed.amount - coalesce(back.refunded, 0) AS DOUBLE) AS net,
    CASE
        WHEN back.refunded IS NULL THEN CAST(placed.contribution AS DOUBLE)
        WHEN placed.amount <> 0 THEN
            CAST(placed.contribution AS DOUBLE) * CAST(placed.amount - back.refunded AS DOUBLE) / CAST(placed.amount AS DOUBLE)
    END AS contribution,
    CAST(placed.discount AS DOUBLE) AS discount,
    CASE WHEN placed.discount_code IS NOT NULL THEN 1 ELSE 0 END AS coupon,
    placed.product,
    placed.category,
    placed.channel,
    placed.campaign,
    placed.country,
    CASE WHEN placed.voided_on <= placed.cut THEN 1 ELSE 0 END AS cancelled,
    (placed.voided_on IS NULL OR placed.voided_on > placed.cut)
        AND (back.refunded IS NULL OR back.refunded < placed.amount) AS stands
FROM placed LEFT JOIN back ON back.order_id = placed.order_id
