-- Offers made to each customer, and whether they bought soon after, by their orders; what was written down later does not count.
WITH made AS (
    SELECT
        offered.customer_key, offered.cut, offered.day, offered.offer, offered.event_id, offered.occurred_at,
        max(CASE WHEN bought.day > offered.day AND date_diff('day', offered.day, bought.day) <= 30 THEN 1 ELSE 0 END) AS followed
    FROM {treatments} AS offered
    LEFT JOIN {days} AS bought ON bought.customer_key = offered.customer_key
    GROUP BY offered.customer_key, offered.cut, offered.day, offered.offer, offered.event_id, offered.occurred_at
),
placed AS (
    SELECT
        *,
        date_diff('day', day, cut) AS age,
        offer = 'control' AS held_back,
        row_number() OVER (PARTITION BY customer_key, offer = 'control' ORDER BY occurred_at DESC, event_id DESC) AS from_last
    FROM made
)
SELECT
    customer_key,
    sum(CASE WHEN held_back THEN 0 ELSE 1 END) AS offers, -- offers made so far [offers] zero
    sum(CASE WHEN held_back THEN 1 ELSE 0 END) AS offers_held_back, -- times the customer was in a control group [times] zero
    sum(CASE WHEN held_back OR age >= {window} THEN 0 ELSE 1 END) AS offers_{window}d, -- offers made in the last {window} days [offers] zero
    sum(CASE WHEN held_back THEN 0 ELSE followed END) AS offers_followed, -- offers after which the customer bought within 30 days, by the cut [offers] zero
    max(CASE WHEN from_last = 1 AND NOT held_back THEN offer END) AS last_offer, -- the last offer [category]
    date_diff('day', max(CASE WHEN NOT held_back THEN day END), max(cut)) AS days_since_offer -- time since the last offer [days]
FROM placed
GROUP BY customer_key
