-- Contacts before the first order, each with the person behind it and the path that it belongs to: contacts of one
-- person with no longer than {look_back} days between them.
WITH named AS (
    SELECT visitor_id, customer_key, occurred_at
    FROM ({links}) AS link
    WHERE visitor_id IS NOT NULL AND customer_key IS NOT NULL
),
-- Who a visitor is says the next event of the same visitor that names a customer, or else the one before.
stitched AS (
    SELECT
        touch.event_id, touch.occurred_at, touch.day, touch.channel, touch.visitor_id,
        coalesce(touch.customer_key, later.customer_key, earlier.customer_key) AS customer_key
    FROM {touches} AS touch
    ASOF LEFT JOIN named AS later ON later.visitor_id = touch.visitor_id AND later.occurred_at >= touch.occurred_at
    ASOF LEFT JOIN named AS earlier ON earlier.visitor_id = touch.visitor_id AND earlier.occurred_at <= touch.occurred_at
    -- A direct visit is no contact with marketing.
    WHERE touch.channel IS NOT NULL AND touch.channel <> 'direct' AND touch.day <= {end}
),
owned AS (
    SELECT
        stitched.event_id, stitched.occurred_at, stitched.day, stitched.channel,
        first.customer_key, first.first_day, first.first_at,
        coalesce('customer ' || stitched.customer_key, 'visitor ' || stitched.visitor_id) AS person
    FROM stitched
    LEFT JOIN {firsts} AS first ON first.customer_key = stitched.customer_key
    WHERE coalesce(stitched.customer_key, stitched.visitor_id) IS NOT NULL
),
gaps AS (
    SELECT
        *,
        date_diff('day', lag(day) OVER (PARTITION BY person ORDER BY occurred_at, event_id), day) AS pause
    FROM owned
    WHERE first_day IS NULL OR {before}
),
numbered AS (
    SELECT
        *,
        sum(CASE WHEN pause <= {look_back} THEN 0 ELSE 1 END)
            OVER (PARTITION BY person ORDER BY occurred_at, event_id ROWS UNBOUNDED PRECEDING) AS number
    FROM gaps
)
SELECT
    dense_rank() OVER (ORDER BY person, number) AS path,
    row_number() OVER (PARTITION BY person, number ORDER BY occurred_at, event_id) - 1 AS place,
    min(day) OVER (PARTITION BY person, number) AS begin_day,
    max(day) OVER (PARTITION BY person, number) AS touch_day,
    channel, day, customer_key, first_day
FROM numbered
