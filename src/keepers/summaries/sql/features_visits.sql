-- Pages each customer saw.
WITH seen AS (
    SELECT
        *,
        date_diff('day', day, cut) AS age,
        row_number() OVER (PARTITION BY customer_key ORDER BY occurred_at, event_id) AS place
    FROM {visits} AS visit
)
SELECT
    customer_key,
    count(*) AS pages_seen, -- pages seen so far [pages] zero
    count(DISTINCT day) AS visit_days, -- days with a visit so far [days] zero
    sum(CASE WHEN age < {window} THEN 1 ELSE 0 END) AS pages_seen_{window}d, -- pages seen in the last {window} days [pages] zero
    max(CASE WHEN place = 1 THEN device END) AS first_device, -- kind of device of the first visit [category] needs device
    max(CASE WHEN place = 1 THEN channel END) AS first_visit_channel, -- channel of the first visit [category] needs channel
    max(CASE WHEN place = 1 THEN page END) AS first_page, -- first page seen [category] needs page
    date_diff('day', max(day), max(cut)) AS days_since_visit -- time since the last visit [days]
FROM seen
GROUP BY customer_key
