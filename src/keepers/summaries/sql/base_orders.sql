-- Delivered orders with a number by which each is known again: its own, or its content where it has none. Equal rows of
-- one delivery are counted against equal rows of another.
WITH told AS (
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
        ) AS content,
        placed.order_id,
        placed.event_id,
        placed.source_id IS NOT NULL AS numbered,
        {customer_key} AS customer_key,
        placed.day,
        placed.counted,
        placed.voided_on,
        placed.amount,
        placed.contribution
    FROM {orders} AS placed{keys}
),
twin AS (
    SELECT content, event_id, order_id, row_number() OVER (PARTITION BY content ORDER BY event_id, order_id) AS copy
    FROM told
    WHERE content IN (SELECT content FROM told GROUP BY content HAVING count(*) > 1)
)
SELECT
    CASE
        WHEN twin.copy > 1 THEN md5_number_lower(concat_ws('|', told.content, twin.copy))
        ELSE told.content
    END AS ref,
    told.order_id AS shown,
    told.numbered,
    told.customer_key,
    told.day,
    told.counted,
    told.voided_on,
    told.amount,
    told.contribution,
    {delivered} AS delivered
FROM told
LEFT JOIN twin
    ON twin.content = told.content AND twin.event_id = told.event_id AND twin.order_id = told.order_id
