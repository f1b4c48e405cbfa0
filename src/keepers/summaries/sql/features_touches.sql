-- Contacts with marketing, before the first order and since.
WITH touch AS (
    SELECT *, first_day IS NULL OR occurred_at <= first_at OR day < first_day AS before FROM {touches} AS contact
),
placed AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY customer_key, before ORDER BY occurred_at, event_id) AS place,
        row_number() OVER (PARTITION BY customer_key, before ORDER BY occurred_at DESC, event_id DESC) AS from_last
    FROM touch
)
SELECT
    customer_key,
    sum(CASE WHEN before THEN 1 ELSE 0 END) AS touches_before, -- contacts with marketing before the first order [contacts] zero
    count(DISTINCT CASE WHEN before THEN channel END) AS channels_before, -- different channels before the first order [channels] zero needs channel
    date_diff('day', min(CASE WHEN before THEN day END), max(first_day)) AS days_to_first_order, -- time from the first contact to the first order [days]
    sum(CASE WHEN before THEN CAST(cost AS DOUBLE) END) AS touch_cost_before, -- cost of the contacts before the first order [money] needs cost
    max(CASE WHEN before AND place = 1 THEN channel END) AS first_touch_channel, -- channel of the first contact [category] needs channel
    max(CASE WHEN before AND from_last = 1 THEN channel END) AS last_touch_channel, -- channel of the last contact before the first order [category] needs channel
    max(CASE WHEN before AND from_last = 1 THEN medium END) AS last_touch_medium, -- medium of the last contact before the first order [category] needs medium
    max(CASE WHEN before AND place = 1 THEN landing_page END) AS first_landing_page, -- page of the first contact [category] needs landing_page
    sum(CASE WHEN NOT before AND date_diff('day', day, cut) < {window} THEN 1 ELSE 0 END) AS touches_{window}d, -- contacts with marketing after the first order in the last {window} days [contacts] zero
    date_diff('day', max(day), max(cut)) AS days_since_touch -- time since the last contact [days]
FROM placed
GROUP BY customer_key
