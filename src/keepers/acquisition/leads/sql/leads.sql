-- One row a lead that came by the day `until`: what was known of it, and when it was won or lost, as far as known today.
WITH lead AS (
    SELECT * FROM {leads} AS canonical WHERE day <= {until} AND occurred_at < received_at
),
bought AS (
    SELECT customer_key, occurred_at, day FROM {orders} AS placed
    WHERE counted AND customer_key IS NOT NULL AND day <= {until}
),
ordered AS (
    SELECT
        l.event_id,
        min(CASE WHEN o.occurred_at >= l.occurred_at OR o.day > l.day THEN o.day END) AS order_day,
        max(CASE WHEN o.day < l.day THEN 1 ELSE 0 END) AS bought_before
    FROM lead AS l INNER JOIN bought AS o ON o.customer_key = l.customer_key
    GROUP BY l.event_id
),
outcome AS (
    SELECT
        l.*,
        coalesce(o.bought_before, 0) = 1 AS bought_before,
        -- An order is a win where it is the customer's first, or where the list itself knows no wins.
        CASE WHEN coalesce(o.bought_before, 0) = 0 OR NOT {marks} THEN o.order_day END AS order_day,
        coalesce(l.closed_on > {until}, false) AS later,
        CASE WHEN l.closed_on <= {until} THEN greatest(l.closed_on, l.day) END AS closed_day
    FROM lead AS l LEFT JOIN ordered AS o ON o.event_id = l.event_id
)
SELECT
    event_id, lead_id, customer_key, day, occurred_at, channel, campaign, country, owner, company, CAST(amount AS DOUBLE) AS amount,
    status, stage, bought_before,
    coalesce(won AND NOT later, false)
        OR coalesce(order_day IS NOT NULL AND (closed_day IS NULL OR order_day <= closed_day), false) AS is_won,
    coalesce(NOT won AND NOT later, false) AS is_lost,
    CASE WHEN won AND NOT later THEN coalesce(closed_day, order_day) ELSE order_day END AS won_day,
    CASE WHEN NOT won THEN closed_day END AS lost_day,
    date_diff('day', day, {until}) AS age
FROM outcome
ORDER BY day, lead_id, event_id
