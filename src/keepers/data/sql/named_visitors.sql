-- Whom the events that name nobody are of: the next one of the same visitor that does says it, or else the one before;
-- where there is none, a visitor who ordered goes by the visitor's own id.
WITH nameless AS (
    SELECT _row, visitor_id, date_utc FROM {stage} WHERE visitor_id IS NOT NULL AND date_utc IS NOT NULL AND NOT {is_named}
),
told AS (
    SELECT
        nameless._row, nameless.visitor_id,
        coalesce(later.date_utc, earlier.date_utc) IS NOT NULL AS is_told,
        CASE WHEN later.date_utc IS NULL THEN earlier.customer_id ELSE later.customer_id END AS customer_id,
        CASE WHEN later.date_utc IS NULL THEN earlier.email ELSE later.email END AS email,
        CASE WHEN later.date_utc IS NULL THEN earlier.phone ELSE later.phone END AS phone
    FROM nameless
    ASOF LEFT JOIN {named} AS later ON later.visitor_id = nameless.visitor_id AND later.date_utc >= nameless.date_utc
    ASOF LEFT JOIN {named} AS earlier ON earlier.visitor_id = nameless.visitor_id AND earlier.date_utc <= nameless.date_utc
)
SELECT _row, CASE WHEN is_told THEN customer_id ELSE visitor_id END AS customer_id, email, phone
FROM told
WHERE is_told OR visitor_id IN (SELECT visitor_id FROM {buyers})
