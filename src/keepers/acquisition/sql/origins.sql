-- One row a customer: what brought them as far as anything tells it, and how that is known.
WITH who AS (
    SELECT customer_key, first_day FROM {summary} AS summary
),
visitor AS (
    SELECT visitor_id, min(customer_key) AS customer_key
    FROM {touches} AS touch
    WHERE visitor_id IS NOT NULL AND customer_key IS NOT NULL
    GROUP BY visitor_id
    HAVING count(DISTINCT customer_key) = 1
),
placed AS (
    SELECT
        who.customer_key,
        o.occurred_at AS first_at,
        o.channel,
        o.campaign,
        o.product,
        o.discount_code,
        row_number() OVER (PARTITION BY who.customer_key ORDER BY o.occurred_at, o.order_id) AS place
    FROM who
    INNER JOIN {orders} AS o ON o.customer_key = who.customer_key AND o.day = who.first_day
    WHERE o.counted
),
first_order AS (
    SELECT * FROM placed WHERE place = 1
),
listed AS (
    SELECT customer_key, min(channel) AS channel, min(campaign) AS campaign
    FROM {customers} AS customer
    WHERE channel IS NOT NULL
    GROUP BY customer_key
),
lead_of AS (
    SELECT
        who.customer_key,
        l.channel,
        l.campaign,
        row_number() OVER (PARTITION BY who.customer_key ORDER BY l.occurred_at, l.lead_id) AS place
    FROM who
    INNER JOIN {leads} AS l ON l.customer_key = who.customer_key AND l.day <= who.first_day
    WHERE l.channel IS NOT NULL
),
contact AS (
    SELECT
        first_order.customer_key,
        touch.channel,
        touch.campaign,
        touch.landing_page,
        touch.occurred_at,
        touch.channel = 'direct' AS direct
    FROM (
        SELECT touch.*, coalesce(touch.customer_key, visitor.customer_key) AS whose
        FROM {touches} AS touch
        LEFT JOIN visitor ON visitor.visitor_id = touch.visitor_id
    ) AS touch
    INNER JOIN first_order ON first_order.customer_key = touch.whose AND touch.occurred_at <= first_order.first_at
    WHERE touch.channel IS NOT NULL
),
last_contact AS (
    SELECT *
    FROM (
        SELECT
            contact.*,
            row_number() OVER (PARTITION BY customer_key ORDER BY direct, occurred_at DESC, channel, campaign) AS place
        FROM contact
    ) AS numbered
    WHERE place = 1
),
chosen AS (
    SELECT
        first_order.customer_key,
        first_order.product AS first_product,
        first_order.discount_code,
        coalesce(listed.channel, lead_of.channel, first_order.channel, last_contact.channel) AS channel,
        CASE
            WHEN listed.channel IS NOT NULL THEN 'customers'
            WHEN lead_of.channel IS NOT NULL THEN 'leads'
            WHEN first_order.channel IS NOT NULL THEN 'orders'
            WHEN last_contact.channel IS NOT NULL THEN 'touches'
        END AS told_by,
        listed.campaign AS listed_campaign,
        lead_of.channel AS lead_channel,
        lead_of.campaign AS lead_campaign,
        first_order.channel AS order_channel,
        first_order.campaign AS order_campaign
    FROM first_order
    LEFT JOIN listed ON listed.customer_key = first_order.customer_key
    LEFT JOIN lead_of ON lead_of.customer_key = first_order.customer_key AND lead_of.place = 1
    LEFT JOIN last_contact ON last_contact.customer_key = first_order.customer_key
),
own_contact AS (
    SELECT *
    FROM (
        SELECT
            contact.customer_key,
            contact.campaign,
            contact.landing_page,
            row_number() OVER (
                PARTITION BY contact.customer_key ORDER BY contact.occurred_at DESC, contact.campaign, contact.landing_page
            ) AS place
        FROM contact
        INNER JOIN chosen ON chosen.customer_key = contact.customer_key AND chosen.channel = contact.channel
    ) AS numbered
    WHERE place = 1
)
SELECT
    who.customer_key,
    who.first_day,
    CAST(date_trunc('month', who.first_day) AS DATE) AS cohort,
    chosen.channel,
    chosen.told_by,
    coalesce(
        chosen.listed_campaign,
        CASE WHEN chosen.lead_channel = chosen.channel THEN chosen.lead_campaign END,
        CASE WHEN chosen.order_channel = chosen.channel THEN chosen.order_campaign END,
        own_contact.campaign
    ) AS campaign,
    own_contact.landing_page,
    chosen.first_product,
    chosen.discount_code
FROM who
LEFT JOIN chosen ON chosen.customer_key = who.customer_key
LEFT JOIN own_contact ON own_contact.customer_key = who.customer_key
