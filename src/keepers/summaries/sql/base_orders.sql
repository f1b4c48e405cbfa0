-- Delivered orders with a number by which each is known again: its own, or its content where it has none.
SELECT
    md5_number_lower(
        CASE
            WHEN placed.source_id IS NOT NULL THEN concat_ws(
                '|', 'n', {system},
                CASE
                    WHEN placed.order_id = {system} || ':' || placed.source_id THEN placed.source_id
                    ELSE placed.order_id
                END
            )
            ELSE concat_ws(
                '|', 'c', {system}, coalesce({customer_key}, ''), placed.occurred_at,
                coalesce(CAST(placed.amount AS VARCHAR), ''), coalesce(placed.product, '')
            )
        END
    ) AS ref,
    placed.order_id AS shown,
    placed.source_id IS NOT NULL AS numbered,
    {customer_key} AS customer_key,
    placed.day,
    placed.counted,
    placed.voided_on,
    placed.amount,
    placed.contribution,
    {delivered} AS delivered
FROM {orders} AS placed{keys}
