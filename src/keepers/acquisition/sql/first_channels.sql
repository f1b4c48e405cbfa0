-- Each customer's first day, and the channel that brought them: that of the first order, or else what the customer's
-- own row, their lead or the last contact before the first order says.
WITH newcomer AS (
    SELECT customer_key, min(day) AS first_day FROM ({purchases}) AS purchase GROUP BY customer_key
),
first_order AS (
    SELECT
        newcomer.customer_key,
        placed.channel,
        row_number() OVER (PARTITION BY newcomer.customer_key ORDER BY placed.occurred_at, placed.order_id) AS place
    FROM {orders} AS placed
    INNER JOIN newcomer ON newcomer.customer_key = placed.customer_key AND newcomer.first_day = placed.day
    WHERE placed.counted
),
own AS (
    SELECT customer_key, min(channel) AS channel
    FROM {customers} AS customer
    WHERE channel IS NOT NULL
    GROUP BY customer_key
),
lead AS (
    SELECT
        told.customer_key,
        told.channel,
        row_number() OVER (PARTITION BY told.customer_key ORDER BY told.day, told.lead_id) AS place
    FROM {leads} AS told
    WHERE told.channel IS NOT NULL AND told.customer_key IS NOT NULL
),
contact AS (
    SELECT
        newcomer.customer_key,
        touch.channel,
        row_number() OVER (
            PARTITION BY newcomer.customer_key ORDER BY touch.occurred_at DESC, touch.channel
        ) AS place
    FROM {touches} AS touch
    INNER JOIN newcomer ON newcomer.customer_key = touch.customer_key AND touch.day <= newcomer.first_day
    WHERE touch.channel IS NOT NULL
)
SELECT
    newcomer.customer_key,
    newcomer.first_day,
    coalesce(first_order.channel, own.channel, lead.channel, contact.channel) AS channel
FROM newcomer
LEFT JOIN first_order ON first_order.customer_key = newcomer.customer_key AND first_order.place = 1
LEFT JOIN own ON own.customer_key = newcomer.customer_key
LEFT JOIN lead ON lead.customer_key = newcomer.customer_key AND lead.place = 1
LEFT JOIN contact ON contact.customer_key = newcomer.customer_key AND contact.place = 1
