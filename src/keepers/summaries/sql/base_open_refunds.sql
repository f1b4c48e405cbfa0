-- Refunds whose order nobody names: to the customer's latest earlier order with as much left, one of the same amount first.
WITH taken AS (
    SELECT order_ref, sum(amount) AS amount FROM {known} WHERE order_ref IS NOT NULL GROUP BY order_ref
),
open_order AS (
    SELECT placed.ref, placed.customer_key, placed.day, placed.amount, placed.amount - coalesce(taken.amount, 0) AS remaining
    FROM {orders} AS placed
    LEFT JOIN taken ON taken.order_ref = placed.ref
    WHERE placed.counted AND placed.amount > coalesce(taken.amount, 0)
),
ranked AS (
    SELECT
        back.event,
        open_order.ref,
        row_number() OVER (
            PARTITION BY back.event
            ORDER BY
                open_order.amount = back.amount DESC, open_order.remaining >= back.amount DESC, open_order.day DESC,
                open_order.ref DESC
        ) AS choice
    FROM {refunds} AS back
    INNER JOIN open_order ON open_order.customer_key = back.customer_key AND open_order.day <= back.day
    WHERE back.order_ref IS NULL
)
SELECT event, ref FROM ranked WHERE choice = 1
