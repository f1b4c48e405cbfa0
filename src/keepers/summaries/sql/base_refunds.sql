-- Delivered refunds with what they are known by, and with the order that they take back: the one that they name, wherever
-- it was delivered; otherwise the one that was found among the delivered ones.
WITH told AS (
    SELECT
        back.event_id,
        coalesce(back.restates, FALSE) AS restates,
        back.customer_key,
        back.day,
        back.amount,
        CASE
            WHEN back.names_order IS NOT NULL AND named_here.ref IS NULL AND named_kept.ref IS NOT NULL THEN named_kept.ref
            ELSE found.ref
        END AS order_ref,
        concat_ws(
            '|', 'r', {system}, coalesce(back.source_id, ''), coalesce(back.names_order, ''),
            CASE
                WHEN back.restates THEN coalesce(CAST(found.ref AS VARCHAR), '')
                WHEN back.names_order IS NULL THEN coalesce(back.customer_key, '')
                ELSE ''
            END,
            back.day, coalesce(back.told, back.amount)
        ) AS content
    FROM {refunds} AS back
    LEFT JOIN {fresh} AS found ON found.shown = back.order_id
    LEFT JOIN {numbers} AS named_here
        ON named_here.ref = md5_number_lower(concat_ws('|', 'n', {system}, back.names_order))
    LEFT JOIN {kept} AS named_kept
        ON named_kept.ref = md5_number_lower(concat_ws('|', 'n', {system}, back.names_order))
)
SELECT
    md5_number_lower(content || '|' || row_number() OVER (PARTITION BY content ORDER BY event_id)) AS event,
    order_ref,
    customer_key,
    day,
    amount,
    restates
FROM told
